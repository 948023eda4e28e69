// A shared mapping of a file that a peer may own.
//
// Contract: created from a descriptor that is not kept; unmapped at
// destruction; move-only. A page without access lies before and behind, so an
// overrun of ours faults at once instead of reaching another region. The
// mapping is known to the SigbusGuard: when the peer truncates the file,
// accesses read zeroes and truncated() turns true.
//
// Invariant: [data(), data() + size()) is mapped read-write for life.
#ifndef VUSPEC_HARNESS_MEMORY_MAPPING_H_
#define VUSPEC_HARNESS_MEMORY_MAPPING_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "absl/status/statusor.h"
#include "harness/memory/sigbus_guard.h"

namespace vuspec {

class Mapping {
 public:
  // A bound on one mapping, far above guests in use and far below the address
  // space: a larger size is a mistake or an attack.
  static constexpr std::uint64_t kMaxSize = std::uint64_t{1} << 44;

  // Maps [offset, offset + size) of `fd`; the offset need not be aligned.
  // kInvalidArgument for a size that is 0, above kMaxSize or wraps with the
  // offset; kOutOfRange when a regular file ends before the range does;
  // else the error of the system call.
  static absl::StatusOr<Mapping> Create(int fd, std::uint64_t offset,
                                        std::uint64_t size);

  Mapping(Mapping&& other) noexcept
      : reservation_(std::exchange(other.reservation_, {})),
        bytes_(std::exchange(other.bytes_, {})),
        guard_(std::move(other.guard_)) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(reservation_, other.reservation_);
    std::swap(bytes_, other.bytes_);
    std::swap(guard_, other.guard_);
    return *this;
  }
  ~Mapping();

  std::byte* data() const { return bytes_.data(); }
  std::size_t size() const { return bytes_.size(); }
  std::span<std::byte> bytes() const { return bytes_; }

  // An access met a page that the file no longer has; see SigbusGuard.
  bool truncated() const { return guard_.tripped(); }

 private:
  Mapping(std::span<std::byte> reservation, std::span<std::byte> bytes,
          SigbusGuard guard)
      : reservation_(reservation), bytes_(bytes), guard_(std::move(guard)) {}

  std::span<std::byte> reservation_;  // with the guard pages
  std::span<std::byte> bytes_;
  SigbusGuard guard_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_MEMORY_MAPPING_H_
