// Notifications with EVENT_IDX: due, not due, within a batch, across the wrap.
#include "conformance/kit/case.h"
#include "conformance/ring/ring_verbs.h"

namespace vuspec {
namespace {

using protocol::Req;
using protocol::VirtioFeature;
using testing::Eq;

constexpr std::uint64_t kEventIdx = Mask(VirtioFeature::EVENT_IDX);

class EventIdx : public ConformanceCase {
 protected:
  // One request was completed already, so that signals of the start are over.
  Session& StartEventIdx(std::uint16_t base = 0) {
    Session& session =
        StartDevice({.virtio = kPlainVirtio | kEventIdx}, {.base = base});
    CompleteOne(session);
    Settle(session, IoRing(session));
    return session;
  }

  // Makes `count` requests available with one kick.
  void PostBatch(Session& session, int count) {
    for (int i = 0; i < count; ++i) {
      const IoRequest request = Require(session.MakeRequest());
      Require(IoRing(session).PostQuietly(request.segments));
    }
    IoRing(session).Kick();
  }

  static std::uint16_t Plus(std::uint16_t index, int distance) {
    return static_cast<std::uint16_t>(index + distance);
  }
};

CONFORMANCE_CASE(EventIdx, EveryAwaitedCompletionIsNotified,
                 .cites = {Req::VS_37},
                 .needs = {.virtio = kEventIdx, .io = true}) {
  Session& session = StartEventIdx();
  for (int i = 0; i < 16; ++i) CompleteOne(session);
}

CONFORMANCE_CASE(EventIdx, NothingIsNotifiedBeforeTheEvent,
                 .cites = {Req::VS_38},
                 .needs = {.virtio = kEventIdx, .io = true}) {
  Session& session = StartEventIdx();
  SessionRing& ring = IoRing(session);
  ring.driver().SetUsedEvent(Plus(ring.driver().used_index(), 100));
  for (int i = 0; i < 3; ++i) {
    PostOne(session);
    AwaitPolled(session, ring);
  }
  ExpectNotNotified(session, ring);
}

CONFORMANCE_CASE(EventIdx, AnEventThatLiesBehindIsNotNotified,
                 .cites = {Req::VS_38},
                 .needs = {.virtio = kEventIdx, .io = true}) {
  Session& session = StartEventIdx();
  SessionRing& ring = IoRing(session);
  ring.driver().SetUsedEvent(Plus(ring.driver().used_index(), -1));
  PostOne(session);
  AwaitPolled(session, ring);
  ExpectNotNotified(session, ring);
}

CONFORMANCE_CASE(EventIdx, AnEventWithinABatchIsNotified, .cites = {Req::VS_37},
                 .needs = {.virtio = kEventIdx, .io = true}) {
  Session& session = StartEventIdx();
  SessionRing& ring = IoRing(session);
  ring.driver().SetUsedEvent(Plus(ring.driver().used_index(), 4));
  PostBatch(session, 8);
  EXPECT_TRUE(ring.call().Wait(CurrentRun().ForAnswer()).ok())
      << "the used index passed the event and nothing was signalled";
  for (int i = 0; i < 8; ++i) AwaitPolled(session, ring);
}

CONFORMANCE_CASE(EventIdx, TheLastOfABatchIsNotified, .cites = {Req::VS_37},
                 .needs = {.virtio = kEventIdx, .io = true}) {
  Session& session = StartEventIdx();
  SessionRing& ring = IoRing(session);
  ring.driver().SetUsedEvent(Plus(ring.driver().used_index(), 7));
  PostBatch(session, 8);
  EXPECT_TRUE(ring.call().Wait(CurrentRun().ForAnswer()).ok());
  for (int i = 0; i < 8; ++i) AwaitPolled(session, ring);
}

CONFORMANCE_CASE(EventIdx, TheFlagOfTheAvailRingMeansNothing,
                 .cites = {Req::VS_39},
                 .needs = {.virtio = kEventIdx, .io = true}) {
  Session& session = StartEventIdx();
  SessionRing& ring = IoRing(session);
  ring.driver().SuppressInterrupts(true);
  for (int i = 0; i < 4; ++i) CompleteOne(session);
}

CONFORMANCE_CASE(EventIdx, NotificationsGoOnAcrossTheWrap,
                 .cites = {Req::VS_42},
                 .needs = {.virtio = kEventIdx, .io = true}) {
  Session& session = StartEventIdx(65529);
  for (int i = 0; i < 16; ++i) CompleteOne(session);
}

CONFORMANCE_CASE(EventIdx, ABatchAcrossTheWrapIsNotifiedAtItsEvent,
                 .cites = {Req::VS_42, Req::VS_37},
                 .needs = {.virtio = kEventIdx, .io = true}) {
  Session& session = StartEventIdx(65532);
  SessionRing& ring = IoRing(session);
  ring.driver().SetUsedEvent(0);
  PostBatch(session, 8);
  EXPECT_TRUE(ring.call().Wait(CurrentRun().ForAnswer()).ok());
  for (int i = 0; i < 8; ++i) AwaitPolled(session, ring);
}

CONFORMANCE_CASE(EventIdx, NoKickIsMissedThatTheDeviceAskedFor,
                 .cites = {Req::VS_41, Req::VS_43},
                 .needs = {.virtio = kEventIdx, .io = true}) {
  Session& session = StartEventIdx();
  for (int i = 0; i < 200; ++i) {
    PostOne(session);  // kicks only when the device wants it
    if (i % 3 == 2) {
      for (int j = 0; j < 3; ++j) Require(IoRing(session).Await());
    }
  }
}

CONFORMANCE_CASE(EventIdx, UsedFlagsStayZero, .cites = {Req::VS_40},
                 .needs = {.virtio = kEventIdx, .io = true}) {
  Session& session = StartEventIdx();
  for (int i = 0; i < 8; ++i) {
    CompleteOne(session);
    EXPECT_THAT(IoRing(session).driver().CheckUsedFlags(), Eq(std::nullopt));
  }
}

CONFORMANCE_CASE(EventIdx, IsNotForgottenOverAStop,
                 .cites = {Req::VS_37, Req::FEAT_18},
                 .needs = {.virtio = kEventIdx, .io = true}) {
  Session& session = StartEventIdx();
  SessionRing& ring = IoRing(session);
  Require(ring.Restart(Require(ring.Stop())));
  CompleteOne(session);
  Settle(session, ring);
  ring.driver().SetUsedEvent(Plus(ring.driver().used_index(), 100));
  PostOne(session);
  AwaitPolled(session, ring);
  ExpectNotNotified(session, ring);
}

// What the ring features are depends on SET_FEATURES alone.
CONFORMANCE_CASE(EventIdx, NeedsNoSetVringBase,
                 .cites = {Req::FEAT_18, Req::VBASE_09},
                 .needs = {.virtio = kEventIdx, .device = "blk"}) {
  Session& session = StartSession({.virtio = kPlainVirtio | kEventIdx});
  SessionRing& ring = *Require(session.MakeRing(0));
  Require(session.frontend().SetVringNum(0, ring.options().size));
  Require(session.frontend().SetVringAddr(ring.Addresses()));
  Require(session.frontend().SetVringCall(0, ring.call().fd()));
  Require(ring.Start());
  Require(ring.Enable(true));
  for (int i = 0; i < 4; ++i) CompleteOne(session);
}

}  // namespace
}  // namespace vuspec
