// Memory slots: regions that are added and removed one at a time.
#include <array>

#include "conformance/kit/case.h"
#include "conformance/memory/memory_verbs.h"
#include "conformance/ring/ring_verbs.h"
#include "harness/transport/event_fd.h"

namespace vuspec {
namespace {

using protocol::Ambiguity;
using protocol::MemoryRegion;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;

constexpr std::uint64_t kSlots = Mask(ProtocolFeature::CONFIGURE_MEM_SLOTS);
constexpr std::uint64_t kBeside = 4 * kGiB;

class MemorySlots : public ConformanceCase {
 protected:
  // With the feature, and of the regions as many shared as a table says.
  Session& StartWithSlots(std::size_t region_count, std::size_t shared_count) {
    Session& session = StartSession({.protocol = kPlainProtocol | kSlots,
                                     .regions = RegionsOfCount(region_count),
                                     .share_memory = false});
    if (shared_count != 0) {
      Require(session.frontend().SetMemTable(
          session.memory().regions().first(shared_count)));
    }
    return session;
  }
  static const GuestRegion& Region(Session& session, std::size_t index) {
    return session.memory().regions()[index];
  }

  Outcome Add(Session& session, const GuestRegion& region) {
    return Provoke(session,
                   SlotMessage(Request::ADD_MEM_REG, WireRegion(region)),
                   std::span(&region.fd, 1));
  }
  Outcome Remove(Session& session, const MemoryRegion& region,
                 std::span<const int> fds = {}) {
    return Provoke(session, SlotMessage(Request::REM_MEM_REG, region), fds);
  }
  // Not refused; a peer that has no acks says nothing.
  static bool Taken(const Outcome& outcome) {
    return !outcome.refused() && !outcome.over();
  }
};

CONFORMANCE_CASE(MemorySlots, MaximumStaysTheSame,
                 .cites = {Req::MEM_49, Req::MEM_61},
                 .needs = {.protocol = kSlots}) {
  Session& session = StartWithSlots(1, 0);
  const std::uint64_t slots = Require(session.frontend().GetMaxMemSlots());
  EXPECT_GE(slots, 1u);
  Require(session.frontend().AddMemReg(Region(session, 0)));
  EXPECT_EQ(Require(session.frontend().GetMaxMemSlots()), slots);
}

CONFORMANCE_CASE(MemorySlots, AsManyAsAnnouncedCanBeAdded,
                 .cites = {Req::MEM_37}, .needs = {.protocol = kSlots}) {
  Session& session = StartWithSlots(1, 0);
  const std::uint64_t slots = Require(session.frontend().GetMaxMemSlots());
  const UnmappedRegion file(0);
  GuestRegion region = file.region();
  for (std::uint64_t i = 0; i < slots; ++i) {
    region.guest_address = kBeside + i * region.size;
    region.user_address = 2 * kBeside + i * region.size;
    ASSERT_TRUE(Taken(Add(session, region))) << "slot " << i << " of " << slots;
  }
}

CONFORMANCE_CASE(MemorySlots, OneMoreThanAnnouncedIsRefused,
                 .cites = {Req::MEM_38}, .needs = {.protocol = kSlots}) {
  Session& session = StartWithSlots(1, 0);
  const std::uint64_t slots = Require(session.frontend().GetMaxMemSlots());
  const UnmappedRegion file(0);
  GuestRegion region = file.region();
  for (std::uint64_t i = 0; i <= slots; ++i) {
    region.guest_address = kBeside + i * region.size;
    region.user_address = 2 * kBeside + i * region.size;
    const Outcome outcome = Add(session, region);
    if (i == slots) {
      EXPECT_THAT(outcome, IsRefused());
    } else {
      ASSERT_TRUE(Taken(outcome)) << "slot " << i << " of " << slots;
    }
  }
}

CONFORMANCE_CASE(MemorySlots, RegionsMayAllBeAddedOneByOne,
                 .cites = {Req::MEM_31},
                 .needs = {.protocol = kSlots, .io = true},
                 .open = {protocol::Ambiguity::kRegionColumns}) {
  Session& session = StartWithSlots(2, 0);
  Require(session.frontend().AddMemReg(Region(session, 0)));
  Require(session.frontend().AddMemReg(Region(session, 1)));
  Require(session.BringDevice());
  Complete(session, RequestIn(session, 0));
  Complete(session, RequestIn(session, 1));
}

CONFORMANCE_CASE(MemorySlots, RegionAddedToATableIsUsable,
                 .cites = {Req::MEM_31},
                 .needs = {.protocol = kSlots, .io = true}) {
  Session& session = StartWithSlots(2, 1);
  Require(session.BringDevice());
  CompleteOne(session);
  Require(session.frontend().AddMemReg(Region(session, 1)));
  Complete(session, RequestIn(session, 1));
}

CONFORMANCE_CASE(MemorySlots, AddingAndRemovingDoesNotDisturbRequests,
                 .cites = {Req::MEM_39},
                 .needs = {.protocol = kSlots, .io = true}) {
  Session& session = StartWithSlots(2, 1);
  Require(session.BringDevice());
  for (int i = 0; i < 8; ++i) {
    const IoRequest request = Require(session.MakeRequest());
    Require(IoRing(session).Post(request.segments));
    Require(session.frontend().AddMemReg(Region(session, 1)));
    Require(session.frontend().RemMemReg(Region(session, 1)));
    EXPECT_EQ(request.judge(Require(IoRing(session).Await())), std::nullopt);
  }
}

CONFORMANCE_CASE(MemorySlots, OffsetDoesNotTellRegionsApart,
                 .cites = {Req::MEM_40, Req::MEM_41},
                 .needs = {.protocol = kSlots}) {
  Session& session = StartWithSlots(2, 1);
  Require(session.frontend().AddMemReg(Region(session, 1)));
  MemoryRegion region = WireRegion(Region(session, 1));
  region.mmap_offset = 0x10'0000;
  EXPECT_TRUE(Taken(Remove(session, region)));
  EXPECT_TRUE(Taken(Add(session, Region(session, 1))));
}

CONFORMANCE_CASE(MemorySlots, RemovedRegionIsUnmapped, .cites = {Req::MEM_46},
                 .needs = {.protocol = kSlots}) {
  Session& session = StartWithSlots(1, 1);
  const UnmappedRegion gone(kBeside);
  Require(session.frontend().AddMemReg(gone.region()));
  Require(session.frontend().RemMemReg(gone.region()));
  Require(session.frontend().Fence());
  EXPECT_FALSE(gone.IsMapped());
}

CONFORMANCE_CASE(MemorySlots, DescriptorsOfRemovedRegionsAreNotKept,
                 .cites = {Req::MEM_46, Req::FD_19},
                 .needs = {.protocol = kSlots, .process = true}) {
  Session& session = StartWithSlots(1, 1);
  const UnmappedRegion other(kBeside);
  const int before = CurrentRun().peer().Resources()->fd_count;
  for (int i = 0; i < 16; ++i) {
    Require(session.frontend().AddMemReg(other.region()));
    Require(session.frontend().RemMemReg(other.region()));
  }
  Require(session.frontend().Fence());
  EXPECT_LE(CurrentRun().peer().Resources()->fd_count, before + 1)
      << "descriptors of removed regions are still open";
}

CONFORMANCE_CASE(MemorySlots, DescriptorsIntoARemovedRegionAreNotServed,
                 .cites = {Req::MEM_46},
                 .needs = {.protocol = kSlots, .device = "blk"}) {
  Session& session = StartWithSlots(2, 2);
  Require(session.BringDevice());
  Complete(session, RequestIn(session, 1));
  MarkNegative();
  Require(session.frontend().RemMemReg(Region(session, 1)));
  ExpectNotServed(session, RequestIn(session, 1));
}

CONFORMANCE_CASE(MemorySlots, RemovedRangeTakesAnotherFile,
                 .cites = {Req::MEM_47},
                 .needs = {.protocol = kSlots, .io = true}) {
  Session& session = StartWithSlots(2, 1);
  Require(session.BringDevice());
  UnmappedRegion first(Region(session, 1).guest_address,
                       Region(session, 1).size);
  Require(session.frontend().AddMemReg(first.region()));
  Require(session.frontend().RemMemReg(first.region()));
  Require(session.frontend().AddMemReg(Region(session, 1)));
  Complete(session, RequestIn(session, 1));
}

CONFORMANCE_CASE(MemorySlots, OthersStayWhenTheMiddleOneIsRemoved,
                 .cites = {Req::MEM_40},
                 .needs = {.protocol = kSlots, .io = true}) {
  Session& session = StartWithSlots(4, 1);
  Require(session.BringDevice());
  for (const std::size_t i : {1u, 2u, 3u}) {
    Require(session.frontend().AddMemReg(Region(session, i)));
  }
  Require(session.frontend().RemMemReg(Region(session, 2)));
  for (const std::size_t i : {0u, 1u, 3u}) {
    Complete(session, RequestIn(session, i));
  }
}

CONFORMANCE_CASE(MemorySlots, ATableReplacesWhatWasAdded,
                 .cites = {Req::MEM_52},
                 .needs = {.protocol = kSlots, .io = true}) {
  Session& session = StartWithSlots(1, 1);
  const UnmappedRegion gone(kBeside);
  Require(session.frontend().AddMemReg(gone.region()));
  Require(session.frontend().SetMemTable(session.memory().regions()));
  Require(session.frontend().Fence());
  EXPECT_FALSE(gone.IsMapped());
  Require(session.BringDevice());
  CompleteOne(session);
}

CONFORMANCE_CASE(MemorySlots, DescriptorOfARemovalIsClosed,
                 .cites = {Req::MEM_42, Req::MEM_43},
                 .needs = {.protocol = kSlots},
                 .open = {Ambiguity::kRemovalFd}) {
  Session& session = StartWithSlots(2, 2);
  Pipe pipe = Require(Pipe::Create());
  const int fd = pipe.write_fd();
  const Outcome outcome =
      Remove(session, WireRegion(Region(session, 1)), OneFd(fd));
  EXPECT_THAT(outcome, IsDecided());
  CurrentCase().AmbigCase("REM_MEM_REG with a descriptor: " +
                          ToString(outcome));
  pipe.CloseWriteEnd();
  EXPECT_THAT(pipe.WaitHangUp(CurrentRun().ForAnswer()), Succeeds());
}

CONFORMANCE_CASE(MemorySlots, TwoDescriptorsOfARemovalAreRefusedAndClosed,
                 .cites = {Req::MEM_44}, .needs = {.protocol = kSlots}) {
  Session& session = StartWithSlots(2, 2);
  Pipe pipe = Require(Pipe::Create());
  const std::array<int, 2> fds = {pipe.write_fd(), pipe.write_fd()};
  EXPECT_THAT(Remove(session, WireRegion(Region(session, 1)), fds),
              IsRefused());
  pipe.CloseWriteEnd();
  EXPECT_THAT(pipe.WaitHangUp(CurrentRun().ForAnswer()), Succeeds());
}

}  // namespace
}  // namespace vuspec
