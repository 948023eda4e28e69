#include "harness/transport/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "harness/transport/check.h"
#include "harness/transport/errno_status.h"
#include "harness/transport/poll.h"

namespace vuspec {
namespace {

constexpr std::size_t kPathLimit = sizeof(sockaddr_un::sun_path) - 1;

absl::StatusOr<sockaddr_un> Address(const std::string& path) {
  if (path.empty() || path.find('\0') != std::string::npos) {
    return absl::InvalidArgumentError(
        "socket path is empty or contains a zero byte");
  }
  if (path.size() > kPathLimit) {
    return absl::InvalidArgumentError(
        absl::StrCat("socket path '", path, "' has ", path.size(),
                     " bytes, but the limit is ", kPathLimit));
  }
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// sockaddr is how the socket API spells a base class.
const sockaddr* Base(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

absl::StatusOr<UniqueFd> Socket(int type) {
  UniqueFd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  if (!socket) return ErrnoStatus("socket", errno);
  return socket;
}

// True if `address` is a socket file without a socket. A datagram socket asks,
// because a stream listener refuses it (EPROTOTYPE) without noticing, where a
// stream connection would land in the listener's backlog.
bool IsStale(const sockaddr_un& address) {
  struct stat file;
  if (::lstat(address.sun_path, &file) != 0 || !S_ISSOCK(file.st_mode)) {
    return false;
  }
  absl::StatusOr<UniqueFd> asker = Socket(SOCK_DGRAM);
  return asker.ok() &&
         ::connect(asker->get(), Base(address), sizeof address) != 0 &&
         errno == ECONNREFUSED;
}

absl::Status Bind(int socket, const sockaddr_un& address) {
  int error = 0;
  // Once more if the first try ran into a stale file.
  for (int attempt = 0; attempt < 2; ++attempt) {
    if (::bind(socket, Base(address), sizeof address) == 0) {
      return absl::OkStatus();
    }
    error = errno;
    if (attempt == 1 || error != EADDRINUSE || !IsStale(address)) break;
    ::unlink(address.sun_path);
  }
  if (error == EADDRINUSE) {
    return absl::AlreadyExistsError(
        absl::StrCat("cannot listen at ", address.sun_path,
                     ": another process holds it, or it is not a socket"));
  }
  return ErrnoStatus(absl::StrCat("bind ", address.sun_path), error);
}

// A blocking connect waits for a full backlog to drain, which poll(2) cannot
// wait for; the send time-out bounds it.
void BoundConnect(int socket, Deadline deadline) {
  // Zero would mean no bound.
  const int milliseconds = std::max(deadline.PollTimeoutMs(), 1);
  const timeval timeout = {.tv_sec = milliseconds / 1000,
                           .tv_usec = milliseconds % 1000 * 1000};
  const int result =
      ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
  VU_CHECK(result == 0, "a send time-out suits every socket");
}

int SocketOption(int socket, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  if (::getsockopt(socket, SOL_SOCKET, option, &value, &size) != 0) return -1;
  return value;
}

}  // namespace

absl::StatusOr<std::unique_ptr<UnixChannel>> Connect(const std::string& path,
                                                     Deadline deadline) {
  absl::StatusOr<sockaddr_un> address = Address(path);
  if (!address.ok()) return address.status();
  absl::StatusOr<UniqueFd> socket = Socket(SOCK_STREAM);
  if (!socket.ok()) return socket.status();
  for (;;) {
    BoundConnect(socket->get(), deadline);
    if (::connect(socket->get(), Base(*address), sizeof *address) == 0) {
      return std::make_unique<UnixChannel>(*std::move(socket));
    }
    const int error = errno;
    const std::string what = absl::StrCat("connect to ", path);
    if (error == ENOENT || error == ECONNREFUSED) {
      return absl::UnavailableError(absl::StrCat(
          what, ": nobody listens",
          error == ENOENT ? " (no such file)" : " (connection refused)"));
    }
    if (error != EINTR && error != EAGAIN) return ErrnoStatus(what, error);
    if (deadline.Reached()) {
      return absl::DeadlineExceededError(absl::StrCat(
          what, ": deadline reached while awaiting room in the backlog"));
    }
  }
}

absl::StatusOr<
    std::pair<std::unique_ptr<UnixChannel>, std::unique_ptr<UnixChannel>>>
SocketPair() {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return ErrnoStatus("socketpair", errno);
  }
  UniqueFd first(ends[0]);
  UniqueFd second(ends[1]);
  return std::pair(std::make_unique<UnixChannel>(std::move(first)),
                   std::make_unique<UnixChannel>(std::move(second)));
}

bool LinkUp(int fd) {
  for (;;) {
    char peeked = 0;
    const ssize_t count = ::recv(fd, &peeked, 1, MSG_PEEK | MSG_DONTWAIT);
    if (count >= 0) return count > 0;
    VU_CHECK(errno != EBADF && errno != ENOTSOCK, "link state of no socket");
    if (errno != EINTR) return errno == EAGAIN;
  }
}

absl::StatusOr<UnixListener> UnixListener::Listen(const std::string& path) {
  absl::StatusOr<sockaddr_un> address = Address(path);
  if (!address.ok()) return address.status();
  absl::StatusOr<UniqueFd> socket = Socket(SOCK_STREAM | SOCK_NONBLOCK);
  if (!socket.ok()) return socket.status();
  UnixListener listener(*std::move(socket));
  if (absl::Status bound = Bind(listener.PollFd(), *address); !bound.ok()) {
    return bound;
  }
  struct stat file;
  if (::lstat(path.c_str(), &file) != 0) {
    return ErrnoStatus(absl::StrCat("stat ", path), errno);
  }
  listener.bound_path_ = path;
  listener.device_ = file.st_dev;
  listener.inode_ = file.st_ino;
  if (::listen(listener.PollFd(), SOMAXCONN) != 0) {
    return ErrnoStatus(absl::StrCat("listen at ", path), errno);
  }
  return listener;
}

absl::StatusOr<UnixListener> UnixListener::Adopt(UniqueFd socket) {
  const int fd = socket.get();
  if (SocketOption(fd, SO_DOMAIN) != AF_UNIX ||
      SocketOption(fd, SO_TYPE) != SOCK_STREAM ||
      SocketOption(fd, SO_ACCEPTCONN) != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "descriptor ", fd, " is not a listening AF_UNIX stream socket"));
  }
  if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 ||
      ::fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
    return ErrnoStatus("fcntl", errno);
  }
  return UnixListener(std::move(socket));
}

UnixListener& UnixListener::operator=(UnixListener&& other) noexcept {
  if (this == &other) return *this;
  RemoveFile();
  socket_ = std::move(other.socket_);
  bound_path_ = std::move(other.bound_path_);
  device_ = other.device_;
  inode_ = other.inode_;
  return *this;
}

UnixListener::~UnixListener() { RemoveFile(); }

void UnixListener::RemoveFile() {
  // The socket tells a moved-from listener, whose path is anything.
  if (!socket_ || bound_path_.empty()) return;
  struct stat file;
  if (::lstat(bound_path_.c_str(), &file) == 0 && file.st_dev == device_ &&
      file.st_ino == inode_) {
    ::unlink(bound_path_.c_str());
  }
}

absl::StatusOr<std::unique_ptr<UnixChannel>> UnixListener::Accept(
    Deadline deadline) {
  for (;;) {
    UniqueFd socket(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (socket) return std::make_unique<UnixChannel>(std::move(socket));
    const int error = errno;
    // Someone may have given up in the backlog, or taken what we saw.
    if (error == EINTR || error == ECONNABORTED) continue;
    if (error != EAGAIN) return ErrnoStatus("accept", error);
    if (absl::Status status =
            WaitReadable(socket_.get(), deadline, "a connection");
        !status.ok()) {
      return status;
    }
  }
}

}  // namespace vuspec
