// The two bits of a ring, started and enabled, in all their combinations, and
// the index at which it stops and goes on.
#include <array>

#include "conformance/kit/case.h"
#include "conformance/ring/disabled_ring.h"

namespace vuspec {
namespace {

using protocol::Ambiguity;
using protocol::MakeRequest;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;
using protocol::VirtioFeature;
using protocol::VringState;
using testing::Eq;

constexpr std::uint64_t kBit30 = Mask(VirtioFeature::PROTOCOL_FEATURES);

class RingState : public DisabledRingCase {
 protected:
  void CompleteOn(Session& session, std::uint32_t queue) {
    const IoRequest request = Require(session.MakeRequest());
    Require(Perform(session, queue, request));
  }

  // As a front-end without protocol features: bit 30 is offered and not taken.
  Session& StartWithoutBit30() {
    Session& session = StartSession();
    Require(
        session.frontend().SetFeatures(session.negotiated().virtio & ~kBit30));
    return session;
  }
};

CONFORMANCE_CASE(RingState, RingsBeginDisabled,
                 .cites = {Req::RING_01, Req::RING_09},
                 .needs = {.virtio = kBit30, .device = "blk"}) {
  Session& session = StartSession();
  ExpectWriteHasNoEffect(session,
                         *Require(session.StartRing(0, {.enable = false})));
}

CONFORMANCE_CASE(RingState, EnabledRingStaysIdleUntilItsFirstKickDescriptor,
                 .cites = {Req::RING_01, Req::RING_02},
                 .needs = {.virtio = kBit30, .device = "blk"}) {
  Session& session = StartSession();
  SessionRing& ring = *Require(session.MakeRing(0));
  Require(ring.Configure());
  PostOne(session);
  Require(ring.Enable(true));
  ring.call().TryConsume();  // a signal at its assignment is allowed (CALL-12)
  ExpectIdle(session, ring);
  Require(ring.Start());
  ring.Kick();
  EXPECT_THAT(ring.Await(), Succeeds());
}

CONFORMANCE_CASE(RingState, EnableValuesAbove1AreRefusedOrEnable,
                 .cites = {Req::ENA_03},
                 .needs = {.virtio = kBit30, .io = true},
                 .open = {Ambiguity::kEnableValue}) {
  Session& session = StartSession();
  for (const std::uint32_t queue : session.driver()->profile().queues) {
    Require(session.StartRing(queue, {.enable = false}));
    const Outcome outcome = Provoke(
        session, MakeRequest(Request::SET_VRING_ENABLE, VringState{queue, 2}));
    EXPECT_THAT(outcome, IsDecided());
    CurrentCase().AmbigCase("SET_VRING_ENABLE with 2: " + ToString(outcome));
    if (outcome.refused() || outcome.closed) return;
  }
  Require(session.driver()->Prepare(session));
  Require(session.driver()->VerifiedIo(session, seed()));
}

CONFORMANCE_CASE(RingState, EnableOfAStoppedRingTakesEffectAtItsStart,
                 .cites = {Req::RING_03, Req::RING_16},
                 .needs = {.virtio = kBit30, .device = "blk"}) {
  Session& session = StartSession();
  SessionRing& ring = *Require(session.MakeRing(0));
  Require(ring.Enable(true));
  Require(ring.Configure());
  Require(ring.Start());
  CompleteOne(session);
}

CONFORMANCE_CASE(RingState, DisableOfAStoppedRingTakesEffectAtItsStart,
                 .cites = {Req::RING_03},
                 .needs = {.virtio = kBit30, .device = "blk"}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  const auto base = Require(ring.Stop());
  Require(ring.Enable(false));
  Require(ring.Restart(base));
  ExpectWriteHasNoEffect(session, ring);
}

CONFORMANCE_CASE(RingState, StopAndStartKeepARingDisabled,
                 .cites = {Req::RING_12},
                 .needs = {.virtio = kBit30, .device = "blk"}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  Require(ring.Enable(false));
  Require(ring.Restart(Require(ring.Stop())));
  ExpectWriteHasNoEffect(session, ring);
}

CONFORMANCE_CASE(RingState, EnableAndDisableMayBeRepeated,
                 .cites = {Req::ENA_01, Req::ENA_07},
                 .needs = {.virtio = kBit30, .io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  for (const bool on : {true, false, false, true, true}) {
    EXPECT_THAT(ring.Enable(on), Succeeds());
  }
  CompleteOne(session);
}

CONFORMANCE_CASE(RingState, TogglingUnderLoadLosesNoRequest,
                 .cites = {Req::ENA_08, Req::RING_11},
                 .needs = {.virtio = kBit30, .device = "blk"}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  for (int i = 0; i < 32; ++i) {
    PostOne(session);
    Require(ring.Enable(false));
    Require(ring.Enable(true));
  }
  for (int i = 0; i < 32; ++i) Require(ring.Await());
}

CONFORMANCE_CASE(RingState, FeaturesWithoutBit30EnableEveryStoppedRing,
                 .cites = {Req::RING_19, Req::FEAT_09},
                 .needs = {.virtio = kBit30, .device = "blk"}) {
  Session& session = StartSession();
  Require(session.frontend().SetVringEnable(0, false));
  Require(
      session.frontend().SetFeatures(session.negotiated().virtio & ~kBit30));
  Require(session.StartRing(0, {.enable = false}));
  CompleteOne(session);
}

CONFORMANCE_CASE(RingState, EnableIsNoMessageWithoutBit30,
                 .cites = {Req::ENA_02},
                 .needs = {.virtio = kBit30, .device = "blk"},
                 .open = {Ambiguity::kEnableWithoutBit30}) {
  Session& session = StartWithoutBit30();
  Require(session.StartRing(0, {.enable = false}));
  const Outcome outcome =
      Provoke(session, MakeRequest(protocol::Request::SET_VRING_ENABLE,
                                   protocol::VringState{0, 0}));
  EXPECT_THAT(outcome, IsSurvived());
  CurrentCase().AmbigCase("SET_VRING_ENABLE without bit 30: " +
                          ToString(outcome));
  if (!outcome.closed) CompleteOne(session);
}

CONFORMANCE_CASE(RingState, FeaturesSentAgainKeepARingRunning,
                 .cites = {Req::FEAT_10},
                 .needs = {.virtio = kBit30, .io = true}) {
  Session& session = StartDevice();
  CompleteOne(session);
  Require(session.frontend().SetFeatures(session.negotiated().virtio));
  CompleteOne(session);
}

CONFORMANCE_CASE(RingState, FeaturesSentAgainKeepARingDisabled,
                 .cites = {Req::FEAT_10},
                 .needs = {.virtio = kBit30, .device = "blk"}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  Require(ring.Enable(false));
  Require(session.frontend().SetFeatures(session.negotiated().virtio));
  ExpectWriteHasNoEffect(session, ring);
}

CONFORMANCE_CASE(RingState, DisablingOneRingLeavesTheOtherEnabled,
                 .cites = {Req::RING_13, Req::MQ_05},
                 .needs = {.virtio = kBit30, .queues = 2, .device = "blk"}) {
  Session& session = StartDevice();
  SessionRing& other = *Require(session.StartRing(1));
  Require(other.Enable(false));
  CompleteOn(session, 0);
  Require(IoRing(session).Enable(false));
  Require(other.Enable(true));
  CompleteOn(session, 1);
}

CONFORMANCE_CASE(RingState, StoppingOneRingLeavesTheOtherRunning,
                 .cites = {Req::GBASE_17, Req::RING_13},
                 .needs = {.queues = 2, .device = "blk"}) {
  Session& session = StartDevice();
  Require(session.StartRing(1));
  CompleteOn(session, 1);
  Require(IoRing(session).Stop());
  CompleteOn(session, 1);
}

// The receive side of a network device has nothing to do with its transmit
// side.
CONFORMANCE_CASE(RingState, StoppingReceptionLeavesTransmissionRunning,
                 .cites = {Req::GBASE_17, Req::RING_13},
                 .needs = {.queues = 2, .device = "net"}) {
  Session& session = StartDevice();
  CompleteOne(session);
  Require(session.ring(0).Stop());
  CompleteOne(session);
}

CONFORMANCE_CASE(RingState, ADisabledRingCanBeStopped,
                 .cites = {Req::RING_17, Req::GBASE_05},
                 .needs = {.virtio = kBit30, .device = "blk"}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  CompleteOne(session);
  Require(ring.Enable(false));
  for (int i = 0; i < 3; ++i) PostOne(session);
  EXPECT_EQ(Require(ring.Stop()).num, ring.driver().view().used_index());
}

CONFORMANCE_CASE(RingState, KickWhileDisabledIsNotLost, .cites = {Req::KICK_15},
                 .needs = {.virtio = kBit30, .device = "blk"}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  Require(ring.Enable(false));
  PostOne(session);
  ring.Kick();
  Require(session.frontend().Fence());
  Require(ring.Enable(true));
  EXPECT_THAT(ring.Await(), Succeeds());
}

CONFORMANCE_CASE(RingState, KickWhileStoppedIsNotLost, .cites = {Req::KICK_15},
                 .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  const auto base = Require(ring.Stop());
  PostOne(session);
  ring.Kick();
  Require(session.frontend().Fence());
  Require(ring.Restart(base));
  EXPECT_THAT(ring.Await(), Succeeds());
}

}  // namespace
}  // namespace vuspec
