#include "harness/memory/userfault.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <string>
#include <string_view>

#include "harness/memory/shared_access.h"
#include "harness/transport/check.h"

namespace vuspec {
namespace {

// Whole pages that hold the range.
uffdio_range PagesOf(const AddressRange& range) {
  const std::uint64_t page = Userfault::PageSize();
  const std::uint64_t begin = range.begin / page * page;
  const std::uint64_t end = (range.begin + range.size + page - 1) / page * page;
  return {begin, end - begin};
}

absl::Status WhyNot(int error) {
  if (error == EPERM) {
    return absl::PermissionDeniedError(
        "the kernel forbids userfaultfd: it needs vm.unprivileged_userfaultfd "
        "= 1 or CAP_SYS_PTRACE, and no seccomp filter against it");
  }
  if (error == ENOSYS) {
    return absl::UnimplementedError("the kernel has no userfaultfd");
  }
  return absl::ErrnoToStatus(error, "userfaultfd");
}

}  // namespace

std::uint64_t Userfault::PageSize() {
  static const auto size = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return size;
}

absl::StatusOr<Userfault> Userfault::Open() {
  UniqueFd fd(
      static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK)));
  if (!fd) return WhyNot(errno);
  uffdio_api api = {UFFD_API, 0, 0};
  if (::ioctl(fd.get(), UFFDIO_API, &api) != 0) {
    return absl::ErrnoToStatus(errno, "UFFDIO_API");
  }
  return Userfault(std::move(fd));
}

const absl::Status& Userfault::Allowed() {
  static const absl::Status status = Open().status();
  return status;
}

bool Userfault::IsOne(const UniqueFd& fd) {
  constexpr std::string_view kName = "anon_inode:[userfaultfd]";
  std::array<char, kName.size() + 1> name{};
  const std::string path = "/proc/self/fd/" + std::to_string(fd.get());
  const ssize_t size = ::readlink(path.c_str(), name.data(), name.size());
  return size == static_cast<ssize_t>(kName.size()) &&
         std::string_view(name.data(), kName.size()) == kName;
}

Userfault::Userfault(UniqueFd fd) : fd_(std::move(fd)) {
  // Without it poll reports an error, whatever is there to read.
  const int flags = ::fcntl(fd_.get(), F_GETFL);
  (void)::fcntl(fd_.get(), F_SETFL, flags | O_NONBLOCK);
}

UniqueFd Userfault::Copy() const {
  return UniqueFd(::fcntl(fd_.get(), F_DUPFD_CLOEXEC, 0));
}

absl::Status Userfault::Watch(const AddressRange& range) const {
  uffdio_register pages = {PagesOf(range), UFFDIO_REGISTER_MODE_MISSING, 0};
  if (::ioctl(fd_.get(), UFFDIO_REGISTER, &pages) != 0) {
    return absl::ErrnoToStatus(errno, "UFFDIO_REGISTER");
  }
  return absl::OkStatus();
}

void Userfault::Forget(const AddressRange& range) const {
  uffdio_range pages = PagesOf(range);
  (void)::ioctl(fd_.get(), UFFDIO_UNREGISTER, &pages);
}

absl::StatusOr<std::optional<std::uint64_t>> Userfault::NextFault() const {
  for (;;) {
    uffd_msg message = {};
    const ssize_t size = ::read(fd_.get(), &message, sizeof message);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return std::nullopt;
    if (size < 0) return absl::ErrnoToStatus(errno, "read a userfaultfd");
    if (message.event == UFFD_EVENT_PAGEFAULT) {
      return message.arg.pagefault.address & ~(PageSize() - 1);
    }
    // It brings the userfaultfd of the new process, whose pages are not ours.
    if (message.event == UFFD_EVENT_FORK) {
      const UniqueFd child(static_cast<int>(message.arg.fork.ufd));
    }
  }
}

bool Userfault::Provide(std::uint64_t address,
                        std::span<const std::byte> content) const {
  VU_CHECK(content.size() == PageSize(), "a page is provided whole");
  uffdio_copy copy = {};
  copy.dst = address;
  copy.src = AddressOf(content.data());
  copy.len = content.size();
  if (::ioctl(fd_.get(), UFFDIO_COPY, &copy) == 0) return true;
  // It is there, or it cannot be put there before we have read what the other
  // process does to its mappings: who waits has to look again.
  uffdio_range page = {address, content.size()};
  (void)::ioctl(fd_.get(), UFFDIO_WAKE, &page);
  return false;
}

}  // namespace vuspec
