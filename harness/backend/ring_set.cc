#include "harness/backend/ring_set.h"

#include <algorithm>
#include <utility>

#include "harness/backend/offer.h"
#include "harness/transport/event_fd.h"
#include "protocol/features.h"

namespace vuspec {

RingSet::RingSet(const Environment& environment,
                 const protocol::SessionModel& model,
                 const BackendMemory& memory, const InFlightArea& area,
                 DirtyLog& log)
    : environment_(environment),
      model_(model),
      area_(area),
      woken_(environment.device.queue_count(), false) {
  for (std::uint32_t i = 0; i < environment.device.queue_count(); ++i) {
    rings_.emplace_back(i, environment.fault, memory, environment.device, log,
                        environment.hoard);
  }
}

RingSet::~RingSet() {
  for (std::uint32_t i = 0; i < rings_.size(); ++i) {
    ForgetKick(i);
    if (environment_.fault(Fault::kFdsLeakedAtDisconnect)) rings_[i].LeakFds();
  }
}

void RingSet::ForgetKick(std::uint32_t index) {
  environment_.loop.Forget(rings_[index].kick_fd());
}

bool RingSet::MemoryIsUntold() const {
  return model_.context().postcopy_ack_due &&
         !environment_.fault(Fault::kAcknowledgementNotAwaited);
}

bool RingSet::Bind(std::uint32_t index) {
  if (MemoryIsUntold()) {
    rings_[index].StartLater(model_.ring(index), model_.features().value_or(0),
                             area_.region(index));
    return true;
  }
  const bool bound =
      !rings_[index]
           .Start(model_.ring(index), model_.features().value_or(0),
                  area_.region(index))
           .has_value();
  if (bound && !environment_.fault(Fault::kPendingAtStartIgnored)) Wake(index);
  return bound;
}

bool RingSet::Start(std::uint32_t index, UniqueFd kick) {
  const FaultSet& fault = environment_.fault;
  Vring& ring = rings_[index];
  if (ring.kick_fd() >= 0 && fault(Fault::kFirstKickFdKept)) return true;
  if (kick) {
    const EventLoop::Token token = kFirstToken + index;
    const absl::Status watched =
        environment_.loop.Watch(kick.get(), token, EventLoop::Trigger::kEdge);
    if (!watched.ok()) return false;
  }
  ForgetKick(index);
  if (ring.kick_fd() >= 0 && fault(Fault::kReplacedKickFdLeaked)) {
    environment_.hoard.fds.push_back(ring.TakeKick());
  }
  ring.SetKick(std::move(kick));
  if (model_.ring(index).started) {
    Wake(index);
    return true;
  }
  if (Bind(index)) return true;
  (void)Stop(index);
  return false;
}

void RingSet::StartByItself(std::uint32_t index) {
  const protocol::RingState& state = model_.ring(index);
  if (rings_[index].bound() || !state.size || !state.addresses) return;
  (void)Bind(index);
}

std::optional<std::uint16_t> RingSet::Stop(std::uint32_t index) {
  ForgetKick(index);
  rings_[index].SetKick(UniqueFd());
  return rings_[index].Stop();
}

void RingSet::RebindAll() {
  for (Vring& ring : rings_) ring.Rebind();
  WakeAll();
}

void RingSet::UnbindAll(bool wake) {
  for (Vring& ring : rings_) ring.Unbind();
  if (wake) WakeAll();
}

bool RingSet::KickInband(std::uint32_t index) {
  if (model_.ring(index).started) {
    Wake(index);
    return true;
  }
  if (Bind(index)) return true;
  (void)Stop(index);
  return false;
}

void RingSet::Suspend(std::uint32_t index) {
  if (ModeOf(index) == Vring::Mode::kProcess) rings_[index].Suspend();
}

void RingSet::ForgetInFlight() {
  for (Vring& ring : rings_) ring.ForgetInFlight();
}

void RingSet::OnKick(std::uint32_t index) {
  Vring& ring = rings_[index];
  if (ring.kick_fd() < 0) return;  // replaced since the kick was reported
  const absl::StatusOr<std::uint64_t> value = ConsumeFd(ring.kick_fd());
  // Nothing that kicks would only be reported again and again.
  if (!value.ok()) ForgetKick(index);
  if (environment_.fault(Fault::kKickValueCounts) && value.ok() &&
      *value != 1) {
    return;
  }
  Wake(index);
}

Vring::Mode RingSet::ModeOf(std::uint32_t index) const {
  const FaultSet& fault = environment_.fault;
  const protocol::RingState& state = model_.ring(index);
  const bool started =
      state.started ||
      (rings_[index].bound() && (fault(Fault::kGetVringBaseDoesNotStop) ||
                                 fault(Fault::kStartsWithoutKick)));
  if (!started || MemoryIsUntold()) return Vring::Mode::kIdle;
  if (status_counts_ && (model_.status() & kDriverOk) == 0 &&
      !fault(Fault::kRunsBeforeDriverOk)) {
    return Vring::Mode::kIdle;
  }
  if (state.enabled || fault(Fault::kDisabledRingRuns)) {
    return Vring::Mode::kProcess;
  }
  if (fault(Fault::kDisabledRingDiscards)) return Vring::Mode::kDiscard;
  return environment_.device.DiscardsWhenDisabled(index) &&
                 !fault(Fault::kDisabledNetRingWaits)
             ? Vring::Mode::kDiscard
             : Vring::Mode::kIdle;
}

bool RingSet::Run() {
  bool more = false;
  bool again = true;
  while (again && !more) {
    again = false;
    for (std::uint32_t i = 0; i < rings_.size(); ++i) {
      const bool polled = model_.ring(i).started && model_.ring(i).polled &&
                          !environment_.fault(Fault::kNoFdRingNotPolled);
      if (!woken_[i] && !polled) continue;
      woken_[i] = false;
      const Vring::Progress progress = rings_[i].Run(ModeOf(i));
      if (progress == Vring::Progress::kNone) continue;
      if (progress == Vring::Progress::kMore) woken_[i] = more = true;
      const auto fed = environment_.device.Feeds(i);
      if (fed && *fed < rings_.size()) woken_[*fed] = again = true;
    }
  }
  return more;
}

bool RingSet::polling() const {
  for (std::uint32_t i = 0; i < rings_.size(); ++i) {
    if (model_.ring(i).started && model_.ring(i).polled) return true;
  }
  return false;
}

bool RingSet::in_use() const {
  for (std::uint32_t i = 0; i < rings_.size(); ++i) {
    if (ModeOf(i) == Vring::Mode::kProcess) return true;
  }
  return false;
}

bool RingSet::any_broken() const {
  return std::any_of(rings_.begin(), rings_.end(),
                     [](const Vring& ring) { return ring.broken(); });
}

}  // namespace vuspec
