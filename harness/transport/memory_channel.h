// A Channel without system calls, whose other side is a script: for fuzzing.
//
// Contract: never blocks, deadlines are ignored: when the script has nothing,
// Receive is kDeadlineExceeded at once, as if the peer stayed silent. Borrows
// the script, which must outlive it. Statuses carry no text, so that they
// cost no allocation. PollFd is -1.
//
// Descriptors: Send tells the script only how many there were, for a fuzzer
// has no use for real ones; a script that hands some out gives them away.
#ifndef VUSPEC_HARNESS_TRANSPORT_MEMORY_CHANNEL_H_
#define VUSPEC_HARNESS_TRANSPORT_MEMORY_CHANNEL_H_

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/transport/channel.h"
#include "harness/transport/deadline.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {

class PeerScript {
 public:
  virtual ~PeerScript() = default;

  // What we sent; false if the peer has closed the connection.
  virtual bool OnSend(std::span<const std::byte> bytes,
                      std::size_t fd_count) = 0;

  // Writes to the front of `buffer` and returns how much, 0 for end of
  // stream; nullopt for silence. Appends descriptors to `fds`.
  virtual std::optional<std::size_t> Receive(std::span<std::byte> buffer,
                                             std::vector<UniqueFd>& fds) = 0;
};

class MemoryChannel final : public Channel {
 public:
  explicit MemoryChannel(PeerScript& peer) : peer_(peer) {}

  absl::Status Send(std::span<const std::byte> bytes, std::span<const int> fds,
                    Deadline deadline) override;

  absl::StatusOr<std::size_t> Receive(std::span<std::byte> buffer,
                                      std::vector<UniqueFd>& fds,
                                      Deadline deadline) override;

  // Send is kUnavailable from now on.
  void ShutdownWrite() override { shut_down_ = true; }

  int PollFd() const override { return -1; }

 private:
  PeerScript& peer_;
  bool shut_down_ = false;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_TRANSPORT_MEMORY_CHANNEL_H_
