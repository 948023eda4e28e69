#include "harness/memory/mapping.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "harness/memory/shared_access.h"

namespace vuspec {
namespace {

absl::Status CheckSizes(std::uint64_t offset, std::uint64_t size) {
  if (size == 0) return absl::InvalidArgumentError("a mapping of size 0");
  if (size > std::numeric_limits<std::uint64_t>::max() - offset) {
    return absl::InvalidArgumentError(
        absl::StrFormat("offset 0x%x plus size 0x%x wraps", offset, size));
  }
  if (size > Mapping::kMaxSize || offset > Mapping::kMaxSize) {
    return absl::InvalidArgumentError(
        absl::StrFormat("offset 0x%x or size 0x%x above the limit 0x%x", offset,
                        size, Mapping::kMaxSize));
  }
  return absl::OkStatus();
}

absl::Status CheckFileHolds(int fd, std::uint64_t end) {
  struct stat file = {};
  if (::fstat(fd, &file) != 0) return absl::ErrnoToStatus(errno, "fstat");
  // Only a regular file knows its size; a device decides in mmap.
  if (S_ISREG(file.st_mode) && static_cast<std::uint64_t>(file.st_size) < end) {
    return absl::OutOfRangeError(
        absl::StrFormat("the file has 0x%x bytes, the mapping needs 0x%x",
                        static_cast<std::uint64_t>(file.st_size), end));
  }
  return absl::OkStatus();
}

std::size_t PageSizeOf(int fd) {
  struct statfs filesystem = {};
  if (::fstatfs(fd, &filesystem) == 0 && filesystem.f_type == HUGETLBFS_MAGIC) {
    return static_cast<std::size_t>(filesystem.f_bsize);
  }
  static const auto page_size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return page_size;
}

std::byte* Map(void* at, std::size_t size, int protection, int flags, int fd,
               std::uint64_t offset) {
  void* const mapped =
      ::mmap(at, size, protection, flags, fd, static_cast<off_t>(offset));
  return mapped == MAP_FAILED ? nullptr : static_cast<std::byte*>(mapped);
}

}  // namespace

absl::StatusOr<Mapping> Mapping::Create(int fd, std::uint64_t offset,
                                        std::uint64_t size) {
  if (absl::Status status = CheckSizes(offset, size); !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckFileHolds(fd, offset + size); !status.ok()) {
    return status;
  }
  const std::size_t page_size = PageSizeOf(fd);
  const std::size_t lead = offset % page_size;
  const std::size_t mapped_size =
      (lead + size + page_size - 1) / page_size * page_size;

  // One page more than the two guards, to place the file at a multiple of its
  // page size.
  const std::size_t reserved_size = mapped_size + 3 * page_size;
  std::byte* const reserved =
      Map(nullptr, reserved_size, PROT_NONE,
          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == nullptr) {
    return absl::ErrnoToStatus(
        errno, absl::StrFormat("reserve 0x%x bytes", reserved_size));
  }
  const std::size_t misaligned = AddressOf(reserved) % page_size;
  std::byte* const begin = reserved + 2 * page_size - misaligned;
  if (Map(begin, mapped_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
          fd, offset - lead) == nullptr) {
    const int error = errno;
    ::munmap(reserved, reserved_size);
    return absl::ErrnoToStatus(
        error, absl::StrFormat("map 0x%x bytes at 0x%x", size, offset));
  }
  absl::StatusOr<SigbusGuard> guard =
      SigbusGuard::Register(begin, mapped_size, page_size);
  if (!guard.ok()) {
    ::munmap(reserved, reserved_size);
    return guard.status();
  }
  return Mapping({reserved, reserved_size}, {begin + lead, size},
                 *std::move(guard));
}

Mapping::~Mapping() {
  if (reservation_.empty()) return;
  // The guard goes first, so that its slot never names memory of others.
  { const SigbusGuard gone = std::move(guard_); }
  ::munmap(reservation_.data(), reservation_.size());
}

}  // namespace vuspec
