// SET_VRING_ADDR: where the three parts of a ring may lie, and where not.
#include <array>

#include "conformance/kit/case.h"
#include "conformance/memory/memory_verbs.h"
#include "conformance/ring/ring_verbs.h"

namespace vuspec {
namespace {

using protocol::Ambiguity;
using protocol::MakeRequest;
using protocol::Req;
using protocol::Request;
using protocol::VringAddr;

constexpr std::uint64_t kNowhere = 0x7700'0000'0000;
constexpr std::uint64_t kNearTheTop = ~std::uint64_t{0} - 15;

class RingAddresses : public ConformanceCase {
 protected:
  // The ring of requests, described but for its addresses.
  SessionRing& DescribeRing(Session& session) {
    const std::uint32_t queue = session.driver()->profile().io_queue;
    SessionRing& ring = *Require(session.MakeRing(queue));
    Require(session.frontend().SetVringNum(queue, ring.options().size));
    Require(session.frontend().SetVringBase(queue, 0));
    Require(session.frontend().SetVringCall(queue, ring.call().fd()));
    Require(session.frontend().SetVringErr(queue, ring.err().fd()));
    return ring;
  }

  // Sends the addresses and goes on to start, to enable and to kick the ring
  // until the peer refuses. True if it never did.
  bool TryRing(Session& session, SessionRing& ring,
               const VringAddr& addresses) {
    const int kick = ring.kick().fd();
    const auto refused = [&](const protocol::Message& message,
                             std::span<const int> fds = {}) {
      const Outcome outcome = Provoke(session, message, fds);
      EXPECT_THAT(outcome, IsDecided());
      return outcome.refused() || outcome.over();
    };
    if (refused(MakeRequest(Request::SET_VRING_ADDR, addresses)) ||
        refused(
            MakeRequest(Request::SET_VRING_KICK, protocol::U64{ring.index()}),
            OneFd(kick)) ||
        refused(MakeRequest(Request::SET_VRING_ENABLE,
                            protocol::VringState{ring.index(), 1}))) {
      return false;
    }
    const IoRequest request = Require(session.MakeRequest());
    Require(ring.PostQuietly(request.segments));
    ring.Kick();
    return !Raw(session).Fence({}, {}, CurrentRun().ForAnswer()).over();
  }

  // With one address changed by `spoil` the ring is refused or never runs.
  template <typename Spoil>
  void ExpectNoRing(Spoil spoil) {
    Session& session = StartSession();
    SessionRing& ring = DescribeRing(session);
    VringAddr addresses = ring.Addresses();
    spoil(addresses);
    if (!TryRing(session, ring, addresses)) return;
    EXPECT_EQ(AwaitFate(session, ring).completion, std::nullopt);
  }

  // Each part in turn, as above.
  template <typename Spoil>
  void ExpectNoRingForEachPart(Spoil spoil) {
    for (const auto part :
         {&VringAddr::descriptor, &VringAddr::available, &VringAddr::used}) {
      ExpectNoRing([&](VringAddr& addresses) { spoil(addresses.*part); });
      Disconnect();
    }
  }
};

CONFORMANCE_CASE(RingAddresses, PartsMayLieInThreeRegions,
                 .cites = {Req::VADDR_01, Req::VADDR_12},
                 .needs = {.io = true}) {
  Session& session =
      StartDevice({.regions = RegionsOfCount(3)},
                  {.region_indices = std::array<std::size_t, 3>{2, 0, 1}});
  for (int i = 0; i < 4; ++i) CompleteOne(session);
}

CONFORMANCE_CASE(RingAddresses, RingsMayLieInTheLastOfEightRegions,
                 .cites = {Req::VADDR_12, Req::MEM_02}, .needs = {.io = true}) {
  Session& session =
      StartDevice({.regions = RegionsOfCount(8)},
                  {.region_indices = std::array<std::size_t, 3>{7, 7, 7}});
  for (int i = 0; i < 4; ++i) CompleteOne(session);
}

CONFORMANCE_CASE(RingAddresses, AddressesAreUserAddresses,
                 .cites = {Req::MEM_06}, .needs = {.io = true}) {
  ExpectNoRing([](VringAddr& addresses) {
    addresses.descriptor -= GuestMemory::kUserAddressDistance;
    addresses.available -= GuestMemory::kUserAddressDistance;
    addresses.used -= GuestMemory::kUserAddressDistance;
  });
}

CONFORMANCE_CASE(RingAddresses, PartsOutsideEveryRegionMakeNoRing,
                 .cites = {Req::VADDR_05}, .needs = {.io = true},
                 .open = {Ambiguity::kRingAddressCheck}) {
  ExpectNoRingForEachPart([](auto& address) { address = kNowhere; });
}

CONFORMANCE_CASE(RingAddresses, PartsThatWrapMakeNoRing,
                 .cites = {Req::VADDR_05}, .needs = {.io = true}) {
  ExpectNoRingForEachPart([](auto& address) { address = kNearTheTop; });
}

CONFORMANCE_CASE(RingAddresses, PartsAtAddressZeroMakeNoRing,
                 .cites = {Req::VADDR_05}, .needs = {.io = true}) {
  ExpectNoRingForEachPart([](auto& address) { address = 0; });
}

CONFORMANCE_CASE(RingAddresses, PartsPastTheEndOfTheirRegionMakeNoRing,
                 .cites = {Req::VADDR_06}, .needs = {.io = true}) {
  ExpectNoRingForEachPart([](auto& address) {
    address = GuestMemory::kDefaultGuestAddress +
              GuestMemory::kUserAddressDistance +
              GuestMemory::kDefaultRegionSize - 16;
  });
}

// By how much a peer that takes them is off is its own affair.
CONFORMANCE_CASE(RingAddresses, MisalignedPartsAreSurvived,
                 .cites = {Req::VADDR_07}, .needs = {.io = true},
                 .open = {Ambiguity::kMisalignedRing}) {
  for (const auto part :
       {&VringAddr::descriptor, &VringAddr::available, &VringAddr::used}) {
    Session& session = StartSession();
    SessionRing& ring = DescribeRing(session);
    VringAddr addresses = ring.Addresses();
    addresses.*part += 1;
    TryRing(session, ring, addresses);
    Disconnect();
  }
}

// The ring has moved, so that a message without effect shows.
CONFORMANCE_CASE(RingAddresses, UndefinedFlagsAreRefusedOrIgnored,
                 .cites = {Req::VADDR_10}, .needs = {.io = true}) {
  Session& session = StartDevice();
  Require(IoRing(session).Stop());
  SessionRing& ring = DescribeRing(session);
  VringAddr addresses = ring.Addresses();
  addresses.flags = 0xffff'fffe;
  const Outcome outcome =
      Provoke(session, MakeRequest(Request::SET_VRING_ADDR, addresses));
  EXPECT_THAT(outcome, IsDecided());
  if (outcome.refused() || outcome.closed) return;
  Require(ring.Start());
  CompleteOne(session);
}

CONFORMANCE_CASE(RingAddresses, MemoryMayComeAfterTheAddresses,
                 .cites = {Req::VADDR_11}, .needs = {.io = true},
                 .open = {Ambiguity::kRingAddressCheck}) {
  Session& session = StartSession({.share_memory = false});
  SessionRing& ring = DescribeRing(session);
  const Outcome outcome =
      Provoke(session, MakeRequest(Request::SET_VRING_ADDR, ring.Addresses()));
  EXPECT_THAT(outcome, IsDecided());
  CurrentCase().AmbigCase("addresses before memory: " + ToString(outcome));
  if (outcome.closed) return;
  Require(session.frontend().SetMemTable(session.memory().regions()));
  if (outcome.refused()) return;
  Require(session.BringDevice());
  CompleteOne(session);
}

CONFORMANCE_CASE(RingAddresses, AStoppedRingMayMove, .cites = {Req::VADDR_14},
                 .needs = {.io = true}) {
  Session& session = StartDevice();
  CompleteOne(session);
  const auto base = Require(IoRing(session).Stop());
  const SplitDriver before = std::move(IoRing(session).driver());
  const std::uint32_t queue = session.driver()->profile().io_queue;
  Require(
      session.StartRing(queue, {.base = static_cast<std::uint16_t>(base.num)}));
  CompleteOne(session);
  EXPECT_EQ(before.view().used_index(), before.used_index())
      << "the ring at the old addresses was written to";
}

CONFORMANCE_CASE(RingAddresses, TheSameAddressesMayBeSetWhileTheRingRuns,
                 .cites = {Req::VADDR_01, Req::RING_16},
                 .needs = {.io = true}) {
  Session& session = StartDevice();
  for (int i = 0; i < 4; ++i) {
    CompleteOne(session);
    Require(session.frontend().SetVringAddr(IoRing(session).Addresses()));
  }
  CompleteOne(session);
}

}  // namespace
}  // namespace vuspec
