// Kick and call: which descriptor wakes which ring, what replaces it, and what
// goes without one. How descriptors are closed stands in RingDescriptors.
#include "conformance/kit/case.h"
#include "conformance/ring/ring_verbs.h"

namespace vuspec {
namespace {

using protocol::Ambiguity;
using protocol::MakeRequest;
using protocol::Req;
using protocol::Request;
using protocol::U64;

constexpr std::uint64_t kBit20 = std::uint64_t{1} << 20;

class Notification : public ConformanceCase {
 protected:
  // The rings of the device without one of their messages.
  template <typename Describe>
  Session& StartDescribedBy(Describe describe) {
    Session& session = StartSession();
    for (const std::uint32_t queue : session.driver()->profile().queues) {
      SessionRing& ring = *Require(session.MakeRing(queue));
      Require(session.frontend().SetVringNum(queue, ring.options().size));
      Require(session.frontend().SetVringBase(queue, 0));
      Require(session.frontend().SetVringAddr(ring.Addresses()));
      describe(session, ring);
      Require(ring.Start());
      Require(ring.Enable(true));
    }
    return session;
  }
  // Posts a request and kicks this event instead of the ring's.
  void PostAndSignal(Session& session, const Event& kick) {
    const IoRequest request = Require(session.MakeRequest());
    Require(IoRing(session).PostQuietly(request.segments));
    kick.Signal();
  }
};

CONFORMANCE_CASE(Notification, EachKickWakesItsOwnRing,
                 .cites = {Req::KICK_01, Req::CALL_01},
                 .needs = {.queues = 2, .device = "blk"}) {
  Session& session = StartSession();
  for (const std::uint32_t queue : {0u, 1u}) Require(session.StartRing(queue));
  Require(session.frontend().Fence());
  session.ring(0).call().TryConsume();  // a signal at the start is allowed
  for (int i = 0; i < 4; ++i) {
    const IoRequest request = Require(session.MakeRequest());
    Require(Perform(session, 1, request));
  }
  EXPECT_EQ(session.ring(0).call().TryConsume(), 0u)
      << "the call descriptor of a ring without requests was signalled";
}

CONFORMANCE_CASE(Notification, NoKickDescriptorMeansPolling,
                 .cites = {Req::KICK_05}, .needs = {.io = true},
                 .open = {Ambiguity::kPolledRing}) {
  Session& session = StartDevice({}, {.with_kick = false});
  CompleteOne(session);
  CompleteOne(session);
}

CONFORMANCE_CASE(Notification, NoKickDescriptorIsAccepted,
                 .cites = {Req::KICK_05}) {
  Session& session = StartSession();
  EXPECT_THAT(session.StartRing(0, {.with_kick = false}), Succeeds());
}

CONFORMANCE_CASE(Notification, NoCallDescriptorStillCompletes,
                 .cites = {Req::CALL_02}, .needs = {.io = true}) {
  Session& session = StartDescribedBy([](Session& started, SessionRing& ring) {
    Require(started.frontend().SetVringCall(ring.index(), kNoFd));
  });
  for (int i = 0; i < 4; ++i) {
    PostOne(session);
    AwaitPolled(session, IoRing(session));
  }
}

CONFORMANCE_CASE(Notification, CallThatWasNeverSetStillCompletes,
                 .cites = {Req::CALL_08}, .needs = {.io = true}) {
  Session& session = StartDescribedBy([](Session&, SessionRing&) {});
  for (int i = 0; i < 4; ++i) {
    PostOne(session);
    AwaitPolled(session, IoRing(session));
  }
}

CONFORMANCE_CASE(Notification, CallMayBeTakenAwayFromARunningRing,
                 .cites = {Req::CALL_02, Req::CALL_07}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  CompleteOne(session);
  Require(session.frontend().SetVringCall(ring.index(), kNoFd));
  ring.call().TryConsume();
  PostOne(session);
  AwaitPolled(session, ring);
  EXPECT_EQ(ring.call().TryConsume(), 0u) << "the old descriptor was signalled";
  Require(session.frontend().SetVringCall(ring.index(), ring.call().fd()));
  CompleteOne(session);
}

CONFORMANCE_CASE(Notification, CallIsSetBeforeAnythingElse,
                 .cites = {Req::CALL_10, Req::RING_16}) {
  Session& session = StartSession({.share_memory = false});
  const Event call = Require(Event::Create());
  EXPECT_THAT(session.frontend().SetVringCall(0, call.fd()), Succeeds());
}

CONFORMANCE_CASE(Notification, NewCallIsUsedAndTheOldOneIsNot,
                 .cites = {Req::CALL_07}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  CompleteOne(session);
  const Event call = Require(Event::Create());
  Require(session.frontend().SetVringCall(ring.index(), call.fd()));
  ring.call().TryConsume();
  PostOne(session);
  EXPECT_THAT(call.Wait(CurrentRun().ForAnswer()), Succeeds());
  AwaitPolled(session, ring);
  EXPECT_EQ(ring.call().TryConsume(), 0u) << "the old descriptor was signalled";
}

// A signal at once is allowed; what counts is the one after the completion.
CONFORMANCE_CASE(Notification, NewCallMayBeSignalledAtOnce,
                 .cites = {Req::CALL_12}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  const Event call = Require(Event::Create());
  Require(session.frontend().SetVringCall(ring.index(), call.fd()));
  Require(session.frontend().Fence());
  call.TryConsume();
  PostOne(session);
  EXPECT_THAT(call.Wait(CurrentRun().ForAnswer()), Succeeds());
  AwaitPolled(session, ring);
}

// Whoever waits for the new descriptor has to be woken, also for what was
// completed while it was being set.
CONFORMANCE_CASE(Notification, NoCompletionIsLostWhileTheCallIsReplaced,
                 .cites = {Req::CALL_09}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  for (int i = 0; i < 16; ++i) {
    PostOne(session);
    const Event call = Require(Event::Create());
    Require(session.frontend().SetVringCall(ring.index(), call.fd()));
    AwaitPolled(session, ring);
    Require(session.frontend().SetVringCall(ring.index(), ring.call().fd()));
    CompleteOne(session);
  }
}

CONFORMANCE_CASE(Notification, NewKickWakesTheRing, .cites = {Req::KICK_10},
                 .needs = {.io = true}) {
  Session& session = StartDevice();
  CompleteOne(session);
  const Event kick = Require(Event::Create());
  Require(session.frontend().SetVringKick(IoRing(session).index(), kick.fd()));
  for (int i = 0; i < 4; ++i) {
    PostAndSignal(session, kick);
    ASSERT_THAT(IoRing(session).Await(), Succeeds());
  }
}

// The old event keeps what is signalled once nobody reads it any more.
CONFORMANCE_CASE(Notification, OldKickIsNotReadAnyMore, .cites = {Req::KICK_10},
                 .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  CompleteOne(session);
  const Event kick = Require(Event::Create());
  Require(session.frontend().SetVringKick(ring.index(), kick.fd()));
  PostAndSignal(session, kick);
  EXPECT_THAT(ring.Await(), Succeeds());
  ring.kick().TryConsume();
  ring.kick().Signal(3);
  ExpectIdle(session, ring);
  EXPECT_EQ(ring.kick().TryConsume(), 3u)
      << "the kick descriptor that was replaced is still read";
}

CONFORMANCE_CASE(Notification, KickMayBeReplacedManyTimes,
                 .cites = {Req::KICK_10, Req::KICK_15}, .needs = {.io = true}) {
  Session& session = StartDevice();
  for (int i = 0; i < 16; ++i) {
    const Event kick = Require(Event::Create());
    Require(
        session.frontend().SetVringKick(IoRing(session).index(), kick.fd()));
    PostAndSignal(session, kick);
    Require(IoRing(session).Await());
  }
}

CONFORMANCE_CASE(Notification, KicksWithoutBuffersAreHarmless,
                 .cites = {Req::KICK_12}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  CompleteOne(session);
  ring.call().TryConsume();
  for (int i = 0; i < 1000; ++i) ring.Kick();
  ExpectIdle(session, ring);
  CompleteOne(session);
}

CONFORMANCE_CASE(Notification, KickBeforeTheSetUpIsRefusedOrStartsNothing,
                 .cites = {Req::KICK_13},
                 .open = {Ambiguity::kKickBeforeSetUp}) {
  Session& session = StartSession();
  const Event kick = Require(Event::Create());
  kick.Signal();
  const int fd = kick.fd();
  const Outcome outcome =
      Provoke(session, MakeRequest(Request::SET_VRING_KICK, U64{0}), OneFd(fd));
  EXPECT_THAT(outcome, IsDecided());
  CurrentCase().AmbigCase("SET_VRING_KICK of a ring that is not described: " +
                          ToString(outcome));
  kick.Signal();
  EXPECT_THAT(Raw(session).Fence({}, {}, CurrentRun().ForAnswer()),
              IsSurvived());
}

CONFORMANCE_CASE(Notification, KickOfARingWithoutAddressesStartsNothing,
                 .cites = {Req::KICK_13}) {
  Session& session = StartSession();
  Require(session.frontend().SetVringNum(0, 128));
  const Event kick = Require(Event::Create());
  kick.Signal();
  const int fd = kick.fd();
  EXPECT_THAT(
      Provoke(session, MakeRequest(Request::SET_VRING_KICK, U64{0}), OneFd(fd)),
      IsDecided());
}

CONFORMANCE_CASE(Notification, UndefinedBitsAreRefusedOrIgnored,
                 .cites = {Req::KICK_11}, .needs = {.io = true},
                 .open = {Ambiguity::kFdBits}) {
  Session& session = StartDevice();
  const Event kick = Require(Event::Create());
  const int fd = kick.fd();
  const std::uint32_t queue = IoRing(session).index();
  const Outcome outcome = Provoke(
      session, MakeRequest(Request::SET_VRING_KICK, U64{queue | kBit20}),
      OneFd(fd));
  EXPECT_THAT(outcome, IsDecided());
  CurrentCase().AmbigCase("bit 20 of SET_VRING_KICK: " + ToString(outcome));
  if (outcome.refused() || outcome.closed) return;
  PostAndSignal(session, kick);
  EXPECT_THAT(IoRing(session).Await(), Succeeds());
}

}  // namespace
}  // namespace vuspec
