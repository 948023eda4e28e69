// Keeps messages until something is awaited, and delivers them together.
//
// What is sent without descriptors joins what is held already; what brings
// descriptors begins another write, since they ride on its first byte.
//
// Contract: as Channel, but Send fails only for want of descriptors, or for
// what stopped an earlier delivery. Everything goes out before a Receive, the
// end of our direction, the end of the channel and any wait of this thread
// (held_back.h); kHeldMax bytes go out at once.
#ifndef VUSPEC_HARNESS_TRANSPORT_COALESCING_CHANNEL_H_
#define VUSPEC_HARNESS_TRANSPORT_COALESCING_CHANNEL_H_

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "harness/transport/held_back.h"
#include "harness/transport/mutated_channel.h"

namespace vuspec {

class CoalescingChannel final : public MutatedChannel, private HeldBack {
 public:
  // Less than a socket takes without a reader.
  static constexpr std::size_t kHeldMax = 32768;

  explicit CoalescingChannel(std::unique_ptr<Channel> inner)
      : MutatedChannel(std::move(inner)) {}
  ~CoalescingChannel() override { CoalescingChannel::LetGo(); }

  absl::Status Send(std::span<const std::byte> bytes, std::span<const int> fds,
                    Deadline deadline) override;
  absl::StatusOr<std::size_t> Receive(std::span<std::byte> buffer,
                                      std::vector<UniqueFd>& fds,
                                      Deadline deadline) override;
  void ShutdownWrite() override;

 private:
  struct Write {
    std::vector<std::byte> bytes;
    std::vector<UniqueFd> fds;
  };

  void LetGo() override;

  std::vector<Write> held_;
  std::size_t held_size_ = 0;
  Deadline deadline_ = Deadline::Now();  // of the last Send
  absl::Status end_;                     // why nothing is delivered any more
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_TRANSPORT_COALESCING_CHANNEL_H_
