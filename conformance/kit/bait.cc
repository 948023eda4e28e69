#include "conformance/kit/bait.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "conformance/kit/matchers.h"
#include "harness/suite/context.h"

namespace vuspec {
namespace {

// Large enough for what a memory table says of it.
constexpr off_t kFileSize = off_t{4} << 20;

UniqueFd OpenReadOnlyMemfd() {
  const UniqueFd file(::memfd_create("vuspec-read-only", MFD_CLOEXEC));
  if (!file || ::ftruncate(file.get(), kFileSize) != 0) return UniqueFd();
  const std::string path = "/proc/self/fd/" + std::to_string(file.get());
  return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

UniqueFd OpenSocket() {
  std::array<int, 2> pair = {-1, -1};
  (void)::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data());
  const UniqueFd other(pair[1]);
  return UniqueFd(pair[0]);
}

UniqueFd Open(FdKind kind) {
  switch (kind) {
    case FdKind::kPipe:
      return Require(Pipe::Create()).TakeWriteEnd();
    case FdKind::kSocket:
      return OpenSocket();
    case FdKind::kNullDevice:
      return UniqueFd(::open("/dev/null", O_RDWR | O_CLOEXEC));
    case FdKind::kDirectory:
      return UniqueFd(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    case FdKind::kReadOnlyFile:
      return OpenReadOnlyMemfd();
  }
  return UniqueFd();
}

}  // namespace

Bait::Bait(std::size_t count)
    : pipe_(Require(Pipe::Create())), fds_(count, pipe_.write_fd()) {}

bool Bait::Released() {
  pipe_.CloseWriteEnd();
  return pipe_.WaitHangUp(CurrentRun().ForAnswer()).ok();
}

UniqueFd OpenOfKind(FdKind kind) {
  UniqueFd fd = Open(kind);
  if (!fd) {
    [] { FAIL() << "the descriptor could not be made"; }();
  }
  return fd;
}

}  // namespace vuspec
