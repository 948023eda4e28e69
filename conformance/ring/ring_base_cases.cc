// SET_VRING_BASE: where a ring begins. What GET_VRING_BASE answers stands in
// VringBase.
#include "conformance/kit/case.h"

namespace vuspec {
namespace {

using protocol::MakeRequest;
using protocol::Req;
using protocol::Request;
using protocol::VringState;

class RingBase : public ConformanceCase {
 protected:
  // Rings that begin at different places in the available and used ring.
  Session& StartAt(std::uint16_t avail_index, std::uint16_t used_index) {
    Session& session = StartSession();
    for (const std::uint32_t queue : session.driver()->profile().queues) {
      SessionRing& ring = *Require(session.MakeRing(queue));
      ring.driver().StartAt(avail_index, used_index);
      Require(ring.Bring());
    }
    Require(session.driver()->Prepare(session));
    return session;
  }
};

CONFORMANCE_CASE(RingBase, RingBeginsAtItsBase,
                 .cites = {Req::VBASE_01, Req::VBASE_02},
                 .needs = {.io = true}) {
  Session& session = StartDevice({}, {.base = 5});
  for (int i = 0; i < 4; ++i) CompleteOne(session);
}

CONFORMANCE_CASE(RingBase, UsedIndexComesFromTheUsedRing,
                 .cites = {Req::VBASE_02}, .needs = {.io = true}) {
  Session& session = StartAt(5, 3);
  for (int i = 0; i < 4; ++i) CompleteOne(session);
}

CONFORMANCE_CASE(RingBase, BaseMayBeAboveTheSize,
                 .cites = {Req::VBASE_01, Req::VBASE_07},
                 .needs = {.io = true}) {
  Session& session = StartDevice({}, {.size = 64, .base = 1000});
  for (int i = 0; i < 4; ++i) CompleteOne(session);
}

CONFORMANCE_CASE(RingBase, IndicesWrapAt65536, .cites = {Req::VBASE_07},
                 .needs = {.io = true}) {
  Session& session = StartDevice({}, {.base = 65534});
  const std::uint16_t before = IoRing(session).avail_index();
  for (int i = 0; i < 4; ++i) CompleteOne(session);
  EXPECT_EQ(Require(IoRing(session).Stop()).num, (before + 4) & 0xffff);
}

CONFORMANCE_CASE(RingBase, NothingIsAvailableAtItsBase,
                 .cites = {Req::VBASE_08}, .needs = {.io = true}) {
  Session& session = StartDevice({}, {.base = 7});
  SessionRing& ring = IoRing(session);
  ring.call().TryConsume();  // signals at the start are allowed
  ring.Kick();
  ExpectIdle(session, ring);
}

CONFORMANCE_CASE(RingBase, RingWithoutABaseBeginsAtZero,
                 .cites = {Req::VBASE_09}, .needs = {.io = true}) {
  Session& session = StartSession();
  for (const std::uint32_t queue : session.driver()->profile().queues) {
    SessionRing& ring = *Require(session.MakeRing(queue));
    Frontend& frontend = session.frontend();
    Require(frontend.SetVringNum(queue, ring.options().size));
    Require(frontend.SetVringAddr(ring.Addresses()));
    Require(frontend.SetVringCall(queue, ring.call().fd()));
    Require(ring.Start());
    Require(ring.Enable(true));
  }
  Require(session.driver()->Prepare(session));
  CompleteOne(session);
}

CONFORMANCE_CASE(RingBase, TheLastBaseCounts, .cites = {Req::VBASE_01},
                 .needs = {.io = true}) {
  Session& session = StartSession();
  for (const std::uint32_t queue : session.driver()->profile().queues) {
    SessionRing& ring = *Require(session.MakeRing(queue));
    Require(session.frontend().SetVringBase(queue, 77));
    Require(session.frontend().SetVringBase(queue, 99));
    Require(ring.Bring());
  }
  Require(session.driver()->Prepare(session));
  CompleteOne(session);
}

CONFORMANCE_CASE(RingBase, UpperBitsAreRefusedOrNoPartOfTheIndex,
                 .cites = {Req::VBASE_04}, .needs = {.io = true}) {
  Session& session = StartSession();
  for (const std::uint32_t queue : session.driver()->profile().queues) {
    SessionRing& ring = *Require(session.MakeRing(queue, {.base = 5}));
    Require(ring.Configure(0));
    const Outcome outcome = Provoke(
        session,
        MakeRequest(Request::SET_VRING_BASE, VringState{queue, 0x1'0005}));
    EXPECT_THAT(outcome, IsDecided());
    if (outcome.closed) return;
    if (outcome.refused()) Require(session.frontend().SetVringBase(queue, 5));
    Require(ring.Start());
    Require(ring.Enable(true));
  }
  Require(session.driver()->Prepare(session));
  CompleteOne(session);
}

}  // namespace
}  // namespace vuspec
