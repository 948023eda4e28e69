#include "harness/backend/control_plane.h"

#include <algorithm>
#include <utility>

#include "harness/backend/defects.h"
#include "harness/backend/misbehaviour.h"
#include "harness/backend/offer.h"
#include "protocol/codec.h"
#include "protocol/features.h"

namespace vuspec {

using protocol::Has;
using protocol::Message;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;
using protocol::U64;
using protocol::VirtioFeature;
using protocol::VringState;

ControlPlane::ControlPlane(const Environment& environment, int connection,
                           const protocol::SessionModel* predecessor)
    : environment_(environment),
      fault_(environment.fault),
      device_(environment.device),
      model_(LimitsOf(environment.device, environment.fault)),
      iommu_(environment.fault),
      memory_(environment.fault, environment.hoard, iommu_),
      page_faults_(environment, connection),
      log_(environment.fault),
      in_flight_area_(environment.fault, environment.hoard),
      rings_(environment, model_, memory_, in_flight_area_, log_),
      channel_(environment, model_),
      window_(environment.fault),
      host_notifiers_(environment.fault, environment.device.queue_count()),
      state_transfer_(environment),
      crypto_sessions_(environment.fault),
      shared_objects_(environment.fault, environment.hoard),
      gpu_socket_(environment.fault, environment.hoard) {
  device_.Reset();
  if (predecessor != nullptr) Inherit(*predecessor);
}

void ControlPlane::Inherit(const protocol::SessionModel& predecessor) {
  if (fault_(Fault::kProtocolFeaturesOutliveSession)) {
    model_.ApplyRequest(MakeRequest(Request::SET_PROTOCOL_FEATURES,
                                    U64{predecessor.protocol_features()}));
  }
  for (std::uint32_t i = 0; i < device_.queue_count(); ++i) {
    if (fault_(Fault::kEnabledOutlivesSession)) {
      const VringState state = {i, predecessor.ring(i).enabled ? 1u : 0u};
      model_.ApplyRequest(MakeRequest(Request::SET_VRING_ENABLE, state));
    }
    if (fault_(Fault::kBaseOutlivesSession)) {
      const VringState state = {i, predecessor.ring(i).base};
      model_.ApplyRequest(MakeRequest(Request::SET_VRING_BASE, state));
    }
  }
  if (fault_(Fault::kStatusOutlivesSession)) {
    model_.ApplyRequest(
        MakeRequest(Request::SET_STATUS, U64{predecessor.status()}));
  }
}

Handled ControlPlane::Handle(const Message& received,
                             std::vector<UniqueFd>& fds) {
  SufferSuspension();
  const Message request = Misread(fault_, model_, received);
  if (WronglyRefuses(fault_, model_, request)) return Handled::Refused();
  if (const auto wrong = model_.CheckRequest(request)) {
    SufferBreach(fault_, *wrong);
    if (wrong->req == Req::DST_15 && fault_(Fault::kTransferStopsRings)) {
      StopAllRings();
    }
    if (WronglyAccepts(fault_, request, *wrong)) return Unheeded(request);
    // What only binds the front-end is not refused: the reserved field of
    // GET_VRING_BASE is of no use to us.
    if (wrong->req != Req::GBASE_08) return RefusalOf(request, *wrong);
  }
  return Carry(request, fds);
}

// In-band notifications without what they need end the session; behind its gate
// an IOTLB_MSG has a reply that says no.
Handled ControlPlane::RefusalOf(const Message& request,
                                const protocol::Violation& wrong) {
  if (wrong.req == Req::PF_12) return Handled::Closed();
  const bool gated = wrong.relation == protocol::Relation::kNotNegotiated ||
                     wrong.req == Req::OWN_08;
  if (request.spec != &Spec(Request::IOTLB_MSG) || gated) {
    return Handled::Refused();
  }
  return Handled::Reply(U64{1});
}

// A request that should have been refused, taken for good: it has no effect,
// so that a defective mock stays alive.
Handled ControlPlane::Unheeded(const Message& request) const {
  if (request.spec->answer != protocol::Answer::kReply) return Handled::Done();
  // As much as was asked for, so that it looks like a success.
  if (std::holds_alternative<protocol::Config>(request.body)) {
    return Handled::Reply(request.body);
  }
  if (const auto* wanted = std::get_if<protocol::Inflight>(&request.body)) {
    protocol::Inflight area = *wanted;
    area.mmap_size = 1;
    return Handled::Reply(area);
  }
  if (std::holds_alternative<protocol::DeviceStateTransfer>(request.body)) {
    return Handled::Reply(U64{protocol::kNoFdBit});
  }
  return Handled::Reply(
      EmptyBodyOf(ResolvePayload(request.spec->reply, model_.context())));
}

Handled ControlPlane::Carry(const Message& request,
                            std::vector<UniqueFd>& fds) {
  switch (static_cast<Request>(request.spec->id)) {
    case Request::GET_FEATURES:
      return GetFeatures();
    case Request::SET_FEATURES:
      return SetFeatures(request);
    case Request::SET_MEM_TABLE:
      return SetMemoryTable(request, fds);
    case Request::ADD_MEM_REG:
      return AddRegion(request, fds);
    case Request::REM_MEM_REG:
      return RemoveRegion(request);
    case Request::SET_LOG_BASE:
      return SetLogBase(request, fds);
    case Request::SET_VRING_ADDR:
      return SetVringAddr(request);
    case Request::GET_VRING_BASE:
      return GetVringBase(request);
    case Request::SET_VRING_KICK:
    case Request::SET_VRING_CALL:
    case Request::SET_VRING_ERR:
      return SetVringFd(request, fds);
    case Request::SET_VRING_ENABLE:
      return SetVringEnable(request);
    case Request::GET_INFLIGHT_FD:
      return GetInflightFd(request);
    case Request::SET_INFLIGHT_FD:
      return SetInflightFd(request, fds);
    case Request::GET_CONFIG:
      return GetConfig(request);
    case Request::SET_CONFIG:
      return SetConfig(request);
    case Request::SET_STATUS:
      return SetStatus(request);
    case Request::RESET_DEVICE:
      return ResetDevice(request);
    default:
      return CarryOther(request, fds);
  }
}

Handled ControlPlane::CarryOther(const Message& request,
                                 std::vector<UniqueFd>& fds) {
  switch (static_cast<Request>(request.spec->id)) {
    case Request::GET_PROTOCOL_FEATURES:
      return Handled::Reply(U64{OfferedProtocolFeatures(device_, fault_)});
    case Request::GET_QUEUE_NUM:
      if (fault_(Fault::kQueueNumZero)) return Handled::Reply(U64{0});
      return Handled::Reply(U64{device_.queue_count() +
                                (fault_(Fault::kQueueNumTooLarge) ? 1u : 0u)});
    case Request::GET_MAX_MEM_SLOTS:
      return Handled::Reply(
          U64{kSlotCount * (fault_(Fault::kSlotsOverstated) ? 2u : 1u)});
    case Request::GET_STATUS:
      return Handled::Reply(U64{model_.status()});
    case Request::SET_LOG_FD:
      log_.SetEvent(std::move(fds[0]));
      break;
    case Request::SET_BACKEND_REQ_FD:
      return OpenBackendChannel(request, fds);
    case Request::VRING_KICK:
      return KickInband(request);
    case Request::IOTLB_MSG:
      return Translate(request);
    case Request::GET_SHMEM_CONFIG:
      return Handled::Reply(window_.Config());
    case Request::SET_VRING_BASE:
      if (fault_(Fault::kBaseIgnored)) return Handled::Done();
      break;
    case Request::RESET_OWNER:
      if (fault_(Fault::kResetOwnerStopsRings)) StopAllRings();
      break;
    case Request::SET_VRING_NUM:
      if (model_.ring(std::get<protocol::VringState>(request.body).index)
              .size.has_value() &&
          fault_(Fault::kFirstRingSizeKept)) {
        return Handled::Done();
      }
      break;
    case Request::SET_OWNER:
    case Request::SET_PROTOCOL_FEATURES:
      break;  // all of it is in the model
    default:
      return CarryForDevice(request, fds);
  }
  model_.ApplyRequest(request);
  return Handled::Done();
}

Handled ControlPlane::GetFeatures() {
  std::uint64_t features = OfferedFeatures(device_, fault_);
  if (fault_(Fault::kFeaturesVary) && features_asked_count_++ != 0) {
    features &= ~Mask(VirtioFeature::EVENT_IDX);
  }
  return Handled::Reply(U64{features});
}

void ControlPlane::SetAllEnabled(bool enabled) {
  for (std::uint32_t i = 0; i < device_.queue_count(); ++i) {
    model_.ApplyRequest(MakeRequest(Request::SET_VRING_ENABLE,
                                    VringState{i, enabled ? 1u : 0u}));
  }
}

Handled ControlPlane::SetFeatures(const Message& request) {
  const std::uint64_t features = std::get<U64>(request.body).value;
  const bool again = model_.features().has_value();
  model_.ApplyRequest(request);
  device_.Negotiate(features);
  iommu_.SetOn(Has(features, VirtioFeature::ACCESS_PLATFORM));
  log_.SetOn(Has(features, VirtioFeature::LOG_ALL) ||
             fault_(Fault::kLogsWithoutLogAll));
  const bool with_enable = Has(features, VirtioFeature::PROTOCOL_FEATURES);
  if (with_enable && fault_(Fault::kBit30EnablesRings)) SetAllEnabled(true);
  if (!with_enable && fault_(Fault::kRingsStayDisabledWithoutBit30)) {
    SetAllEnabled(false);
  }
  if (again && fault_(Fault::kFeaturesAgainDisableRings)) SetAllEnabled(false);
  if (!with_enable && fault_(Fault::kProtocolFeaturesDroppedWithBit30)) {
    model_.ApplyRequest(MakeRequest(Request::SET_PROTOCOL_FEATURES, U64{0}));
  }
  rings_.WakeAll();
  return Handled::Done();
}

Handled ControlPlane::SetVringAddr(const Message& request) {
  const auto& addr = std::get<protocol::VringAddr>(request.body);
  model_.ApplyRequest(request);
  rings_.ring(addr.index).SetUsedLog(addr);
  return Handled::Done();
}

// A defect: no request stops more than one ring.
void ControlPlane::StopAllRings() {
  for (std::uint32_t i = 0; i < device_.queue_count(); ++i) {
    if (rings_.Stop(i)) {
      model_.ApplyRequest(
          MakeRequest(Request::GET_VRING_BASE, VringState{i, 0}));
    }
  }
}

// Whoever negotiates this has to cope with all that it allows.
bool ControlPlane::SuspendsAtStop() const {
  return Has(model_.protocol_features(),
             ProtocolFeature::GET_VRING_BASE_INFLIGHT) ||
         fault_(Fault::kSuspendsUnasked);
}

Handled ControlPlane::GetVringBase(const Message& request) {
  const std::uint32_t index = std::get<VringState>(request.body).index;
  Vring& ring = rings_.ring(index);
  if (SuspendsAtStop()) rings_.Suspend(index);
  VringState state = {index, model_.ring(index).base};
  if (ring.bound() && fault_(Fault::kGetVringBaseReturnsAvail)) {
    state.num = ring.avail_index();
  }
  const bool keep_running =
      ring.bound() && fault_(Fault::kGetVringBaseDoesNotStop);
  if (keep_running) {
    state.num = ring.next_avail();
  } else if (const auto next = rings_.Stop(index)) {
    if (!fault_(Fault::kGetVringBaseReturnsAvail)) state.num = *next;
  }
  model_.ApplyRequest(request);
  VringState resume = state;
  if (fault_(Fault::kRestartRepeatsOne)) resume.num = (state.num - 1) & 0xffff;
  if (fault_(Fault::kRestartFromZero)) resume.num = 0;
  model_.ApplyReply(request, MakeReply(request, resume));
  if (fault_(Fault::kStopDisablesRing)) {
    model_.ApplyRequest(
        MakeRequest(Request::SET_VRING_ENABLE, VringState{index, 0}));
  }
  if (fault_(Fault::kStopStopsAllRings)) StopAllRings();
  if (fault_(Fault::kSpeaksWhileSuspended)) AnnounceConfigChange();
  if (fault_(Fault::kGetVringBaseReturnsZero)) state.num = 0;
  if (fault_(Fault::kGetVringBaseOffByOne)) ++state.num;
  if (fault_(Fault::kGetVringBaseWrongIndex)) ++state.index;
  if (fault_(Fault::kGetVringBaseUpperBitsSet)) state.num |= 0x10000;
  return Handled::Reply(state);
}

Handled ControlPlane::SetVringFd(const Message& request,
                                 std::vector<UniqueFd>& fds) {
  const std::uint32_t index = *RingIndex(request);
  UniqueFd fd = fds.empty() ? UniqueFd() : std::move(fds[0]);
  switch (static_cast<Request>(request.spec->id)) {
    case Request::SET_VRING_KICK:
      if (state_transfer_.begun() && fault_(Fault::kStopsForGoodWithTransfer)) {
        return Handled::Refused();
      }
      if (!rings_.Start(index, std::move(fd))) return Handled::Refused();
      // Only a suspended device has a state to move.
      state_transfer_.Abandon();
      shared_objects_.Export();
      break;
    case Request::SET_VRING_CALL:
      rings_.ring(index).SetCall(std::move(fd));
      break;
    default:
      rings_.ring(index).SetErr(std::move(fd));
      break;
  }
  model_.ApplyRequest(request);
  return Handled::Done();
}

Handled ControlPlane::SetVringEnable(const Message& request) {
  const auto& state = std::get<VringState>(request.body);
  if (state.num == 0 && fault_(Fault::kDisableIgnored)) return Handled::Done();
  if (state.num == 1 && fault_(Fault::kEnableIgnored)) return Handled::Done();
  if (!model_.ring(state.index).started &&
      fault_(Fault::kEnableWhileStoppedForgotten)) {
    return Handled::Done();
  }
  model_.ApplyRequest(request);
  if (fault_(Fault::kEnableIsForAllRings)) {
    SetAllEnabled(state.num != 0);
    rings_.WakeAll();
  }
  if (fault_(Fault::kStartsWithoutKick)) rings_.StartByItself(state.index);
  if (!fault_(Fault::kKickBeforeEnableLost)) rings_.Wake(state.index);
  return Handled::Done();
}

}  // namespace vuspec
