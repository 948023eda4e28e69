// Ring states: started and enabled, and what GET_VRING_BASE, SET_VRING_KICK and
// SET_VRING_ENABLE do to them.
#include "conformance/case.h"

namespace vuspec {
namespace {

using protocol::ProtocolFeature;
using protocol::Req;
using protocol::VirtioFeature;
using testing::Eq;

CONFORMANCE_SUITE(RingLifecycle);

CONFORMANCE_CASE(RingLifecycle, StartedAndEnabledRingCompletesRequests,
                 .cites = {Req::RING_06, Req::KICK_01}, .needs = {.io = true}) {
  Session& session = StartDevice();
  for (int i = 0; i < 8; ++i) CompleteOne(session);
}

CONFORMANCE_CASE(RingLifecycle, GetVringBaseStopsTheRing,
                 .cites = {Req::GBASE_02}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  CompleteOne(session);
  Require(ring.Stop());
  PostOne(session);
  ring.Kick();
  ExpectIdle(session, ring);
}

CONFORMANCE_CASE(RingLifecycle, GetVringBaseAnswersTheNextAvailableIndex,
                 .cites = {Req::GBASE_03, Req::GBASE_05}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  for (int i = 0; i < 3; ++i) CompleteOne(session);
  EXPECT_EQ(Require(ring.Stop()).num, ring.avail_index());
}

CONFORMANCE_CASE(RingLifecycle, GetVringBaseTwiceAnswersTheSame,
                 .cites = {Req::GBASE_13}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  CompleteOne(session);
  const auto first = Require(ring.Stop());
  EXPECT_EQ(Require(ring.Stop()).num, first.num);
}

CONFORMANCE_CASE(RingLifecycle, RestartResumesWhereTheRingStopped,
                 .cites = {Req::GBASE_15, Req::KICK_17}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  CompleteOne(session);
  const auto base = Require(ring.Stop());
  const IoRequest request = Require(session.MakeRequest());
  Require(ring.PostQuietly(request.segments));
  Require(session.frontend().SetVringBase(ring.index(), base.num));
  Require(ring.Start());
  ring.Kick();
  const Completion completion = Require(ring.Await());
  EXPECT_THAT(request.judge(completion), Eq(std::nullopt));
  CompleteOne(session);
}

CONFORMANCE_CASE(RingLifecycle, DisabledRingDoesNotExecuteRequests,
                 .cites = {Req::RING_04, Req::RING_05, Req::RING_09},
                 .needs = {.virtio = Mask(VirtioFeature::PROTOCOL_FEATURES),
                           .device = "blk"}) {
  Session& session = StartSession();
  SessionRing& ring = *Require(session.StartRing(0, {.enable = false}));
  PostOne(session);
  ExpectIdle(session, ring);
}

CONFORMANCE_CASE(RingLifecycle, KickBeforeEnableIsNotLost,
                 .cites = {Req::KICK_15, Req::RING_11},
                 .needs = {.virtio = Mask(VirtioFeature::PROTOCOL_FEATURES),
                           .device = "blk"}) {
  Session& session = StartSession();
  SessionRing& ring = *Require(session.StartRing(0, {.enable = false}));
  PostOne(session);
  Require(session.frontend().Fence());
  Require(ring.Enable(true));
  EXPECT_THAT(ring.Await(), Succeeds());
}

CONFORMANCE_CASE(RingLifecycle, BuffersAvailableAtTheStartNeedNoKick,
                 .cites = {Req::KICK_03}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  Require(ring.Stop());
  const IoRequest request = Require(session.MakeRequest());
  Require(ring.PostQuietly(request.segments));
  Require(ring.Start());
  EXPECT_THAT(ring.Await(), Succeeds());
}

CONFORMANCE_CASE(RingLifecycle, EnableSurvivesAStopAndStart,
                 .cites = {Req::RING_12}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  Require(ring.Stop());
  Require(ring.Start());
  CompleteOne(session);
}

}  // namespace
}  // namespace vuspec
