#include "harness/transport/unix_channel.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "harness/transport/check.h"
#include "harness/transport/errno_status.h"
#include "harness/transport/poll.h"

namespace vuspec {
namespace {

constexpr std::size_t kFdSpace = CMSG_SPACE(UnixChannel::kMaxFds * sizeof(int));

// Control messages that nobody asked for precede the descriptors if somebody
// set SO_PASSCRED or SO_PASSSEC on the socket: without room for them, they
// would push descriptors out.
constexpr std::size_t kSurplusSpace = CMSG_SPACE(sizeof(ucred)) + 512;

bool IsClosed(int error) { return error == EPIPE || error == ECONNRESET; }

// Puts one SCM_RIGHTS block into `control` and points `message` at it.
void Attach(std::span<const int> fds, std::span<std::byte> control,
            msghdr& message) {
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(fds.size_bytes());
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(fds.size_bytes());
  std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
}

// Takes ownership of every descriptor in every SCM_RIGHTS block; returns how
// many there were.
std::size_t Collect(msghdr& message, std::vector<UniqueFd>& fds) {
  const std::size_t before = fds.size();
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
      continue;
    }
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      fds.emplace_back(fd);
    }
  }
  return fds.size() - before;
}

}  // namespace

void UnixChannel::ReserveDescriptors() {
  // The table keeps its size. Where a limit does not let it grow, it will not
  // have to later.
  const UniqueFd highest(
      ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, static_cast<int>(2 * kMaxFds)));
}

absl::Status UnixChannel::Send(std::span<const std::byte> bytes,
                               std::span<const int> fds, Deadline deadline) {
  VU_CHECK(!bytes.empty() || fds.empty(), "descriptors without a byte");
  if (fds.size() > kMaxFds) {
    return absl::ResourceExhaustedError(
        absl::StrCat("cannot send ", fds.size(),
                     " descriptors at once: the kernel takes ", kMaxFds));
  }
  alignas(cmsghdr) std::byte control[kFdSpace] = {};
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    iovec rest = {.iov_base = const_cast<std::byte*>(bytes.data() + sent),
                  .iov_len = bytes.size() - sent};
    msghdr message = {};
    message.msg_iov = &rest;
    message.msg_iovlen = 1;
    if (sent == 0 && !fds.empty()) Attach(fds, control, message);
    const ssize_t written =
        ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (written >= 0) {
      sent += static_cast<std::size_t>(written);
      continue;
    }
    const int error = errno;
    if (error == EINTR) continue;
    if (IsClosed(error)) {
      return absl::UnavailableError(
          absl::StrCat("the peer closed the connection after ", sent, " of ",
                       bytes.size(), " bytes were sent"));
    }
    if (error != EAGAIN) return ErrnoStatus("sendmsg", error);
    if (absl::Status status = WaitWritable(socket_.get(), deadline);
        !status.ok()) {
      return absl::Status(
          status.code(), absl::StrCat(status.message(), "; sent ", sent, " of ",
                                      bytes.size(), " bytes"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::size_t> UnixChannel::Receive(std::span<std::byte> buffer,
                                                 std::vector<UniqueFd>& fds,
                                                 Deadline deadline) {
  VU_CHECK(!buffer.empty(), "receiving nothing looks like end of stream");
  alignas(cmsghdr) std::byte control[kFdSpace + kSurplusSpace];
  for (;;) {
    iovec whole = {.iov_base = buffer.data(), .iov_len = buffer.size()};
    msghdr message = {};
    message.msg_iov = &whole;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const ssize_t received =
        ::recvmsg(socket_.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (received >= 0) {
      const std::size_t arrived = Collect(message, fds);
      if ((message.msg_flags & MSG_CTRUNC) != 0) {
        return absl::ResourceExhaustedError(
            absl::StrCat("descriptors were lost (MSG_CTRUNC), ", arrived,
                         " arrived: is RLIMIT_NOFILE too low?"));
      }
      return static_cast<std::size_t>(received);
    }
    const int error = errno;
    if (error == EINTR) continue;
    if (IsClosed(error)) {
      return absl::UnavailableError("the peer reset the connection");
    }
    if (error != EAGAIN) return ErrnoStatus("recvmsg", error);
    if (absl::Status status = WaitReadable(socket_.get(), deadline);
        !status.ok()) {
      return status;
    }
  }
}

void UnixChannel::ShutdownWrite() {
  // Fails only if the connection is gone already, which the next call tells.
  ::shutdown(socket_.get(), SHUT_WR);
}

}  // namespace vuspec
