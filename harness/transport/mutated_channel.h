// A Channel that sends in a way of its own over another one.
#ifndef VUSPEC_HARNESS_TRANSPORT_MUTATED_CHANNEL_H_
#define VUSPEC_HARNESS_TRANSPORT_MUTATED_CHANNEL_H_

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "harness/transport/channel.h"

namespace vuspec {

class MutatedChannel : public Channel {
 public:
  explicit MutatedChannel(std::unique_ptr<Channel> inner)
      : inner_(std::move(inner)) {}

  absl::StatusOr<std::size_t> Receive(std::span<std::byte> buffer,
                                      std::vector<UniqueFd>& fds,
                                      Deadline deadline) override {
    return inner_->Receive(buffer, fds, deadline);
  }
  void ShutdownWrite() override { inner_->ShutdownWrite(); }
  int PollFd() const override { return inner_->PollFd(); }

 protected:
  Channel& inner() { return *inner_; }

 private:
  std::unique_ptr<Channel> inner_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_TRANSPORT_MUTATED_CHANNEL_H_
