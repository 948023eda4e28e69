// Setting up a ring: its size, and the order of the messages that describe it.
#include <algorithm>
#include <array>

#include "conformance/kit/case.h"
#include "conformance/ring/ring_verbs.h"

namespace vuspec {
namespace {

using protocol::Ambiguity;
using protocol::MakeRequest;
using protocol::Req;
using protocol::Request;
using protocol::VringState;

constexpr std::uint32_t kVringSizeMax = 32768;
constexpr std::uint16_t kNearTheEnd = kVringSizeMax - 4;

class RingSetup : public ConformanceCase {
 protected:
  // The messages that describe a ring, as digits of an order.
  static void Describe(Session& session, SessionRing& ring, int message) {
    constexpr Request kMessages[] = {
        Request::SET_VRING_NUM,  Request::SET_VRING_BASE,
        Request::SET_VRING_ADDR, Request::SET_VRING_CALL,
        Request::SET_VRING_ERR,  Request::SET_VRING_ENABLE};
    SendSetUp(session.frontend(), ring, kMessages[message]);
  }

  // Every ring of the device, described in this order and then started.
  Session& StartInOrder(std::span<const int> order) {
    Session& session = StartSession();
    for (const std::uint32_t queue : session.driver()->profile().queues) {
      SessionRing& ring = *Require(session.MakeRing(queue));
      for (const int message : order) Describe(session, ring, message);
      Require(ring.Start());
    }
    Require(session.driver()->Prepare(session));
    return session;
  }

  Outcome SetSize(Session& session, std::uint32_t size) {
    return Provoke(session,
                   MakeRequest(Request::SET_VRING_NUM, VringState{0, size}));
  }
  void ExpectSizeRefused(std::uint32_t size) {
    Session& session = StartSession();
    EXPECT_THAT(SetSize(session, size), IsRefused()) << "size " << size;
    Disconnect();
  }
  // So many requests that the indices pass the size several times.
  void CompleteMany(Session& session, std::uint32_t size) {
    for (std::uint32_t i = 0; i < 3 * size + 1; ++i) CompleteOne(session);
  }
};

CONFORMANCE_CASE(RingSetup, IndicesWrapAtTheSizeThatWasSet,
                 .cites = {Req::VNUM_01}, .needs = {.io = true}) {
  CompleteMany(StartDevice({}, {.size = 8}), 8);
  Disconnect();
  CompleteMany(StartDevice({}, {.size = 256}), 256);
}

CONFORMANCE_CASE(RingSetup, RingOfFourEntriesWorks,
                 .cites = {Req::VNUM_01, Req::VNUM_02}, .needs = {.io = true}) {
  CompleteMany(StartDevice({}, {.size = 4}), 4);
}

CONFORMANCE_CASE(RingSetup, RingOfOneEntryWorks,
                 .cites = {Req::VNUM_01, Req::VNUM_02},
                 .needs = {.device = "net"}) {
  CompleteMany(StartDevice({}, {.size = 1}), 1);
}

CONFORMANCE_CASE(RingSetup, RingOf1024EntriesWorks, .cites = {Req::VNUM_02},
                 .needs = {.io = true}) {
  CompleteMany(StartDevice({}, {.size = 1024}), 4);
}

CONFORMANCE_CASE(RingSetup, SmallPowersOfTwoAreTaken, .cites = {Req::VNUM_02}) {
  Session& session = StartSession();
  for (std::uint32_t size = 1; size <= 256; size *= 2) {
    EXPECT_THAT(session.frontend().SetVringNum(0, size), Succeeds())
        << "size " << size;
  }
}

// A back-end may have a maximum of its own, and then means it.
CONFORMANCE_CASE(RingSetup, LargeSizesAreRefusedOnlyAboveAMaximum,
                 .cites = {Req::VNUM_02, Req::VNUM_10}) {
  bool refused = false;
  for (std::uint32_t size = 512; size <= kVringSizeMax; size *= 2) {
    Session& session = StartSession();
    const Outcome outcome = SetSize(session, size);
    EXPECT_THAT(outcome, IsDecided()) << "size " << size;
    const bool taken = !outcome.refused() && !outcome.closed;
    EXPECT_FALSE(taken && refused) << "size " << size << " after a refusal";
    refused = !taken;
    Disconnect();
  }
}

CONFORMANCE_CASE(RingSetup, TheLargestSizeWorksIfItIsTaken,
                 .cites = {Req::VNUM_10, Req::VNUM_02}, .needs = {.io = true}) {
  Session& session = StartSession();
  const Outcome outcome = SetSize(session, kVringSizeMax);
  EXPECT_THAT(outcome, IsDecided());
  if (outcome.refused() || outcome.closed) return;
  Require(session.BringDevice({.size = kVringSizeMax, .base = kNearTheEnd}));
  for (int i = 0; i < 8; ++i) PostOne(session);
  for (int i = 0; i < 8; ++i) Require(IoRing(session).Await());
}

CONFORMANCE_CASE(RingSetup, SizeZeroIsRefused, .cites = {Req::VNUM_03}) {
  ExpectSizeRefused(0);
}

CONFORMANCE_CASE(RingSetup, SizesAbove32768AreRefused,
                 .cites = {Req::VNUM_04}) {
  for (const std::uint32_t size : {32769u, 65536u, 0xffff'ffffu}) {
    ExpectSizeRefused(size);
  }
}

CONFORMANCE_CASE(RingSetup, SizesThatAreNoPowersOfTwoAreRefused,
                 .cites = {Req::VNUM_05}) {
  for (const std::uint32_t size : {3u, 100u, 255u}) ExpectSizeRefused(size);
}

CONFORMANCE_CASE(RingSetup, ARingOfSizeZeroDoesNotStart,
                 .cites = {Req::VNUM_03, Req::KICK_13}, .needs = {.io = true}) {
  Session& session = StartSession();
  SessionRing& ring = *Require(session.MakeRing(0));
  Require(ring.Configure());
  if (SetSize(session, 0).closed) return;
  const int kick = ring.kick().fd();
  EXPECT_THAT(
      Provoke(session, MakeRequest(Request::SET_VRING_KICK, protocol::U64{0}),
              OneFd(kick)),
      IsSurvived());
  ring.Kick();
  EXPECT_THAT(Raw(session).Fence({}, {}, CurrentRun().ForAnswer()),
              IsSurvived());
}

CONFORMANCE_CASE(RingSetup, SizeOfARunningRingChangesNothingOrIsRefused,
                 .cites = {Req::VNUM_09}, .needs = {.io = true},
                 .open = {Ambiguity::kRingSizeWhileRunning}) {
  Session& session = StartDevice();
  CompleteOne(session);
  const std::uint32_t queue = IoRing(session).index();
  const Outcome outcome = Provoke(
      session, MakeRequest(Request::SET_VRING_NUM, VringState{queue, 64}));
  EXPECT_THAT(outcome, IsDecided());
  CurrentCase().AmbigCase("the size of a ring that runs: " + ToString(outcome));
  EXPECT_THAT(Raw(session).Fence({}, {}, CurrentRun().ForAnswer()),
              IsSurvived());
}

CONFORMANCE_CASE(RingSetup, AStoppedRingTakesAnotherSize, .cites = {Req::VC_07},
                 .needs = {.io = true}) {
  Session& session = StartDevice();
  CompleteOne(session);
  const std::uint32_t queue = IoRing(session).index();
  Require(IoRing(session).Stop());
  Require(session.StartRing(queue, {.size = 16}));
  for (int i = 0; i < 20; ++i) CompleteOne(session);
}

// What was made available on the ring before counts no more.
CONFORMANCE_CASE(RingSetup, ARingThatWasReplacedIsLeftAlone,
                 .cites = {Req::VC_08}, .needs = {.io = true}) {
  Session& session = StartDevice();
  CompleteOne(session);
  const std::uint32_t queue = IoRing(session).index();
  Require(IoRing(session).Stop());
  PostOne(session);
  const SplitRingView old = IoRing(session).driver().view();
  const std::uint16_t used = old.used_index();
  Require(session.StartRing(queue));
  CompleteOne(session);
  EXPECT_EQ(old.used_index(), used) << "the ring of before was served";
}

CONFORMANCE_CASE(RingSetup, DescriptionMayComeInReverse,
                 .cites = {Req::RING_16, Req::CALL_10}, .needs = {.io = true}) {
  CompleteOne(StartInOrder(std::array{5, 4, 3, 2, 1, 0}));
}

CONFORMANCE_CASE(RingSetup, AddressesMayComeFirst, .cites = {Req::RING_16},
                 .needs = {.io = true}) {
  CompleteOne(StartInOrder(std::array{2, 0, 1, 3, 4, 5}));
}

CONFORMANCE_CASE(RingSetup, BaseMayComeLast, .cites = {Req::RING_16},
                 .needs = {.io = true}) {
  CompleteOne(StartInOrder(std::array{3, 4, 5, 0, 2, 1}));
}

CONFORMANCE_CASE(RingSetup, EnableMayComeFirst,
                 .cites = {Req::RING_16, Req::RING_03}, .needs = {.io = true}) {
  CompleteOne(StartInOrder(std::array{5, 0, 1, 2, 3, 4}));
}

CONFORMANCE_CASE(RingSetup, EveryOrderDescribesAStoppedRing,
                 .cites = {Req::RING_16}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  std::array<int, 5> order = {0, 1, 2, 3, 4};
  do {
    Require(ring.Stop());
    for (const int message : order) Describe(session, ring, message);
    Require(ring.Start());
    CompleteOne(session);
  } while (std::next_permutation(order.begin(), order.end()));
}

// The rings of a device, message by message in turn.
CONFORMANCE_CASE(RingSetup, MessagesOfTwoRingsMayBeMixed, .cites = {Req::MQ_05},
                 .needs = {.queues = 2, .io = true}) {
  Session& session = StartSession();
  SessionRing& first = *Require(session.MakeRing(0));
  SessionRing& second = *Require(session.MakeRing(1));
  for (int message = 0; message < 6; ++message) {
    Describe(session, second, message);
    Describe(session, first, message);
  }
  Require(first.Start());
  Require(second.Start());
  Require(session.driver()->Prepare(session));
  CompleteOne(session);
}

}  // namespace
}  // namespace vuspec
