// A byte stream that carries file descriptors: what vhost-user runs over.
//
// Two kinds exist: UnixChannel (AF_UNIX, SOCK_STREAM, SCM_RIGHTS) for the
// world, and MemoryChannel, without system calls, for fuzzing.
//
// Contract: blocking until the deadline; not thread-safe; descriptors passed
// to Send stay the caller's; descriptors received belong to the receiver from
// the system call on, whatever happens next.
//
// Errors (absl::Status):
//   kUnavailable         the peer closed or reset the connection
//   kDeadlineExceeded    the deadline was reached; says what was awaited
//   kResourceExhausted   descriptors were lost: MSG_CTRUNC or our own limit
//   kInternal            any other errno, named in the message
#ifndef VUSPEC_HARNESS_TRANSPORT_CHANNEL_H_
#define VUSPEC_HARNESS_TRANSPORT_CHANNEL_H_

#include <cstddef>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/transport/deadline.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {

class Channel {
 public:
  virtual ~Channel() = default;

  // Sends all of `bytes`, over as many writes as it takes; `fds` ride on the
  // first byte, as the specification asks of a sender.
  virtual absl::Status Send(std::span<const std::byte> bytes,
                            std::span<const int> fds, Deadline deadline) = 0;

  // Receives at least one byte and at most buffer.size(); appends whatever
  // descriptors came with these bytes to `fds`. Returns 0 at end of stream.
  virtual absl::StatusOr<std::size_t> Receive(std::span<std::byte> buffer,
                                              std::vector<UniqueFd>& fds,
                                              Deadline deadline) = 0;

  // Ends our sending direction; the peer reads end of stream.
  virtual void ShutdownWrite() = 0;

  // For poll(2), or -1 where there is none (MemoryChannel).
  virtual int PollFd() const = 0;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_TRANSPORT_CHANNEL_H_
