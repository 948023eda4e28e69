// Memory tables: which regions a back-end has to take, and how it finds in them
// what rings and descriptors point to.
#include "conformance/kit/case.h"
#include "conformance/memory/memory_verbs.h"
#include "harness/device/blk_requests.h"

namespace vuspec {
namespace {

using protocol::Req;

CONFORMANCE_SUITE(MemoryTable);

CONFORMANCE_CASE(MemoryTable, OneRegionIsUsable, .cites = {Req::MEM_01},
                 .needs = {.io = true}) {
  ExpectVerifiedIo(StartDevice());
}

CONFORMANCE_CASE(MemoryTable, EachOfEightRegionsIsUsable,
                 .cites = {Req::MEM_02, Req::MEM_03}, .needs = {.io = true}) {
  Session& session = StartDevice({.regions = RegionsOfCount(8)});
  for (std::size_t i = 0; i < 8; ++i) Complete(session, RequestIn(session, i));
}

// What is written from one file and read into another proves both: a mix-up
// leaves the pattern in the wrong one.
CONFORMANCE_CASE(MemoryTable, DescriptorsBelongToRegionsByPosition,
                 .cites = {Req::MEM_03}, .needs = {.device = "blk"}) {
  Session& session = StartDevice({.regions = RegionsOfCount(2)});
  GuestMemory& memory = session.memory();
  IoRequest write = Require(MakeBlkWrite(memory, 0, seed()));
  Complete(session, MovedInto(memory, std::move(write), 0));
  IoRequest read = Require(MakeBlkRead(memory, 0, seed()));
  Complete(session, MovedInto(memory, std::move(read), 1));
}

CONFORMANCE_CASE(MemoryTable, MmapOffsetSaysWhereTheRegionBegins,
                 .cites = {Req::MEM_04}, .needs = {.io = true}) {
  RegionSpec spec = RegionAt(GuestMemory::kDefaultGuestAddress);
  spec.mmap_offset = 16 * kPageSize;
  ExpectVerifiedIo(StartDevice({.regions = {spec}}));
}

CONFORMANCE_CASE(MemoryTable, TwoRegionsMayShareAFile,
                 .cites = {Req::MEM_02, Req::MEM_04}, .needs = {.io = true}) {
  std::vector<RegionSpec> specs = RegionsOfCount(2);
  specs[1].mmap_offset = specs[0].size;
  specs[1].same_file_as = 0;
  Session& session = StartDevice({.regions = specs});
  Complete(session, RequestIn(session, 1));
  Complete(session, RequestIn(session, 0));
}

// Each region has as its guest address the user address of the other.
CONFORMANCE_CASE(MemoryTable, GuestAndUserAddressesAreNotMixedUp,
                 .cites = {Req::MEM_05, Req::MEM_06}, .needs = {.io = true}) {
  std::vector<RegionSpec> specs = RegionsOfCount(2);
  specs[0].user_address = specs[1].guest_address;
  specs[1].user_address = specs[0].guest_address;
  Session& session = StartDevice({.regions = specs});
  Complete(session, RequestIn(session, 0));
  Complete(session, RequestIn(session, 1));
}

CONFORMANCE_CASE(MemoryTable, UserAddressesNeedNotBeAnybodysPointers,
                 .cites = {Req::MEM_57}, .needs = {.io = true}) {
  std::vector<RegionSpec> specs = RegionsOfCount(2);
  specs[0].user_address = kPageSize;
  specs[1].user_address = 0xffff'8000'0000'0000;
  Session& session = StartDevice({.regions = specs});
  Complete(session, RequestIn(session, 0));
  Complete(session, RequestIn(session, 1));
}

CONFORMANCE_CASE(MemoryTable, UserAddressZeroIsAnAddress,
                 .cites = {Req::MEM_57}, .needs = {.io = true}) {
  RegionSpec spec = RegionAt(GuestMemory::kDefaultGuestAddress);
  spec.user_address = 0;
  ExpectVerifiedIo(StartDevice({.regions = {spec}}));
}

CONFORMANCE_CASE(MemoryTable, GuestAddressZeroIsAnAddress,
                 .cites = {Req::MEM_55}, .needs = {.io = true}) {
  Session& session = StartDevice({.regions = {RegionAt(0)}});
  Complete(session, RequestIn(session, 0));
}

CONFORMANCE_CASE(MemoryTable, RegionsAboveFourGiBAreUsable,
                 .cites = {Req::MEM_55}, .needs = {.io = true}) {
  Session& session = StartDevice(
      {.regions = {RegionAt(kGiB), RegionAt(4 * kGiB), RegionAt(64 * kGiB)}});
  for (std::size_t i = 0; i < 3; ++i) Complete(session, RequestIn(session, i));
}

// As far up as physical addresses of today's processors reach.
CONFORMANCE_CASE(MemoryTable, RegionAtTheTopOf52BitsIsUsable,
                 .cites = {Req::MEM_55}, .needs = {.io = true}) {
  RegionSpec spec =
      RegionAt((std::uint64_t{1} << 52) - GuestMemory::kDefaultRegionSize);
  ExpectVerifiedIo(StartDevice({.regions = {spec}}));
}

CONFORMANCE_CASE(MemoryTable, ARegionOfOnePageIsUsable,
                 .cites = {Req::MEM_01, Req::MEM_21}, .needs = {.io = true}) {
  std::vector<RegionSpec> specs = RegionsOfCount(2);
  specs[1].size = kPageSize;
  Session& session = StartDevice({.regions = specs});
  Complete(session, RequestIn(session, 1));
}

CONFORMANCE_CASE(MemoryTable, RegionsNeedNotBeSorted, .cites = {Req::MEM_02},
                 .needs = {.io = true}) {
  std::vector<RegionSpec> specs = RegionsOfCount(4);
  std::swap(specs[0], specs[3]);
  std::swap(specs[1], specs[2]);
  Session& session = StartDevice({.regions = specs});
  for (std::size_t i = 0; i < 4; ++i) Complete(session, RequestIn(session, i));
}

CONFORMANCE_CASE(MemoryTable, TheSameTableAgainIsHarmless,
                 .cites = {Req::MEM_14}, .needs = {.io = true}) {
  Session& session = StartDevice({.regions = RegionsOfCount(2)});
  for (std::size_t i = 0; i < 4; ++i) {
    Complete(session, RequestIn(session, i % 2));
    Require(session.frontend().SetMemTable(session.memory().regions()));
  }
}

}  // namespace
}  // namespace vuspec
