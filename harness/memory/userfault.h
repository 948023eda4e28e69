// A userfaultfd(2): hears of the pages that are missing in some memory, and
// fills them in.
//
// Contract: owns the descriptor; nothing blocks, and poll tells when a fault is
// there to be taken. The memory is that of the process which opened the
// descriptor, whoever holds a copy. Const members may be used by several
// threads at a time.
//
// Errors: kPermissionDenied where the kernel or a sandbox forbids it,
// kUnimplemented where the kernel has none; else as in errno_status.h.
//
// Spec: "Front-end message types" (POSTCOPY_ADVISE).
#ifndef VUSPEC_HARNESS_MEMORY_USERFAULT_H_
#define VUSPEC_HARNESS_MEMORY_USERFAULT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/memory/address_range.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {

class Userfault {
 public:
  // What the kernel handles as one.
  static std::uint64_t PageSize();

  // For the memory of this process, system calls of its included.
  static absl::StatusOr<Userfault> Open();
  // Why this process cannot have one; asked once.
  static const absl::Status& Allowed();
  // Whether a descriptor of a peer's making is one.
  static bool IsOne(const UniqueFd& fd);
  // Takes over what another process opened. REQUIRES: IsOne(fd).
  explicit Userfault(UniqueFd fd);

  int fd() const { return fd_.get(); }
  // A copy for somebody else, invalid when there is no room for one.
  UniqueFd Copy() const;

  // From now on whoever touches a page of the range that is missing waits.
  absl::Status Watch(const AddressRange& range) const;
  // No longer; whoever waits goes on with a page of zeroes. A range that is not
  // watched, or is no memory any more, is left alone.
  void Forget(const AddressRange& range) const;

  // The address of a page that somebody waits for; nullopt if there is none.
  absl::StatusOr<std::optional<std::uint64_t>> NextFault() const;
  // Fills the page at `address` and wakes who waits for it. False if it is not
  // missing, not watched or its mapping just changes: who waits is woken, and
  // faults again if it is missing still. REQUIRES: content is one page.
  bool Provide(std::uint64_t address, std::span<const std::byte> content) const;

 private:
  UniqueFd fd_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_MEMORY_USERFAULT_H_
