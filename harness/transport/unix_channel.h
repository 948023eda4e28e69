// A Channel over a connected AF_UNIX stream socket, with SCM_RIGHTS.
//
// Contract: owns the socket. Never blocks in send or receive, only in poll(2)
// until the deadline, whatever the flags of the descriptor say; they are left
// alone because another process may share them. Raises no SIGPIPE. Signals do
// not end a call. Errors as in channel.h.
//
// Invariant: the descriptors of one Send are handed over exactly once, with
// its first byte, even if that byte took several attempts. If Send fails after
// the first byte they are with the peer, and the stream ends inside a message.
//
// Spec: "Ancillary data" in "Message Specification".
#ifndef VUSPEC_HARNESS_TRANSPORT_UNIX_CHANNEL_H_
#define VUSPEC_HARNESS_TRANSPORT_UNIX_CHANNEL_H_

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/transport/channel.h"
#include "harness/transport/deadline.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {

class UnixChannel final : public Channel {
 public:
  // SCM_MAX_FD of the kernel: the most descriptors one sendmsg(2) takes.
  static constexpr std::size_t kMaxFds = 253;

  // `socket` is a connected AF_UNIX SOCK_STREAM socket.
  // Makes room for what two full messages bring. To be called while the process
  // has one thread: a table of descriptors that grows under several waits for a
  // grace period of the kernel, which takes seconds on a busy machine.
  static void ReserveDescriptors();

  explicit UnixChannel(UniqueFd socket) : socket_(std::move(socket)) {}

  // Descriptors need a byte to ride on. REQUIRES: !bytes.empty() or
  // fds.empty(). More than kMaxFds is kResourceExhausted and sends nothing.
  absl::Status Send(std::span<const std::byte> bytes, std::span<const int> fds,
                    Deadline deadline) override;

  // After kResourceExhausted those descriptors that did arrive are in `fds`,
  // the bytes they came with are gone and the stream is of no further use.
  // REQUIRES: !buffer.empty().
  absl::StatusOr<std::size_t> Receive(std::span<std::byte> buffer,
                                      std::vector<UniqueFd>& fds,
                                      Deadline deadline) override;

  void ShutdownWrite() override;

  int PollFd() const override { return socket_.get(); }

  // Gives the socket away; the channel is of no further use.
  UniqueFd TakeSocket() { return std::move(socket_); }

 private:
  UniqueFd socket_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_TRANSPORT_UNIX_CHANNEL_H_
