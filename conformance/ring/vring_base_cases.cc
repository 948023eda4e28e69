// The index that GET_VRING_BASE answers, and going on from it.
#include "conformance/kit/case.h"

namespace vuspec {
namespace {

using protocol::MakeRequest;
using protocol::Req;
using protocol::Request;
using protocol::VringState;
using testing::Eq;

CONFORMANCE_SUITE(VringBase);

CONFORMANCE_CASE(VringBase, StopUnderLoadCompletesWhatWasFetched,
                 .cites = {Req::GBASE_05, Req::GBASE_06},
                 .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  for (int i = 0; i < 32; ++i) PostOne(session);
  const auto base = Require(ring.Stop());
  EXPECT_EQ(base.num, ring.driver().view().used_index());
}

CONFORMANCE_CASE(VringBase, RestartUnderLoadLosesAndRepeatsNothing,
                 .cites = {Req::GBASE_15, Req::VS_16}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  for (int round = 0; round < 8; ++round) {
    for (int i = 0; i < 8; ++i) PostOne(session);
    Require(ring.Restart(Require(ring.Stop())));
    ring.Kick();
    for (int i = 0; i < 8; ++i) Require(ring.Await());
  }
  Require(session.frontend().Fence());
  EXPECT_FALSE(Require(ring.Poll()).has_value()) << "a request was repeated";
}

CONFORMANCE_CASE(VringBase, WrapsAt16Bits,
                 .cites = {Req::GBASE_14, Req::VBASE_07},
                 .needs = {.io = true}) {
  Session& session = StartDevice({}, {.base = 65533});
  for (int i = 0; i < 8; ++i) CompleteOne(session);
  SessionRing& ring = IoRing(session);
  const auto base = Require(ring.Stop());
  EXPECT_EQ(base.num, ring.avail_index());
  Require(ring.Restart(base));
  CompleteOne(session);
}

CONFORMANCE_CASE(VringBase, OfARingNeverStartedIsWhatWasSet,
                 .cites = {Req::GBASE_12}) {
  Session& session = StartSession();
  EXPECT_EQ(Require(session.frontend().GetVringBase(0)).num, 0u);
  Require(session.frontend().SetVringBase(0, 9));
  EXPECT_EQ(Require(session.frontend().GetVringBase(0)).num, 9u);
}

CONFORMANCE_CASE(VringBase, NamesTheRingThatWasAsked, .cites = {Req::GBASE_01},
                 .needs = {.queues = 2}) {
  Session& session = StartSession();
  for (const std::uint32_t index : {0u, 1u}) {
    EXPECT_EQ(Require(session.frontend().GetVringBase(index)).index, index);
  }
}

CONFORMANCE_CASE(VringBase, NeedReplyYieldsTheOneReplyOnly,
                 .cites = {Req::GBASE_16},
                 .needs = {
                     .protocol = Mask(protocol::ProtocolFeature::REPLY_ACK)}) {
  Session& session = StartSession();
  protocol::Message ask = MakeRequest(Request::GET_VRING_BASE, VringState{});
  ask.flags |= protocol::kNeedReplyFlag;
  const Outcome outcome =
      session.raw().Exchange(ask, {}, CurrentRun().ForAnswer());
  EXPECT_EQ(outcome.kind, Outcome::kReplied) << outcome;
  const auto& wrong = outcome.violation;
  EXPECT_FALSE(wrong.has_value() && wrong->req == Req::HDR_09) << outcome;
}

CONFORMANCE_CASE(VringBase, ReservedFieldOfTheRequestChangesNothing,
                 .cites = {Req::GBASE_09}, .needs = {.io = true}) {
  Session& session = StartDevice();
  CompleteOne(session);
  SessionRing& ring = IoRing(session);
  const Outcome outcome =
      Provoke(session, MakeRequest(Request::GET_VRING_BASE,
                                   VringState{ring.index(), 0xdeadbeef}));
  ASSERT_EQ(outcome.kind, Outcome::kReplied) << outcome;
  const std::uint64_t expected =
      std::uint64_t{ring.avail_index()} << 32 | ring.index();
  EXPECT_EQ(outcome.value, expected);
}

CONFORMANCE_CASE(VringBase, MemoryMayBeTakenFromAStoppedRing,
                 .cites = {Req::GBASE_18, Req::SUSP_04},
                 .needs = {.io = true}) {
  Session& session = StartDevice();
  CompleteOne(session);
  for (const std::uint32_t queue : session.driver()->profile().queues) {
    Require(session.ring(queue).Stop());
  }
  auto other = Require(GuestMemory::Create(std::vector<RegionSpec>{
      {.guest_address = 0x7000'0000, .size = 1 << 20}}));
  Require(session.ShareMemory(std::move(other)));
  EXPECT_THAT(session.frontend().Fence(), Succeeds());
}

// A driver that is loaded again begins with empty rings and index 0.
CONFORMANCE_CASE(VringBase, AHundredDriverReloads,
                 .cites = {Req::KICK_17, Req::VBASE_01, Req::VBASE_02},
                 .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  for (int reload = 0; reload < 100; ++reload) {
    CompleteOne(session);
    Require(ring.Stop());
    ring.driver().StartAt(0);
    Require(ring.Restart({ring.index(), 0}));
  }
  CompleteOne(session);
}

}  // namespace
}  // namespace vuspec
