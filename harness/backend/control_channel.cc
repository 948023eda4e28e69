// The half of ControlPlane about what the back-end says unasked: the channel,
// notifications without descriptors, missing translations, shared memory.
#include <utility>

#include "harness/backend/control_plane.h"
#include "harness/backend/offer.h"

namespace vuspec {

using protocol::BackendRequest;
using protocol::Message;
using protocol::U64;
using protocol::VringState;

Handled ControlPlane::OpenBackendChannel(const Message& request,
                                         std::vector<UniqueFd>& fds) {
  if (fault_(Fault::kBackendChannelLeaked)) environment_.hoard.KeepCopies(fds);
  channel_.Open(std::move(fds[0]));
  model_.ApplyRequest(request);
  return Handled::Done();
}

void ControlPlane::HearAnswers() {
  for (RequestChannel::Answer& answer : channel_.Hear()) {
    window_.OnAnswer(answer);
    shared_objects_.OnAnswer(answer);
    if (answer.value != 0 && fault_(Fault::kRefusedNotifierStopsRing)) {
      if (const auto* area =
              std::get_if<protocol::VringArea>(&answer.request.body)) {
        (void)rings_.Stop(static_cast<std::uint32_t>(area->index & 0xff));
      }
    }
  }
}

void ControlPlane::AnnounceConfigChange() {
  config_change_due_ = model_.suspended() && channel_.open() &&
                       !fault_(Fault::kSpeaksWhileSuspended);
  if (config_change_due_ || fault_(Fault::kConfigChangeNotAnnounced)) return;
  (void)channel_.Send(MakeRequest(BackendRequest::BACKEND_CONFIG_CHANGE_MSG));
}

void ControlPlane::AfterRun() {
  if (config_change_due_) AnnounceConfigChange();
  NotifyInband();
  for (const protocol::Iotlb& miss : iommu_.TakeNews()) {
    if (fault_(Fault::kIotlbMissNotAnnounced)) continue;
    (void)channel_.Send(MakeRequest(BackendRequest::BACKEND_IOTLB_MSG, miss));
  }
  window_.Show(rings_.in_use(), channel_);
  FollowHostNotifiers();
  AnnounceObjects();
  const std::uint8_t status = model_.status();
  if ((status & kDriverOk) == 0 || (status & kNeedsReset) != 0) return;
  if (!rings_.any_broken()) return;
  ApplyStatus(status | kNeedsReset);
  AnnounceConfigChange();
}

// Where INBAND_NOTIFICATIONS is not negotiated the channel sends none of it.
void ControlPlane::NotifyInband() {
  const auto tell = [&](BackendRequest news, std::uint32_t index) {
    VringState state = {index, 0};
    if (fault_(Fault::kInbandCallNamesOtherRing)) {
      state.index = (index + 1) % device_.queue_count();
    }
    if (fault_(Fault::kInbandCallNumSet)) state.num = 1;
    (void)channel_.Send(MakeRequest(news, state));
  };
  for (std::uint32_t i = 0; i < device_.queue_count(); ++i) {
    if (rings_.ring(i).TakeCallDue() && !fault_(Fault::kInbandCallMissing)) {
      tell(BackendRequest::BACKEND_VRING_CALL, i);
    }
    if (rings_.ring(i).TakeErrDue()) {
      tell(BackendRequest::BACKEND_VRING_ERR, i);
    }
  }
}

void ControlPlane::FollowHostNotifiers() {
  for (std::uint32_t i = 0; i < device_.queue_count(); ++i) {
    host_notifiers_.Follow(i, model_.ring(i).started, channel_);
    if (host_notifiers_.TakeRung(i)) rings_.Wake(i);
  }
}

Handled ControlPlane::KickInband(const Message& request) {
  const std::uint32_t index = *RingIndex(request);
  if (fault_(Fault::kInbandKickIgnored)) return Handled::Done();
  if (!model_.ring(index).started && fault_(Fault::kInbandKickDoesNotStart)) {
    return Handled::Done();
  }
  if (!rings_.KickInband(index)) return Handled::Refused();
  model_.ApplyRequest(request);
  // Before the ack, which says that the kick was processed.
  (void)rings_.Run();
  return Handled::Done();
}

Handled ControlPlane::Translate(const Message& request) {
  const auto& iotlb = std::get<protocol::Iotlb>(request.body);
  if (!memory_.Translate(iotlb)) return Handled::Reply(U64{1});
  constexpr std::uint8_t kUpdate = 2;
  rings_.UnbindAll(iotlb.type == kUpdate &&
                   !fault_(Fault::kIotlbUpdateWakesNobody));
  return Handled::Reply(U64{0});
}

}  // namespace vuspec
