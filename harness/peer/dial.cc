#include "harness/peer/dial.h"

#include <memory>
#include <utility>

#include "harness/transport/poll.h"
#include "harness/transport/unix_channel.h"

namespace vuspec {

absl::StatusOr<UniqueFd> Dial(const std::string& path, Deadline deadline) {
  absl::StatusOr<std::unique_ptr<UnixChannel>> channel =
      Connect(path, deadline);
  if (!channel.ok()) return channel.status();
  return (*channel)->TakeSocket();
}

absl::StatusOr<UniqueFd> AcceptLive(UnixListener& listener, int pidfd,
                                    Deadline deadline) {
  for (;;) {
    const int waits[] = {listener.PollFd(), pidfd};
    const absl::StatusOr<std::size_t> ready =
        WaitAny(waits, deadline, "a connection from the peer");
    if (!ready.ok()) return ready.status();
    if (*ready == 1) {
      return absl::FailedPreconditionError(
          "the process ended before it connected");
    }
    absl::StatusOr<std::unique_ptr<UnixChannel>> channel =
        listener.Accept(deadline);
    if (!channel.ok()) return channel.status();
    if (LinkUp((*channel)->PollFd())) return (*channel)->TakeSocket();
  }
}

}  // namespace vuspec
