// Gates, effects and replies; the rules about values are in session_rules.cc.
#include "protocol/session_model.h"

#include <algorithm>
#include <bit>

#include "protocol/codec.h"

namespace vuspec::protocol {
namespace {

Violation NotNow(const MessageSpec& spec, Req req, std::string_view field,
                 std::uint64_t actual = 0) {
  return {req, spec.name, field, 0, Relation::kNotAllowedNow, 0, actual};
}

template <typename Feature>
Violation Missing(const MessageSpec& spec, Relation relation,
                  std::uint64_t mask) {
  const auto lowest = static_cast<Feature>(std::countr_zero(mask));
  std::string_view name = ToString(lowest);
  if (name == "?") name = "a feature bit of the device";
  return {spec.gate_cites.value_or(spec.cites),
          spec.name,
          name,
          0,
          relation,
          0,
          mask};
}

// Whether the body is laid out as what was negotiated asks for.
std::optional<Violation> CheckLayout(const Message& request,
                                     WireContext context) {
  const MessageSpec& spec = *request.spec;
  const Payload kind = ResolvePayload(spec.payload, context);
  if (PayloadOf(request.body) == kind) return std::nullopt;
  return NotNow(spec, spec.cites, "this layout of the payload");
}

std::uint64_t Value(const Message& message) {
  const auto* u64 = std::get_if<U64>(&message.body);
  return u64 == nullptr ? 0 : u64->value;
}

// To copy a model is to copy its bytes, which is much faster than to make each
// of its rings.
constinit const SessionModel kFresh;

}  // namespace

SessionModel::SessionModel(const DeviceLimits& limits) : SessionModel(kFresh) {
  limits_ = limits;
}

WireContext SessionModel::context() const {
  WireContext context = WireContext::Of(protocol_features());
  context.postcopy_listening = postcopy_ == Postcopy::kListening;
  context.postcopy_ack_due = postcopy_ack_due_;
  return context;
}

std::optional<Violation> SessionModel::CheckGate(
    const MessageSpec& spec) const {
  const Gate& gate = spec.gate;
  // A front-end that remembers an earlier session need not ask again what is
  // offered: what it negotiated was.
  const std::uint64_t offered =
      limits_.protocol_features.value_or(protocol_features());
  if (const auto no =
          gate.virtio_offered & ~limits_.virtio_features.value_or(0)) {
    return Missing<VirtioFeature>(spec, Relation::kNotOffered, no);
  }
  if (const auto no = gate.virtio_negotiated & ~features_.value_or(0)) {
    return Missing<VirtioFeature>(spec, Relation::kNotNegotiated, no);
  }
  if (const auto no = gate.protocol_offered & ~offered) {
    return Missing<ProtocolFeature>(spec, Relation::kNotOffered, no);
  }
  if (const auto no = gate.protocol_negotiated & ~protocol_features()) {
    return Missing<ProtocolFeature>(spec, Relation::kNotNegotiated, no);
  }
  if (spec.device != DeviceKind::kAny && spec.device != limits_.device) {
    return NotNow(spec, spec.gate_cites.value_or(spec.cites), "device kind");
  }
  if (spec.channel == Channel::kMain && spec.phase == Phase::kOwned &&
      !owned_) {
    return NotNow(spec, Req::OWN_08, "SET_OWNER was not sent");
  }
  return std::nullopt;
}

std::optional<Violation> SessionModel::CheckRequest(
    const Message& request) const {
  if (auto wrong = CheckGate(*request.spec)) return wrong;
  if (auto wrong = CheckLayout(request, context())) return wrong;
  if (auto wrong = CheckRing(request)) return wrong;
  return CheckValues(request);
}

std::optional<Violation> SessionModel::CheckBackendRequest(
    const Message& request) const {
  const MessageSpec& spec = *request.spec;
  if (auto wrong = CheckGate(spec)) return wrong;
  if (!backend_channel_) return NotNow(spec, Req::BCH_05, "no channel");
  if (auto wrong = CheckLayout(request, context())) return wrong;
  if (suspended()) return NotNow(spec, Req::SUSP_03, "every ring is stopped");
  if (request.need_reply() &&
      !Has(protocol_features(), ProtocolFeature::REPLY_ACK)) {
    return NotNow(spec, Req::BCH_06, "need_reply");
  }
  if (request.fd_count != 0 &&
      !Has(protocol_features(), ProtocolFeature::BACKEND_SEND_FD)) {
    return NotNow(spec, Req::BCH_07, "BACKEND_SEND_FD", request.fd_count);
  }
  if (auto wrong = CheckRing(request)) return wrong;
  return CheckBackendValues(request);
}

void SessionModel::SetFeatures(std::uint64_t features) {
  features_ = features;
  if (Has(features, VirtioFeature::PROTOCOL_FEATURES)) return;
  for (RingState& ring : rings_) ring.enabled = true;
}

void SessionModel::SetStarted(RingState& ring, bool started) {
  if (ring.started == started) return;
  ring.started = started;
  started ? ++started_count_ : --started_count_;
}

void SessionModel::ApplyRequest(const Message& request) {
  const std::uint32_t index = RingIndex(request).value_or(0);
  if (index >= kVringCountMax) return;
  RingState& ring = rings_[index];
  const auto* state = std::get_if<VringState>(&request.body);
  const std::uint64_t value = Value(request);
  switch (request.spec->effect) {
    case Effect::kNone:
    case Effect::kLearnFeatures:
    case Effect::kLearnProtocolFeatures:
    case Effect::kLearnQueueCount:
    case Effect::kLearnMemorySlots:
      break;
    case Effect::kSetFeatures:
      SetFeatures(value);
      break;
    case Effect::kSetOwner:
      owned_ = true;
      break;
    case Effect::kResetOwner:
      // Ignored, or all rings disabled; the front-end must not rely on either,
      // so the model takes what leaves less allowed.
      for (RingState& each : rings_) each.enabled = false;
      break;
    case Effect::kSetMemoryTable: {
      if (postcopy_ack_due_) {
        // The empty table says that the addresses arrived; nothing changes.
        postcopy_ack_due_ = false;
        break;
      }
      postcopy_ack_due_ = postcopy_ == Postcopy::kListening;
      std::array<MemoryRegion, kMemoryRegionCountMax> regions;
      memory_.Replace(
          std::span(regions).first(CopyRegions(request.body, regions)));
      break;
    }
    case Effect::kAddRegion:
      postcopy_ack_due_ = postcopy_ == Postcopy::kListening;
      memory_.Add(FirstRegion(request.body));
      break;
    case Effect::kRemoveRegion:
      memory_.Remove(FirstRegion(request.body));
      break;
    case Effect::kSetLogBase:
      log_ = true;
      break;
    case Effect::kSetVringNum:
      ring.size = state->num;
      break;
    case Effect::kSetVringAddr:
      ring.addresses = std::get<VringAddr>(request.body);
      break;
    case Effect::kSetVringBase:
      ring.base = state->num;
      break;
    case Effect::kStopRing:
      SetStarted(ring, false);
      break;
    case Effect::kSetKick:
      ring.polled = (value & kNoFdBit) != 0;
      SetStarted(ring, true);
      break;
    case Effect::kInbandKick:
      SetStarted(ring, true);
      break;
    case Effect::kSetCall:
      ring.has_call = (value & kNoFdBit) == 0;
      break;
    case Effect::kSetErr:
      ring.has_err = (value & kNoFdBit) == 0;
      break;
    case Effect::kSetProtocolFeatures:
      protocol_features_ = value;
      break;
    case Effect::kEnableRing:
      ring.enabled = state->num != 0;
      break;
    case Effect::kOpenBackendChannel:
      backend_channel_ = true;
      break;
    case Effect::kAdvisePostcopy:
      // Once more, it begins anew.
      postcopy_ = Postcopy::kAdvised;
      postcopy_ack_due_ = false;
      break;
    case Effect::kListenPostcopy:
      postcopy_ = Postcopy::kListening;
      break;
    case Effect::kEndPostcopy:
      postcopy_ = Postcopy::kOff;
      postcopy_ack_due_ = false;
      break;
    case Effect::kSetInflight:
      inflight_ = true;
      break;
    case Effect::kResetDevice:
      for (RingState& each : rings_) each.enabled = false;
      status_ = 0;
      break;
    case Effect::kSetStatus:
      status_ = static_cast<std::uint8_t>(value);
      break;
  }
}

std::optional<Violation> SessionModel::CheckReply(const Message& request,
                                                  const Message& reply) const {
  const std::string_view subject = request.spec->reply_name;
  const std::uint64_t value = Value(reply);
  const auto changed = [&](Req req, std::string_view field,
                           std::uint64_t before) {
    return Violation{req,    subject, field, kHeaderSize, Relation::kEqual,
                     before, value};
  };
  switch (request.spec->effect) {
    case Effect::kLearnFeatures:
      if (limits_.virtio_features.value_or(value) != value) {
        return changed(Req::FEAT_02, "features", *limits_.virtio_features);
      }
      return std::nullopt;
    case Effect::kStopRing: {
      const bool packed =
          Has(features_.value_or(0), VirtioFeature::RING_PACKED);
      const auto* state = std::get_if<VringState>(&reply.body);
      if (!packed && state != nullptr && state->num > 0xffff) {
        return Violation{Req::GBASE_03,     subject, "num",     kHeaderSize + 4,
                         Relation::kAtMost, 0xffff,  state->num};
      }
      return std::nullopt;
    }
    default:
      return CheckReplyToFetch(request, reply);
  }
}

void SessionModel::ApplyReply(const Message& request, const Message& reply) {
  const std::uint64_t value = Value(reply);
  switch (request.spec->effect) {
    case Effect::kLearnFeatures:
      limits_.virtio_features = value;
      break;
    case Effect::kLearnProtocolFeatures:
      limits_.protocol_features = value;
      break;
    case Effect::kLearnQueueCount:
      limits_.queue_count = static_cast<std::uint32_t>(
          std::min<std::uint64_t>(value, kVringCountMax));
      break;
    case Effect::kLearnMemorySlots:
      limits_.slot_count = value;
      break;
    case Effect::kStopRing:
      if (const auto* state = std::get_if<VringState>(&reply.body)) {
        rings_[state->index % kVringCountMax].base = state->num;
      }
      break;
    default:
      break;
  }
}

std::string_view SessionModel::CheckInvariants() const {
  std::uint32_t started = 0;
  for (const RingState& ring : rings_) {
    if (!ring.started) continue;
    ++started;
    if (!ring.size) return "a ring is started without a size";
    if (!ring.addresses) return "a ring is started without addresses";
  }
  if (started != started_count_) return "started rings are miscounted";
  if (postcopy_ack_due_ && postcopy_ != Postcopy::kListening) {
    return "a postcopy acknowledgement is due outside of postcopy";
  }
  return {};
}

}  // namespace vuspec::protocol
