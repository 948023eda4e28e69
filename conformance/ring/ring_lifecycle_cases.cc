// Ring states: started and enabled, and what GET_VRING_BASE, SET_VRING_KICK and
// SET_VRING_ENABLE do to them.
#include "conformance/kit/case.h"
#include "conformance/ring/disabled_ring.h"

namespace vuspec {
namespace {

using protocol::Ambiguity;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::VirtioFeature;
using testing::Eq;

class RingLifecycle : public DisabledRingCase {};

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
                 .cites = {Req::GBASE_03, Req::GBASE_05},
                 .needs = {.io = true}) {
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
                 .cites = {Req::GBASE_15}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  CompleteOne(session);
  const auto base = Require(ring.Stop());
  const IoRequest request = Require(session.MakeRequest());
  Require(ring.PostQuietly(request.segments));
  Require(ring.Restart(base));
  ring.Kick();
  const Completion completion = Require(ring.Await());
  EXPECT_THAT(request.judge(completion), Eq(std::nullopt));
  CompleteOne(session);
}

CONFORMANCE_CASE(RingLifecycle, StoppedRingKeepsItsSizeAndAddresses,
                 .cites = {Req::KICK_17}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  CompleteOne(session);
  const auto base = Require(ring.Stop());
  Require(session.frontend().SetVringBase(ring.index(), base.num));
  Require(session.frontend().SetVringCall(ring.index(), ring.call().fd()));
  Require(ring.Start());
  CompleteOne(session);
}

// The text keeps the configuration over a stop; many back-ends drop the call
// descriptor (docs/ambiguities.md, AMB-call-after-stop).
CONFORMANCE_CASE(RingLifecycle, StoppedRingKeepsItsCallDescriptor,
                 .cites = {Req::KICK_17}, .needs = {.io = true},
                 .open = {Ambiguity::kCallAfterStop}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  auto closed = Require(Pipe::Create());
  Require(session.frontend().SetVringCall(ring.index(), closed.write_fd()));
  closed.CloseWriteEnd();
  Require(ring.Stop());
  Require(session.frontend().Fence());
  if (closed.HungUp()) {
    CurrentCase().AmbigCase("the call descriptor was closed by the stop");
  }
}

CONFORMANCE_CASE(RingLifecycle, BuffersAvailableAtTheStartNeedNoKick,
                 .cites = {Req::KICK_03}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  const auto base = Require(ring.Stop());
  const IoRequest request = Require(session.MakeRequest());
  Require(ring.PostQuietly(request.segments));
  Require(ring.Restart(base));
  EXPECT_THAT(ring.Await(), Succeeds());
}

CONFORMANCE_CASE(RingLifecycle, EnableSurvivesAStopAndStart,
                 .cites = {Req::RING_12}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  Require(ring.Restart(Require(ring.Stop())));
  CompleteOne(session);
}

CONFORMANCE_CASE(RingLifecycle, DisabledRingHasNoEffectOnTheDisk,
                 .cites = {Req::RING_04, Req::RING_05, Req::RING_10},
                 .needs = {.virtio = Mask(VirtioFeature::PROTOCOL_FEATURES),
                           .device = "blk"},
                 .open = {Ambiguity::kDisabledRing}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  Require(ring.Enable(false));
  ExpectWriteHasNoEffect(session, ring);
}

CONFORMANCE_CASE(RingLifecycle, BuffersOfADisabledRingCompleteOnceEnabled,
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

}  // namespace
}  // namespace vuspec
