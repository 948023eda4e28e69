#include "harness/transport/piecewise_channel.h"

#include <algorithm>

#include "harness/transport/drained.h"

namespace vuspec {

absl::Status PiecewiseChannel::Send(std::span<const std::byte> bytes,
                                    std::span<const int> fds,
                                    Deadline deadline) {
  while (!bytes.empty()) {
    const std::size_t size =
        std::min<std::size_t>(1 + random_() % size_max_, bytes.size());
    if (absl::Status status = inner().Send(bytes.first(size), fds, deadline);
        !status.ok()) {
      return status;
    }
    bytes = bytes.subspan(size);
    fds = {};
    if (turns_ == Turns::kBetween && !bytes.empty()) {
      (void)AwaitDrained(PollFd(), deadline);
    }
  }
  return absl::OkStatus();
}

}  // namespace vuspec
