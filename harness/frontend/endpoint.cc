#include "harness/frontend/endpoint.h"

#include <utility>

#include "harness/transport/check.h"

namespace vuspec {

absl::StatusOr<Endpoint> Endpoint::Connect(const std::string& path,
                                           FrontendOptions options,
                                           Deadline deadline) {
  Endpoint endpoint(path, options);
  if (absl::Status status = endpoint.Reconnect(deadline); !status.ok()) {
    return status;
  }
  return endpoint;
}

absl::StatusOr<Endpoint> Endpoint::Listen(const std::string& path,
                                          FrontendOptions options) {
  absl::StatusOr<UnixListener> listener = UnixListener::Listen(path);
  if (!listener.ok()) return listener.status();
  Endpoint endpoint(path, options);
  endpoint.listener_ = std::move(*listener);
  return endpoint;
}

Frontend& Endpoint::frontend() {
  VU_CHECK(connected(), "there is no front-end while disconnected");
  return *frontend_;
}

absl::Status Endpoint::Reconnect(Deadline deadline) {
  Disconnect();
  absl::StatusOr<std::unique_ptr<UnixChannel>> channel =
      server() ? listener_->Accept(deadline) : vuspec::Connect(path_, deadline);
  if (!channel.ok()) return channel.status();
  frontend_ = std::make_unique<Frontend>(std::move(*channel), options_);
  return absl::OkStatus();
}

bool Endpoint::UpdateLink() {
  if (connected() && frontend_->LinkUp()) return true;
  if (!server()) return false;
  return Reconnect(Deadline::Now()).ok();
}

int Endpoint::InterruptFd() const {
  if (connected()) return frontend_->PollFd();
  return server() ? listener_->PollFd() : -1;
}

Reply<Done> Endpoint::EnableQueuePair(std::uint32_t pair, bool on) {
  if (!connected()) return Done{};
  // A pair whose rings have no index is left to the model to refuse.
  const std::uint32_t first =
      pair < protocol::kVringCountMax / 2 ? 2 * pair : protocol::kVringCountMax;
  for (const std::uint32_t index : {first, first + 1}) {
    if (index < protocol::kVringCountMax &&
        frontend_->model().ring(index).enabled == on) {
      continue;
    }
    if (Reply<Done> done = frontend_->SetVringEnable(index, on); !done) {
      return done;
    }
  }
  return Done{};
}

Reply<Done> Endpoint::SetMemory(std::span<const MemorySegment> segments) {
  const auto regions = MergeSegments(segments);
  if (!regions.ok()) return regions.status();
  return frontend().SetMemTable(*regions);
}

}  // namespace vuspec
