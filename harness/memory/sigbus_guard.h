// Survives the SIGBUS that a truncated file causes in a shared mapping.
//
// A peer that keeps the descriptor of a mapped file may shrink it; the next
// access to a page behind the new end raises SIGBUS. A range registered here
// gets a private page of zeroes in that place instead, and remembers it.
//
// Contract: the first registration installs one handler for the process;
// nothing else of the program may set a SIGBUS handler afterwards. A fault
// outside of every registered range goes to the handler found at that time, or
// kills as the default does. Register and the destructor lock a mutex; the
// handler takes no lock and allocates nothing. A range stays registered at
// least as long as somebody accesses it.
//
// Example:
//   absl::StatusOr<SigbusGuard> guard = SigbusGuard::Register(begin, size,
//   4096);
//   ... access ...
//   if (guard->tripped()) return RefuseTheMemory();
#ifndef VUSPEC_HARNESS_MEMORY_SIGBUS_GUARD_H_
#define VUSPEC_HARNESS_MEMORY_SIGBUS_GUARD_H_

#include <cstddef>
#include <utility>

#include "absl/status/statusor.h"

namespace vuspec {

class SigbusGuard {
 public:
  // Ranges that can be registered at a time: eight sessions of the largest
  // number of memory slots in use by front-ends (509) each.
  static constexpr std::size_t kMaxRanges = 4096;

  // `page_size` is what the kernel replaces as one: larger for hugetlbfs.
  // kResourceExhausted when kMaxRanges are registered.
  // REQUIRES: begin and size are multiples of page_size.
  static absl::StatusOr<SigbusGuard> Register(std::byte* begin,
                                              std::size_t size,
                                              std::size_t page_size);

  SigbusGuard(SigbusGuard&& other) noexcept
      : slot_(std::exchange(other.slot_, kNoSlot)) {}
  SigbusGuard& operator=(SigbusGuard&& other) noexcept {
    std::swap(slot_, other.slot_);
    return *this;
  }
  ~SigbusGuard();

  // True once a page of the range was replaced. What was read since the last
  // false answer may be zeroes that nobody wrote.
  bool tripped() const;

 private:
  static constexpr std::size_t kNoSlot = kMaxRanges;

  explicit SigbusGuard(std::size_t slot) : slot_(slot) {}

  std::size_t slot_ = kNoSlot;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_MEMORY_SIGBUS_GUARD_H_
