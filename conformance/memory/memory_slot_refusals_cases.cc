// Memory slots: additions and removals that a back-end has to refuse, and what
// has to work on after it did.
#include <array>

#include "conformance/kit/case.h"
#include "conformance/memory/memory_verbs.h"
#include "conformance/ring/ring_verbs.h"

namespace vuspec {
namespace {

using protocol::MemoryRegion;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;

constexpr std::uint64_t kSlots = Mask(ProtocolFeature::CONFIGURE_MEM_SLOTS);
constexpr std::uint64_t kBeside = 4 * kGiB;
constexpr std::uint64_t kLastPage = ~std::uint64_t{0} - (kPageSize - 1);

class MemorySlotRefusals : public ConformanceCase {
 protected:
  Session& StartWithSlots() {
    return StartDevice(
        {.protocol = kPlainProtocol | kSlots, .regions = RegionsOfCount(2)});
  }

  // ADD_MEM_REG of a good region after `spoil`, then whether the rest works.
  template <typename Spoil>
  void ExpectAdditionRefused(Spoil spoil) {
    Session& session = StartWithSlots();
    const UnmappedRegion file(kBeside);
    MemoryRegion region = WireRegion(file.region());
    spoil(region);
    const Outcome outcome =
        Provoke(session, SlotMessage(Request::ADD_MEM_REG, region),
                std::span(&file.region().fd, 1));
    EXPECT_THAT(outcome, IsRefused());
    if (!outcome.closed && has_io()) Complete(session, RequestIn(session, 1));
  }

  // REM_MEM_REG of the second region after `spoil`; it has to stay.
  template <typename Spoil>
  void ExpectRemovalRefused(Spoil spoil) {
    Session& session = StartWithSlots();
    MemoryRegion region = WireRegion(session.memory().regions()[1]);
    spoil(region);
    const Outcome outcome =
        Provoke(session, SlotMessage(Request::REM_MEM_REG, region));
    EXPECT_THAT(outcome, IsRefused());
    if (!outcome.closed && has_io()) Complete(session, RequestIn(session, 1));
  }
};

constexpr Needs kNeeds = {.protocol = kSlots, .io = true};

CONFORMANCE_CASE(MemorySlotRefusals, ARegionThatIsThereIsNotAddedAgain,
                 .cites = {Req::MEM_35}, .needs = kNeeds) {
  ExpectAdditionRefused([](MemoryRegion& region) {
    region = WireRegion({.guest_address = GuestMemory::kDefaultGuestAddress,
                         .size = kPageSize,
                         .user_address = GuestMemory::kDefaultGuestAddress +
                                         GuestMemory::kUserAddressDistance});
  });
}

CONFORMANCE_CASE(MemorySlotRefusals, ARegionIsNotAddedTwice,
                 .cites = {Req::MEM_35}, .needs = kNeeds) {
  Session& session = StartWithSlots();
  const UnmappedRegion file(kBeside);
  Require(session.frontend().AddMemReg(file.region()));
  EXPECT_THAT(
      Provoke(session,
              SlotMessage(Request::ADD_MEM_REG, WireRegion(file.region())),
              std::span(&file.region().fd, 1)),
      IsRefused());
}

CONFORMANCE_CASE(MemorySlotRefusals, OverlappingGuestRangeIsNotAdded,
                 .cites = {Req::MEM_35}, .needs = kNeeds) {
  ExpectAdditionRefused([](MemoryRegion& region) {
    region.guest_address = GuestMemory::kDefaultGuestAddress + kPageSize;
  });
}

CONFORMANCE_CASE(MemorySlotRefusals, OverlappingUserRangeIsNotAdded,
                 .cites = {Req::MEM_35}, .needs = kNeeds) {
  ExpectAdditionRefused([](MemoryRegion& region) {
    region.user_address = GuestMemory::kDefaultGuestAddress +
                          GuestMemory::kUserAddressDistance + kPageSize;
  });
}

CONFORMANCE_CASE(MemorySlotRefusals, ARegionOfSizeZeroIsNotAdded,
                 .cites = {Req::MEM_21}, .needs = kNeeds) {
  ExpectAdditionRefused([](MemoryRegion& region) { region.memory_size = 0; });
}

CONFORMANCE_CASE(MemorySlotRefusals, AGuestAddressThatWrapsIsNotAdded,
                 .cites = {Req::MEM_23}, .needs = kNeeds) {
  ExpectAdditionRefused(
      [](MemoryRegion& region) { region.guest_address = kLastPage; });
}

CONFORMANCE_CASE(MemorySlotRefusals, AnOffsetThatWrapsIsNotAdded,
                 .cites = {Req::MEM_25}, .needs = kNeeds) {
  ExpectAdditionRefused(
      [](MemoryRegion& region) { region.mmap_offset = kLastPage; });
}

CONFORMANCE_CASE(MemorySlotRefusals, AnAdditionWithoutDescriptorIsRefused,
                 .cites = {Req::MEM_33}, .needs = kNeeds) {
  Session& session = StartWithSlots();
  const UnmappedRegion file(kBeside);
  EXPECT_THAT(Provoke(session, SlotMessage(Request::ADD_MEM_REG,
                                           WireRegion(file.region()))),
              IsRefused());
}

CONFORMANCE_CASE(MemorySlotRefusals, AnAdditionWithTwoDescriptorsIsRefused,
                 .cites = {Req::MEM_33}, .needs = kNeeds) {
  Session& session = StartWithSlots();
  const UnmappedRegion file(kBeside);
  const std::array<int, 2> fds = {file.region().fd, file.region().fd};
  EXPECT_THAT(
      Provoke(session,
              SlotMessage(Request::ADD_MEM_REG, WireRegion(file.region())),
              fds),
      IsRefused());
  Disconnect();
  EXPECT_FALSE(file.IsMapped()) << "after the end of the session";
}

CONFORMANCE_CASE(MemorySlotRefusals, AnotherGuestAddressRemovesNothing,
                 .cites = {Req::MEM_45}, .needs = kNeeds) {
  ExpectRemovalRefused(
      [](MemoryRegion& region) { region.guest_address += kPageSize; });
}

CONFORMANCE_CASE(MemorySlotRefusals, AnotherUserAddressRemovesNothing,
                 .cites = {Req::MEM_45}, .needs = kNeeds) {
  ExpectRemovalRefused(
      [](MemoryRegion& region) { region.user_address += kPageSize; });
}

CONFORMANCE_CASE(MemorySlotRefusals, AnotherSizeRemovesNothing,
                 .cites = {Req::MEM_45}, .needs = kNeeds) {
  ExpectRemovalRefused(
      [](MemoryRegion& region) { region.memory_size -= kPageSize; });
}

CONFORMANCE_CASE(MemorySlotRefusals, ARegionIsNotRemovedTwice,
                 .cites = {Req::MEM_45}, .needs = kNeeds) {
  Session& session = StartWithSlots();
  const GuestRegion region = session.memory().regions()[1];
  Require(session.frontend().RemMemReg(region));
  EXPECT_THAT(
      Provoke(session, SlotMessage(Request::REM_MEM_REG, WireRegion(region))),
      IsRefused());
}

// Nothing can be expected of the ring, but the process has to live.
CONFORMANCE_CASE(MemorySlotRefusals, TheRegionOfARunningRingMayBeRemoved,
                 .cites = {Req::MEM_48}, .needs = kNeeds) {
  Session& session = StartWithSlots();
  CompleteOne(session);
  const MemoryRegion region = WireRegion(session.memory().regions()[0]);
  EXPECT_THAT(Provoke(session, SlotMessage(Request::REM_MEM_REG, region)),
              IsDecided());
  PostOne(session);
  KickUntilRead(IoRing(session));
  EXPECT_THAT(Raw(session).Fence({}, {}, CurrentRun().ForAnswer()),
              IsSurvived());
}

CONFORMANCE_CASE(MemorySlotRefusals, AdditionNeedsTheFeature,
                 .cites = {Req::MEM_32}) {
  Session& session = StartSession();
  const UnmappedRegion file(kBeside);
  EXPECT_THAT(
      Provoke(session,
              SlotMessage(Request::ADD_MEM_REG, WireRegion(file.region())),
              std::span(&file.region().fd, 1)),
      IsRefused());
}

CONFORMANCE_CASE(MemorySlotRefusals, RemovalNeedsTheFeature,
                 .cites = {Req::MEM_32}) {
  Session& session = StartSession({.regions = RegionsOfCount(2)});
  const MemoryRegion region = WireRegion(session.memory().regions()[1]);
  EXPECT_THAT(Provoke(session, SlotMessage(Request::REM_MEM_REG, region)),
              IsRefused());
}

// Without need_reply: a non-zero ack would look like a count.
CONFORMANCE_CASE(MemorySlotRefusals, MaximumNeedsTheFeature,
                 .cites = {Req::MEM_50}) {
  Session& session = StartSession();
  EXPECT_THAT(
      Raw(session).Exchange(protocol::MakeRequest(Request::GET_MAX_MEM_SLOTS),
                            {}, CurrentRun().ForAnswer()),
      IsRefusedOrIgnored());
}

}  // namespace
}  // namespace vuspec
