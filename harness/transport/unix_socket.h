// Making, accepting and watching AF_UNIX stream connections.
//
// Contract: blocking calls take a Deadline; signals do not end them; every
// descriptor is close-on-exec; not thread-safe.
//
// Errors: kInvalidArgument for a path that does not fit (names path and
// limit); kUnavailable where nobody listens; kAlreadyExists where somebody or
// something else is in the way; kDeadlineExceeded; the rest as in
// errno_status.h.
//
// Not for: learning whether a back-end is ready. Connecting would use up the
// only connection that some back-ends accept; harness/peer knows better.
#ifndef VUSPEC_HARNESS_TRANSPORT_UNIX_SOCKET_H_
#define VUSPEC_HARNESS_TRANSPORT_UNIX_SOCKET_H_

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "harness/transport/deadline.h"
#include "harness/transport/unique_fd.h"
#include "harness/transport/unix_channel.h"

namespace vuspec {

// Waits while the listener's backlog is full; does not wait for a listener.
absl::StatusOr<std::unique_ptr<UnixChannel>> Connect(const std::string& path,
                                                     Deadline deadline);

// Two connected channels of this process.
absl::StatusOr<
    std::pair<std::unique_ptr<UnixChannel>, std::unique_ptr<UnixChannel>>>
SocketPair();

// The state of the link as a front-end sees it by peeking at the socket: data
// to read, or none yet, is up; end of stream or a reset is down. Consumes
// neither bytes nor descriptors. (SEED-18)
// REQUIRES: `fd` is a socket.
bool LinkUp(int fd);

class UnixListener {
 public:
  // Binds and listens. A socket file that no process holds any more is
  // replaced; that is found out without connecting to it.
  static absl::StatusOr<UnixListener> Listen(const std::string& path);

  // Takes over a listening socket, such as one inherited from a supervisor,
  // and makes it close-on-exec and non-blocking. Its file is left alone.
  static absl::StatusOr<UnixListener> Adopt(UniqueFd socket);

  UnixListener(UnixListener&&) = default;
  UnixListener& operator=(UnixListener&& other) noexcept;
  // Removes the socket file if it is still the one that Listen made.
  ~UnixListener();

  absl::StatusOr<std::unique_ptr<UnixChannel>> Accept(Deadline deadline);

  int PollFd() const { return socket_.get(); }

 private:
  explicit UnixListener(UniqueFd socket) : socket_(std::move(socket)) {}
  void RemoveFile();

  UniqueFd socket_;
  // The file that Listen made; inode and device tell it from a successor of
  // the same name, and cannot be reused while socket_ is open.
  std::string bound_path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_TRANSPORT_UNIX_SOCKET_H_
