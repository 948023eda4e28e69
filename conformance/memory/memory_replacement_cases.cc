// A second SET_MEM_TABLE: everything follows the new memory, on stopped rings
// and on running ones, and the old memory is left alone.
#include "conformance/kit/case.h"
#include "conformance/memory/memory_verbs.h"
#include "conformance/memory/twin_device.h"
#include "conformance/ring/ring_verbs.h"

namespace vuspec {
namespace {

using protocol::Req;

constexpr std::uint64_t kElsewhere = 0x8000'0000;

class MemoryReplacement : public ConformanceCase {
 protected:
  static void StopDevice(Session& session) {
    for (const std::uint32_t queue : session.driver()->profile().queues) {
      Require(session.ring(queue).Stop());
    }
  }

  // The device is brought up in new memory; its rings begin anew.
  static void StartAnewIn(Session& session, GuestMemory memory) {
    Require(session.ShareMemory(std::move(memory)));
    for (const std::uint32_t queue : session.driver()->profile().queues) {
      Require(session.StartRing(queue));
    }
  }
};

CONFORMANCE_CASE(MemoryReplacement, StoppedRingsStartInOtherFiles,
                 .cites = {Req::MEM_12}, .needs = {.io = true}) {
  Session& session = StartDevice();
  CompleteOne(session);
  StopDevice(session);
  StartAnewIn(session, MakeMemory(RegionsOfCount(1)));
  CompleteOne(session);
}

CONFORMANCE_CASE(MemoryReplacement, StoppedRingsStartAtOtherAddresses,
                 .cites = {Req::MEM_12}, .needs = {.io = true}) {
  Session& session = StartDevice();
  CompleteOne(session);
  StopDevice(session);
  const RegionSpec spec = RegionAt(kElsewhere);
  StartAnewIn(session, MakeMemory(std::span(&spec, 1)));
  CompleteOne(session);
}

CONFORMANCE_CASE(MemoryReplacement, RunningRingGoesOnInOtherFiles,
                 .cites = {Req::MEM_13}, .needs = {.io = true}) {
  Session& session = StartDevice();
  CompleteOne(session);
  TwinDevice twin(session);
  Require(session.ShareMemory(twin.TakeMemory()));
  twin.CompleteOne();
  twin.CompleteOne();
}

CONFORMANCE_CASE(MemoryReplacement, RunningRingGoesOnInEightOtherFiles,
                 .cites = {Req::MEM_12, Req::MEM_13}, .needs = {.io = true}) {
  Session& session = StartDevice({.regions = RegionsOfCount(8)});
  for (std::size_t i = 0; i < 8; ++i) Complete(session, RequestIn(session, i));
  TwinDevice twin(session);
  Require(session.ShareMemory(twin.TakeMemory()));
  twin.CompleteOne();
}

CONFORMANCE_CASE(MemoryReplacement, OldRingIsNotTouchedAnyMore,
                 .cites = {Req::MEM_12, Req::MEM_13}, .needs = {.io = true}) {
  Session& session = StartDevice();
  CompleteOne(session);
  TwinDevice twin(session);
  Require(session.ShareMemory(twin.TakeMemory()));
  twin.CompleteOne();
  EXPECT_EQ(Require(IoRing(session).Poll()), std::nullopt)
      << "a completion was written to the memory that was replaced";
}

CONFORMANCE_CASE(MemoryReplacement, MemoryMayBeReplacedManyTimes,
                 .cites = {Req::MEM_12}, .needs = {.io = true}) {
  Session& session = StartDevice();
  for (int i = 0; i < 8; ++i) {
    CompleteOne(session);
    StopDevice(session);
    StartAnewIn(session, MakeMemory(RegionsOfCount(i % 2 == 0 ? 2 : 1)));
  }
  CompleteOne(session);
}

CONFORMANCE_CASE(MemoryReplacement, ReplacedMemoryIsUnmapped,
                 .cites = {Req::MEM_12}) {
  Session& session = StartSession();
  const auto regions = session.memory().regions();
  const UnmappedRegion gone(kElsewhere);
  Require(session.frontend().SetMemTable(With(regions, gone.region())));
  Require(session.frontend().SetMemTable(regions));
  Require(session.frontend().Fence());
  EXPECT_FALSE(gone.IsMapped()) << "a region that was replaced is still mapped";
}

CONFORMANCE_CASE(MemoryReplacement, MemoryReplacedUnderARunningRingIsUnmapped,
                 .cites = {Req::MEM_12, Req::MEM_13}, .needs = {.io = true}) {
  Session& session = StartDevice();
  const auto regions = session.memory().regions();
  const UnmappedRegion gone(kElsewhere);
  Require(session.frontend().SetMemTable(With(regions, gone.region())));
  CompleteOne(session);
  Require(session.frontend().SetMemTable(regions));
  CompleteOne(session);
  EXPECT_FALSE(gone.IsMapped()) << "a region that was replaced is still mapped";
}

CONFORMANCE_CASE(MemoryReplacement, DescriptorsIntoALeftRegionAreNotServed,
                 .cites = {Req::MEM_12}, .needs = {.device = "blk"}) {
  Session& session = StartDevice({.regions = RegionsOfCount(2)});
  Complete(session, RequestIn(session, 1));
  MarkNegative();
  Require(session.frontend().SetMemTable(session.memory().regions().first(1)));
  ExpectNotServed(session, RequestIn(session, 1));
}

CONFORMANCE_CASE(MemoryReplacement, RegionsAddedByATableAreUsable,
                 .cites = {Req::MEM_12}, .needs = {.io = true}) {
  Session& session =
      StartSession({.regions = RegionsOfCount(2), .share_memory = false});
  const auto regions = session.memory().regions();
  Require(session.frontend().SetMemTable(regions.first(1)));
  Require(session.BringDevice());
  CompleteOne(session);
  Require(session.frontend().SetMemTable(regions));
  Complete(session, RequestIn(session, 1));
}

CONFORMANCE_CASE(MemoryReplacement, DescriptorsOfATableAreNotKept,
                 .cites = {Req::MEM_12, Req::FD_19},
                 .needs = {.process = true}) {
  Session& session = StartSession();
  const auto regions = session.memory().regions();
  Require(session.frontend().SetMemTable(regions));
  const int before = CurrentRun().peer().Resources()->fd_count;
  for (int i = 0; i < 16; ++i) {
    Require(session.frontend().SetMemTable(regions));
  }
  Require(session.frontend().Fence());
  EXPECT_LE(CurrentRun().peer().Resources()->fd_count, before + 1)
      << "descriptors of replaced memory tables are still open";
}

CONFORMANCE_CASE(MemoryReplacement, TheMemoryOfAStoppedRingMayGo,
                 .cites = {Req::GBASE_18}, .needs = {.io = true}) {
  Session& session = StartDevice();
  CompleteOne(session);
  StopDevice(session);
  const RegionSpec spec = RegionAt(kElsewhere);
  Require(session.ShareMemory(MakeMemory(std::span(&spec, 1))));
  Require(session.frontend().Fence());
  StartAnewIn(session, MakeMemory(RegionsOfCount(1)));
  CompleteOne(session);
}

// Nothing can be expected of such a ring, but the process has to live.
CONFORMANCE_CASE(MemoryReplacement, TheMemoryOfARunningRingMayVanish,
                 .cites = {Req::MEM_12, Req::MEM_30}, .needs = {.io = true}) {
  Session& session = StartDevice();
  CompleteOne(session);
  const UnmappedRegion other(kElsewhere);
  const RawTable table(std::span(&other.region(), 1));
  EXPECT_THAT(Provoke(session, table.message(), table.fds), IsSurvived());
  IoRing(session).Kick();
  EXPECT_THAT(Raw(session).Fence({}, {}, CurrentRun().ForAnswer()),
              IsSurvived());
}

CONFORMANCE_CASE(MemoryReplacement, ARefusedTableLeavesNoDanglingRing,
                 .cites = {Req::MEM_30}, .needs = {.io = true}) {
  Session& session = StartDevice();
  CompleteOne(session);
  RawTable table(session.memory().regions());
  table.table.regions[0].memory_size = 0;
  EXPECT_THAT(Provoke(session, table.message(), table.fds), IsRefused());
  PostOne(session);
  IoRing(session).Kick();
  EXPECT_THAT(Raw(session).Fence({}, {}, CurrentRun().ForAnswer()),
              IsSurvived());
}

}  // namespace
}  // namespace vuspec
