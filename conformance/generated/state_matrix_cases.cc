// Every message in every state of a ring. The session model says which are
// legal: those are taken; what becomes of the others is open, but they are
// answered, and harm nobody.
#include <string>

#include "conformance/generated/draft.h"
#include "conformance/generated/generated.h"
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"
#include "protocol/message_spec.h"

namespace vuspec {
namespace {

using protocol::Effect;
using protocol::MessageSpec;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;
using protocol::VirtioFeature;

enum class State {
  kNegotiating,
  kBare,
  kStoppedDisabled,
  kStoppedEnabled,
  kStartedDisabled,
  kStartedEnabled,
};

struct StateRow {
  State state;
  const char* name;
  const char* text;
  Req req;
};
constexpr StateRow kStates[] = {
    {State::kNegotiating, "Negotiating", "before SET_FEATURES", Req::PF_03},
    {State::kBare, "Bare", "to a ring that is not described", Req::RING_16},
    {State::kStoppedDisabled, "StoppedDisabled", "to a stopped, disabled ring",
     Req::RING_01},
    {State::kStoppedEnabled, "StoppedEnabled", "to a stopped, enabled ring",
     Req::RING_03},
    {State::kStartedDisabled, "StartedDisabled", "to a started, disabled ring",
     Req::RING_09},
    {State::kStartedEnabled, "StartedEnabled", "to a started, enabled ring",
     Req::RING_06},
};

// Leaves every ring as it is, and all that a ring needs.
bool IsNeutral(const MessageSpec& spec) {
  switch (spec.effect) {
    case Effect::kNone:
      return spec.id != static_cast<std::uint32_t>(Request::IOTLB_MSG) &&
             spec.id != static_cast<std::uint32_t>(Request::SET_VRING_ENDIAN);
    case Effect::kLearnFeatures:
    case Effect::kLearnProtocolFeatures:
    case Effect::kLearnQueueCount:
    case Effect::kLearnMemorySlots:
    case Effect::kSetFeatures:
    case Effect::kSetOwner:
    case Effect::kSetErr:
    case Effect::kOpenBackendChannel:
      return true;
    default:
      return false;
  }
}

class StateMatrix : public ConformanceCase {
 public:
  StateMatrix(const MessageSpec& spec, State state)
      : spec_(spec), state_(state) {}

  void TestBody() override {
    if (state_ == State::kNegotiating) return SendNegotiating();
    Session& session = StartSession(OptionsFor(spec_));
    Reach(session);
    const Draft draft =
        DraftOf(spec_, session.memory(), session.negotiated().virtio,
                session.negotiated().protocol);
    const auto& model = session.frontend().model();
    const bool legal = !model.CheckRequest(MessageOf(draft, model.context()));
    const Outcome outcome = Ask(Raw(session), draft);
    Judge(outcome, legal);
    if (legal && !outcome.closed && IsNeutral(spec_)) ExpectUnchanged(session);
  }

 private:
  void SendNegotiating();
  void Reach(Session& session);
  void Judge(const Outcome& outcome, bool legal) const;
  void ExpectUnchanged(Session& session);

  const MessageSpec& spec_;
  const State state_;
};

void StateMatrix::SendNegotiating() {
  const SessionOptions options = OptionsFor(spec_);
  const std::uint64_t features = options.protocol & probe().protocol_features;
  RawFrontend& raw = *ConnectRaw().operator->();
  Ask(raw, MakeRequest(Request::SET_OWNER));
  Ask(raw,
      MakeRequest(Request::SET_PROTOCOL_FEATURES, protocol::U64{features}));
  raw.set_context(protocol::WireContext::Of(features));
  GuestMemory memory = Require(GuestMemory::CreateDefault());
  Judge(Ask(raw, DraftOf(spec_, memory,
                         options.virtio & probe().virtio_features, features)),
        false);
}

void StateMatrix::Reach(Session& session) {
  SessionRing& ring = *Require(session.MakeRing(0));
  if (state_ == State::kBare) return;
  Require(ring.Configure());
  if (state_ >= State::kStartedDisabled) Require(ring.Start());
  if (state_ == State::kStoppedEnabled || state_ == State::kStartedEnabled) {
    Require(ring.Enable(true));
  }
}

void StateMatrix::Judge(const Outcome& outcome, bool legal) const {
  // A second SET_OWNER may be refused, and so may be to take the memory of a
  // ring away.
  const bool open = spec_.effect == Effect::kSetOwner ||
                    spec_.effect == Effect::kRemoveRegion;
  if (legal && !open && IsTakenByEveryDevice(spec_)) {
    EXPECT_THAT(outcome, IsTaken());
  } else if (spec_.answer == protocol::Answer::kReply) {
    EXPECT_THAT(outcome, IsSurvived());
  } else {
    EXPECT_THAT(outcome, IsAnswered());
  }
}

// A disk shows it: a ring that ran still does, one that did not does not.
void StateMatrix::ExpectUnchanged(Session& session) {
  const bool with_status =
      Has(session.negotiated().protocol, ProtocolFeature::STATUS);
  if (CurrentRun().device() != "blk" || with_status) return;
  if (state_ == State::kStartedEnabled) return CompleteOne(session);
  if (state_ == State::kStartedDisabled || state_ == State::kBare) return;
  SessionRing& ring = IoRing(session);
  ring.call().TryConsume();  // a signal at its assignment is allowed (CALL-12)
  PostOne(session);
  ExpectIdle(session, ring);
}

int RegisterMatrix() {
  for (const MessageSpec& spec : AllMessages(protocol::Channel::kMain)) {
    for (const StateRow& row : kStates) {
      const std::string name(spec.name);
      Needs needs = NeedsFor(spec);
      needs.virtio |= Mask(VirtioFeature::PROTOCOL_FEATURES);
      RegisterGenerated({.id = "StateMatrix." + name + "_" + row.name,
                         .cites = {row.req, spec.cites},
                         .needs = needs,
                         .summary = name + " " + row.text},
                        __FILE__, __LINE__, [&spec, &row] {
                          return new StateMatrix(spec, row.state);
                        });
    }
  }
  return 0;
}

[[maybe_unused]] const int registered = RegisterMatrix();

}  // namespace
}  // namespace vuspec
