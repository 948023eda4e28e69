// Memory tables that no front-end may send: the counts, the sizes and the
// addresses in them. What is odd and legal stands in MemoryTable.
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"
#include "conformance/memory/memory_verbs.h"
#include "harness/transport/event_fd.h"

namespace vuspec {
namespace {

using protocol::Ambiguity;
using protocol::MemoryRegion;
using protocol::Req;
using protocol::Request;

constexpr std::uint64_t kLastPage = ~std::uint64_t{0} - (kPageSize - 1);

class MemoryGeometry : public ConformanceCase {
 protected:
  // SET_MEM_TABLE as bytes: this count in front, these regions behind.
  Outcome ShareBytes(Session& session, std::uint32_t region_count,
                     std::span<const MemoryRegion> regions,
                     std::span<const int> fds) {
    const auto payload = RawTable::Payload(region_count, regions);
    return Ask(Raw(session),
               HeaderOf(Request::SET_MEM_TABLE, kAsking, payload.size()),
               payload, fds);
  }

  // A region beside that of the session, changed by `spoil`.
  template <typename Spoil>
  Outcome ShareSpoilt(Spoil spoil) {
    Session& session = StartSession();
    const UnmappedRegion other(4 * kGiB);
    RawTable table(With(session.memory().regions(), other.region()));
    spoil(table.table.regions[1]);
    return Provoke(session, table.message(), table.fds);
  }
};

std::vector<MemoryRegion> WireRegions(std::span<const GuestRegion> regions) {
  std::vector<MemoryRegion> wire;
  for (const GuestRegion& region : regions) wire.push_back(WireRegion(region));
  return wire;
}

std::vector<int> FdsOf(std::span<const GuestRegion> regions) {
  std::vector<int> fds;
  for (const GuestRegion& region : regions) fds.push_back(region.fd);
  return fds;
}

CONFORMANCE_CASE(MemoryGeometry, NineRegionsAreRefused, .cites = {Req::MEM_16},
                 .open = {Ambiguity::kRegionMaximum}) {
  Session& session = StartSession();
  const GuestMemory memory = MakeMemory(RegionsOfCount(9));
  EXPECT_THAT(ShareBytes(session, 9, WireRegions(memory.regions()),
                         FdsOf(memory.regions())),
              IsRefused());
}

CONFORMANCE_CASE(MemoryGeometry, AnEnormousRegionCountIsRefused,
                 .cites = {Req::MEM_16, Req::MEM_17}) {
  Session& session = StartSession();
  const auto regions = session.memory().regions();
  EXPECT_THAT(
      ShareBytes(session, 0xffff'ffff, WireRegions(regions), FdsOf(regions)),
      IsRefused());
}

CONFORMANCE_CASE(MemoryGeometry, ACountAboveThePayloadIsRefused,
                 .cites = {Req::MEM_17}) {
  Session& session = StartSession({.regions = RegionsOfCount(2)});
  const auto regions = session.memory().regions();
  EXPECT_THAT(
      ShareBytes(session, 2, WireRegions(regions.first(1)), FdsOf(regions)),
      IsRefused());
}

// Whether a table has always room for eight regions is open.
CONFORMANCE_CASE(MemoryGeometry, APayloadOfEightSlotsForOneRegionIsSurvived,
                 .cites = {Req::MEM_29}, .open = {Ambiguity::kTableSlots}) {
  Session& session = StartSession();
  const auto regions = session.memory().regions();
  std::vector<MemoryRegion> slots = WireRegions(regions);
  slots.resize(8);
  const Outcome outcome = ShareBytes(session, 1, slots, FdsOf(regions));
  EXPECT_THAT(outcome, IsDecided());
  if (outcome.kind == Outcome::kAcked && !outcome.closed) {
    CurrentCase().AmbigCase("a table of fixed size is accepted");
  }
}

CONFORMANCE_CASE(MemoryGeometry, APayloadWithoutItsPrefixIsRefused,
                 .cites = {Req::MEM_17}) {
  for (const std::size_t size : {0u, 4u}) {
    Session& session = StartSession();
    const std::vector<std::byte> payload(size);
    EXPECT_THAT(Ask(Raw(session),
                    HeaderOf(Request::SET_MEM_TABLE, kAsking, size), payload),
                IsRefused());
    Disconnect();
  }
}

CONFORMANCE_CASE(MemoryGeometry, FewerDescriptorsThanRegionsAreRefused,
                 .cites = {Req::MEM_18}) {
  Session& session = StartSession({.regions = RegionsOfCount(2)});
  const RawTable table(session.memory().regions());
  EXPECT_THAT(Provoke(session, table.message(), std::span(table.fds).first(1)),
              IsRefused());
}

CONFORMANCE_CASE(MemoryGeometry, RegionsWithoutDescriptorsAreRefused,
                 .cites = {Req::MEM_18}) {
  Session& session = StartSession();
  const RawTable table(session.memory().regions());
  EXPECT_THAT(Provoke(session, table.message()), IsRefused());
}

CONFORMANCE_CASE(MemoryGeometry, MoreDescriptorsThanRegionsAreRefusedAndClosed,
                 .cites = {Req::MEM_18}) {
  Session& session = StartSession();
  RawTable table(session.memory().regions());
  Pipe surplus = Require(Pipe::Create());
  table.fds.push_back(surplus.write_fd());
  EXPECT_THAT(Provoke(session, table.message(), table.fds), IsRefused());
  surplus.CloseWriteEnd();
  EXPECT_THAT(surplus.WaitHangUp(CurrentRun().ForAnswer()), Succeeds());
}

CONFORMANCE_CASE(MemoryGeometry, AnEmptyTableIsTakenOrRefused,
                 .cites = {Req::MEM_15}, .open = {Ambiguity::kEmptyTable}) {
  Session& session = StartSession();
  const RawTable empty({});
  const Outcome outcome = Provoke(session, empty.message());
  EXPECT_THAT(outcome, IsDecided());
  CurrentCase().AmbigCase("a table of no regions: " + ToString(outcome));
  if (outcome.closed) return;
  EXPECT_THAT(session.frontend().SetMemTable(session.memory().regions()),
              Succeeds())
      << "after an empty table";
}

CONFORMANCE_CASE(MemoryGeometry, ARegionOfSizeZeroIsRefused,
                 .cites = {Req::MEM_21}) {
  EXPECT_THAT(ShareSpoilt([](auto& region) { region.memory_size = 0; }),
              IsRefused());
}

CONFORMANCE_CASE(MemoryGeometry, AGuestAddressThatWrapsIsRefused,
                 .cites = {Req::MEM_23}) {
  EXPECT_THAT(
      ShareSpoilt([](auto& region) { region.guest_address = kLastPage; }),
      IsRefused());
}

CONFORMANCE_CASE(MemoryGeometry, AUserAddressThatWrapsIsRefused,
                 .cites = {Req::MEM_23}) {
  EXPECT_THAT(
      ShareSpoilt([](auto& region) { region.user_address = kLastPage; }),
      IsRefused());
}

CONFORMANCE_CASE(MemoryGeometry, AnMmapOffsetThatWrapsIsRefused,
                 .cites = {Req::MEM_25}) {
  EXPECT_THAT(ShareSpoilt([](auto& region) { region.mmap_offset = kLastPage; }),
              IsRefused());
}

CONFORMANCE_CASE(MemoryGeometry, ARegionOfNearlyAllAddressesIsRefused,
                 .cites = {Req::MEM_23, Req::MEM_22}) {
  EXPECT_THAT(ShareSpoilt([](auto& region) {
                region.guest_address = 0;
                region.memory_size = kLastPage;
              }),
              IsRefused());
}

CONFORMANCE_CASE(MemoryGeometry, OverlappingGuestRangesAreDecided,
                 .cites = {Req::MEM_28}, .open = {Ambiguity::kOverlap}) {
  const Outcome outcome = ShareSpoilt([](auto& region) {
    region.guest_address = GuestMemory::kDefaultGuestAddress + kPageSize;
  });
  EXPECT_THAT(outcome, IsDecided());
  CurrentCase().AmbigCase("overlapping guest ranges: " + ToString(outcome));
}

CONFORMANCE_CASE(MemoryGeometry, OverlappingUserRangesAreDecided,
                 .cites = {Req::MEM_28}, .open = {Ambiguity::kOverlap}) {
  const Outcome outcome = ShareSpoilt([](auto& region) {
    region.user_address = GuestMemory::kDefaultGuestAddress +
                          GuestMemory::kUserAddressDistance + kPageSize;
  });
  EXPECT_THAT(outcome, IsDecided());
  CurrentCase().AmbigCase("overlapping user ranges: " + ToString(outcome));
}

}  // namespace
}  // namespace vuspec
