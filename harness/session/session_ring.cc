#include "harness/session/session_ring.h"

#include <array>

#include "absl/status/status.h"
#include "harness/transport/deadline.h"
#include "harness/transport/poll.h"

namespace vuspec {

using protocol::Req;

absl::StatusOr<std::unique_ptr<SessionRing>> SessionRing::Create(
    Frontend& frontend, GuestMemory& memory, std::uint32_t index,
    const RingOptions& options, std::chrono::milliseconds budget) {
  auto driver = SplitDriver::Create(
      memory, options.size,
      {.event_idx = options.event_idx,
       .indirect = options.indirect,
       .order = RingOrderOf(options.order.value_or(std::endian::native)),
       .region_indices = options.region_indices});
  if (!driver.ok()) return driver.status();
  if (options.base != 0) driver->StartAt(options.base);
  auto kick = Event::Create();
  if (!kick.ok()) return kick.status();
  auto call = Event::Create();
  if (!call.ok()) return call.status();
  auto err = Event::Create();
  if (!err.ok()) return err.status();
  return std::unique_ptr<SessionRing>(
      new SessionRing(frontend, index, options, budget, *std::move(driver),
                      *std::move(kick), *std::move(call), *std::move(err)));
}

protocol::VringAddr SessionRing::Addresses() const {
  const bool by_guest_address = Has(frontend_.model().protocol_features(),
                                    protocol::ProtocolFeature::GPA_ADDRESSES);
  const SplitRingAddresses& parts =
      by_guest_address ? driver_.guest_addresses() : driver_.user_addresses();
  return {.index = index_,
          .flags = options_.log ? 1u : 0u,
          .descriptor = parts.descriptor_table,
          .used = parts.used,
          .available = parts.available,
          .log = options_.log_address};
}

Reply<Done> SessionRing::Configure(std::uint32_t base) {
  if (auto done = frontend_.SetVringNum(index_, options_.size); !done.ok()) {
    return done;
  }
  if (auto done = frontend_.SetVringBase(index_, base); !done.ok()) return done;
  if (options_.order) {
    const bool big = *options_.order == std::endian::big;
    if (auto done = frontend_.SetVringEndian(index_, big); !done.ok()) {
      return done;
    }
  }
  if (auto done = frontend_.SetVringAddr(Addresses()); !done.ok()) return done;
  if (auto done = frontend_.SetVringErr(index_, err_.fd()); !done.ok()) {
    return done;
  }
  return frontend_.SetVringCall(index_,
                                options_.with_call ? call_.fd() : kNoFd);
}

Reply<Done> SessionRing::Start() {
  return frontend_.SetVringKick(index_,
                                options_.with_kick ? kick_.fd() : kNoFd);
}

Reply<Done> SessionRing::Enable(bool on) {
  return frontend_.SetVringEnable(index_, on);
}

Reply<Done> SessionRing::Bring() {
  if (auto done = Configure(); !done.ok()) return done;
  if (auto done = Start(); !done.ok()) return done;
  return options_.enable ? Enable(true) : Done{};
}

Reply<protocol::VringState> SessionRing::Stop() {
  return frontend_.GetVringBase(index_);
}

Reply<Done> SessionRing::Restart(const protocol::VringState& base) {
  if (auto done = Configure(base.num); !done.ok()) return done;
  return Start();
}

Reply<Done> SessionRing::PostQuietly(std::span<const Segment> segments,
                                     const ChainOptions& options) {
  auto head = driver_.AddChain(segments, options);
  if (!head.ok()) return head.status();
  driver_.Publish();
  return Done{};
}

Reply<Done> SessionRing::Post(std::span<const Segment> segments,
                              const ChainOptions& options) {
  if (auto posted = PostQuietly(segments, options); !posted.ok()) {
    return posted;
  }
  if (options_.with_kick && driver_.NeedsKick()) kick_.Signal();
  return Done{};
}

Reply<Completion> SessionRing::Await() {
  const Deadline deadline = Deadline::After(budget_);
  for (;;) {
    auto popped = driver_.PopUsed();
    if (!popped.ok()) return popped.violation();
    if (*popped) return **popped;
    if (options_.event_idx && driver_.ArmInterrupt()) continue;
    const std::array<int, 2> fds = {call_.fd(),
                                    frontend_.connection().PollFd()};
    auto ready = WaitAny(fds, deadline, "a used buffer");
    if (!ready.ok()) {
      auto late = driver_.PopUsed();
      if (late.ok() && *late && options_.with_call) {
        return protocol::Violation{
            .req = options_.event_idx ? Req::VS_37 : Req::VS_34,
            .subject = "split ring",
            .field = "a used buffer was not notified",
            .relation = protocol::Relation::kNotAllowedNow,
            .actual = driver_.used_index()};
      }
      if (late.ok() && *late) return **late;
      return ready.status();
    }
    if (*ready == 0) {
      call_.TryConsume();
    } else if (!frontend_.LinkUp()) {
      return absl::UnavailableError(
          "the peer closed the connection while a used buffer was awaited");
    } else {
      return protocol::Violation{
          .req = Req::HDR_10,
          .subject = "main socket",
          .field = "a message that nobody asked for",
          .relation = protocol::Relation::kNotAllowedNow};
    }
  }
}

}  // namespace vuspec
