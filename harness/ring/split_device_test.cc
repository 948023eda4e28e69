#include "harness/ring/split_device.h"

#include <fcntl.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/memory/peer_memory.h"
#include "harness/ring/ring_rig.h"

namespace vuspec {
namespace {

using protocol::Req;
using testing::IsEmpty;
using testing::SizeIs;

TEST(SplitDevice, RefusesSizesThatAreNone) {
  RingRig rig({});
  const auto cited = [&](std::uint32_t queue_size) {
    return CitedBy(SplitDevice::Create(*rig.memory, *rig.memory,
                                       rig.driver.guest_addresses(), queue_size,
                                       {}));
  };
  EXPECT_EQ(cited(0), Req::VNUM_03);
  EXPECT_EQ(cited(32769), Req::VNUM_04);
  EXPECT_EQ(cited(65536), Req::VNUM_04);
  EXPECT_EQ(cited(0x10008), Req::VNUM_04);
  EXPECT_EQ(cited(100), Req::VNUM_05);
  EXPECT_EQ(cited(8), std::nullopt);
}

// Each part in turn gets the bad address; the field names the part.
TEST(SplitDevice, RefusesPartsThatAreNotWhollyInMemoryOrMisaligned) {
  RingRig rig({});
  const std::uint64_t end =
      GuestMemory::kDefaultGuestAddress + GuestMemory::kDefaultRegionSize;
  const auto expect = [&](std::uint64_t SplitRingAddresses::*part,
                          std::uint64_t address, std::optional<Req> req) {
    SplitRingAddresses addresses = rig.driver.guest_addresses();
    addresses.*part = address;
    EXPECT_EQ(CitedBy(SplitDevice::Create(*rig.memory, *rig.memory, addresses,
                                          8, {})),
              req)
        << std::hex << address;
  };
  const auto table = &SplitRingAddresses::descriptor_table;
  const auto available = &SplitRingAddresses::available;
  const auto used = &SplitRingAddresses::used;
  for (const auto part : {table, available, used}) {
    expect(part, end, Req::VADDR_05);
    expect(part, 0, Req::VADDR_05);
    expect(part, 0xfffffffffffffff0, Req::VADDR_05);
    expect(part, end - 16, Req::VADDR_06);
  }
  expect(table, end - 128, std::nullopt);
  expect(available, end - 22, std::nullopt);
  expect(available, end - 20, Req::VADDR_06);
  expect(used, end - 72, std::nullopt);
  expect(used, end - 68, Req::VADDR_06);
  expect(table, end - 256 + 8, Req::VADDR_07);
  expect(available, end - 255, Req::VADDR_07);
  expect(used, end - 254, Req::VADDR_07);
}

TEST(SplitDevice, RefusesARegionWhoseFileOffsetMisalignsIt) {
  GuestMemory memory = Require(GuestMemory::Create(std::vector<RegionSpec>{
      {.guest_address = 0x10000, .size = 0x10000, .mmap_offset = 1}}));
  const SplitRingAddresses addresses = {0x10000, 0x11000, 0x12000};
  EXPECT_EQ(CitedBy(SplitDevice::Create(memory, memory, addresses, 8, {})),
            Req::VADDR_07);
}

TEST(SplitDevice, TakesRingsByUserAndBuffersByGuestAddress) {
  GuestMemory memory = Require(GuestMemory::CreateDefault());
  SplitDriver driver = Require(SplitDriver::Create(memory, 8, {}));
  PeerMemory peer;
  const GuestRegion& region = memory.regions()[0];
  ASSERT_TRUE(peer.Add({region.guest_address, region.size, region.user_address,
                        region.mmap_offset,
                        UniqueFd(::fcntl(region.fd, F_DUPFD_CLOEXEC, 0))})
                  .ok());
  EXPECT_FALSE(SplitDevice::Create(peer.user_space(), peer,
                                   driver.guest_addresses(), 8, {}));
  SplitDevice device = Require(SplitDevice::Create(
      peer.user_space(), peer, driver.user_addresses(), 8, {}));

  const GuestBuffer buffer = Require(memory.Allocate(4, 1));
  const Segment segment = {buffer.guest_address, 4, true};
  const std::uint16_t head = Require(driver.AddChain({&segment, 1}));
  driver.Publish();
  Chain chain;
  ASSERT_TRUE(Require(device.Pop(chain)));
  ASSERT_THAT(chain.writable(), SizeIs(1));
  ASSERT_NE(chain.writable()[0].data(), buffer.bytes.data()) << "two mappings";
  Store<std::uint8_t>(chain.writable()[0].data() + 3, 0x42);
  device.Push(chain.head(), 4);
  EXPECT_EQ(Require(driver.PopUsed()), (Completion{head, 4}));
  EXPECT_EQ(Load<std::uint8_t>(buffer.bytes.data() + 3), 0x42);
}

TEST(SplitDevice, FollowsTheRingIntoANewMemoryTable) {
  GuestMemory old_memory = Require(GuestMemory::CreateDefault());
  GuestMemory new_memory = Require(GuestMemory::CreateDefault());
  SplitDriver driver = Require(SplitDriver::Create(old_memory, 8, {}));
  SplitDriver moved = Require(SplitDriver::Create(new_memory, 8, {}));
  ASSERT_EQ(driver.user_addresses(), moved.user_addresses());
  PeerMemory peer;
  const auto share = [&](const GuestMemory& memory) {
    const GuestRegion& region = memory.regions()[0];
    std::vector<PeerRegion> regions;
    regions.push_back({region.guest_address, region.size, region.user_address,
                       0, UniqueFd(::fcntl(region.fd, F_DUPFD_CLOEXEC, 0))});
    return peer.Replace(regions);
  };
  ASSERT_TRUE(share(old_memory).ok());
  SplitDevice device = Require(SplitDevice::Create(
      peer.user_space(), peer, driver.user_addresses(), 8, {}));
  device.SetBase(3);
  ASSERT_TRUE(share(new_memory).ok());
  ASSERT_EQ(device.Rebind(), std::nullopt);
  EXPECT_EQ(device.next_avail(), 3);
  device.Push(1, 2);
  EXPECT_EQ(moved.view().used_index(), 1);
  EXPECT_EQ(driver.view().used_index(), 0);
  peer.Clear();
  ASSERT_TRUE(device.Rebind().has_value());
  EXPECT_EQ(device.Rebind()->req, Req::VADDR_05);
}

TEST(SplitDevice, GoesOnFromTheUsedIndexInMemory) {
  RingRig rig({});
  rig.driver.StartAt(5, 65535);
  rig.device.SetBase(5);
  EXPECT_EQ(rig.device.next_avail(), 5);
  EXPECT_EQ(rig.device.next_used(), 65535);
  const Segment segment = rig.Buffer(8, true);
  const std::uint16_t head = Require(rig.driver.AddChain({&segment, 1}));
  rig.driver.Publish();
  Chain chain;
  ASSERT_TRUE(Require(rig.device.Pop(chain)));
  rig.device.Push(chain.head(), 8);
  EXPECT_EQ(rig.device.next_avail(), 6);
  EXPECT_EQ(rig.driver.view().used_index(), 0);
  EXPECT_EQ(rig.driver.view().used_element(65535), (UsedElement{head, 8}));
}

TEST(SplitDevice, AnEmptyRingGivesNothing) {
  RingRig rig({.base = 7});
  Chain chain;
  EXPECT_FALSE(rig.device.HasPending());
  EXPECT_FALSE(Require(rig.device.Pop(chain)));
  EXPECT_EQ(rig.device.next_avail(), 7);
}

TEST(SplitDevice, TakesAChainAgainThatAnotherDeviceDidNotGiveBack) {
  RingRig rig({});
  const std::uint16_t head =
      Require(rig.driver.AddChain(std::array{rig.Buffer(16, false)}));
  rig.driver.Publish();
  rig.device.SetBase(1);
  Chain chain;
  ASSERT_TRUE(Require(rig.device.Retake(head, chain)));
  EXPECT_EQ(chain.head(), head);
  EXPECT_EQ(chain.readable_size(), 16U);
  EXPECT_FALSE(Require(rig.device.Pop(chain)));
  EXPECT_EQ(rig.device.next_avail(), 1);
  EXPECT_FALSE(Require(rig.device.Retake(rig.device.queue_size(), chain)));
}

TEST(SplitDevice, StagedElementsAppearWhenPublished) {
  RingRig rig({});
  rig.device.Stage(3, 30);
  rig.device.Stage(2, 20);
  EXPECT_EQ(rig.driver.view().used_index(), 0);
  rig.device.Publish();
  EXPECT_EQ(rig.driver.view().used_index(), 2);
  EXPECT_EQ(rig.driver.view().used_element(1), (UsedElement{2, 20}));
}

TEST(SplitDevice, ServesABufferAcrossContiguousRegions) {
  GuestMemory memory = Require(GuestMemory::Create(
      std::vector<RegionSpec>{{.guest_address = 0x100000, .size = 0x10000},
                              {.guest_address = 0x110000, .size = 0x1000}}));
  SplitDriver driver = Require(SplitDriver::Create(memory, 8, {}));
  SplitDevice device = Require(
      SplitDevice::Create(memory, memory, driver.guest_addresses(), 8, {}));
  const Segment across = {0x110000 - 8, 24, true};
  Require(driver.AddChain({&across, 1}));
  driver.Publish();
  Chain chain;
  ASSERT_TRUE(Require(device.Pop(chain)));
  ASSERT_THAT(chain.writable(), SizeIs(2));
  EXPECT_EQ(chain.writable_size(), 24U);
  EXPECT_EQ(chain.writable()[0].data(), memory.Translate(0x110000 - 8, 8));
  EXPECT_EQ(chain.writable()[0].size(), 8U);
  EXPECT_EQ(chain.writable()[1].data(), memory.Translate(0x110000, 16));
}

TEST(SplitDevice, ARangeThatWrapsIntoMemoryAgainIsRefused) {
  constexpr std::uint64_t kTop = ~std::uint64_t{0} - 0xfff;
  GuestMemory memory = Require(GuestMemory::Create(std::vector<RegionSpec>{
      {.guest_address = 0, .size = 0x10000},
      {.guest_address = kTop, .size = 0x1000, .user_address = 0x7000'0000}}));
  SplitDriver driver = Require(SplitDriver::Create(memory, 8, {}));
  SplitDevice device = Require(
      SplitDevice::Create(memory, memory, driver.guest_addresses(), 8, {}));
  const Segment wraps = {kTop, 0x1001, true};
  const Segment fits = {kTop, 0x1000, true};
  Require(driver.AddChain({&wraps, 1}));
  Require(driver.AddChain({&fits, 1}));
  driver.Publish();
  Chain chain;
  EXPECT_EQ(CitedBy(device.Pop(chain)), Req::MEM_11);
  EXPECT_TRUE(Require(device.Pop(chain)));
}

TEST(SplitDevice, AnEmptyBufferMayPointAnywhere) {
  RingRig rig({});
  const std::array<Segment, 3> segments = {
      Segment{~0ULL, 0, false}, rig.Buffer(16, false), Segment{1, 0, true}};
  Require(rig.driver.AddChain(segments));
  rig.driver.Publish();
  Chain chain;
  ASSERT_TRUE(Require(rig.device.Pop(chain)));
  EXPECT_THAT(chain.readable(), SizeIs(1));
  EXPECT_THAT(chain.writable(), IsEmpty());
}

TEST(SplitDevice, TakesAChainAsLongAsTheQueue) {
  RingRig rig({.queue_size = 256});
  const std::vector<Segment> segments(256, rig.Buffer(4, true));
  Require(rig.driver.AddChain(segments));
  rig.driver.Publish();
  Chain chain;
  ASSERT_TRUE(Require(rig.device.Pop(chain)));
  EXPECT_THAT(chain.writable(), SizeIs(256));
}

class SplitDeviceIndirect : public testing::Test {
 protected:
  // Makes one descriptor available that points to `entries` at `address`.
  void Post(std::uint64_t address, std::span<const Descriptor> entries,
            std::uint16_t extra_flags = 0) {
    std::byte* const table =
        rig_.memory->Translate(address, kDescriptorSize * entries.size());
    ASSERT_NE(table, nullptr);
    alignas(16) std::array<std::byte, kDescriptorSize> bytes;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      StoreDescriptor(bytes.data(), entries[i]);
      CopyOut(table + kDescriptorSize * i, bytes);
    }
    const SplitRingView& view = rig_.driver.view();
    view.SetDescriptor(
        0,
        {address, static_cast<std::uint32_t>(kDescriptorSize * entries.size()),
         static_cast<std::uint16_t>(VIRTQ_DESC_F_INDIRECT | extra_flags), 0});
    const std::uint16_t index = view.avail_index();
    view.SetAvailEntry(index, 0);
    view.SetAvailIndex(static_cast<std::uint16_t>(index + 1));
  }

  RingRig rig_{{.queue_size = 8, .indirect = true}};
  GuestBuffer room_ = Require(rig_.memory->Allocate(0x10000, 4096));
  Chain chain_;
};

TEST_F(SplitDeviceIndirect, ATableNeedsNoAlignment) {
  const std::array<Descriptor, 2> entries = {
      Descriptor{room_.guest_address + 0x8000, 16, VIRTQ_DESC_F_NEXT, 1},
      Descriptor{room_.guest_address + 0x9000, 32, VIRTQ_DESC_F_WRITE, 0}};
  for (std::uint64_t offset = 0; offset < 16; ++offset) {
    Post(room_.guest_address + offset, entries);
    ASSERT_TRUE(Require(rig_.device.Pop(chain_)));
    EXPECT_EQ(chain_.readable_size(), 16U);
    EXPECT_EQ(chain_.writable_size(), 32U);
  }
}

TEST_F(SplitDeviceIndirect, TheWriteFlagOfThePointerIsIgnored) {
  const std::array<Descriptor, 1> entries = {
      Descriptor{room_.guest_address + 0x8000, 16, 0, 0}};
  Post(room_.guest_address, entries, VIRTQ_DESC_F_WRITE);
  ASSERT_TRUE(Require(rig_.device.Pop(chain_)));
  EXPECT_EQ(chain_.readable_size(), 16U);
  EXPECT_EQ(chain_.writable_size(), 0U);
}

TEST_F(SplitDeviceIndirect, EntriesComeInTheOrderOfTheLinks) {
  const std::array<Descriptor, 3> entries = {
      Descriptor{room_.guest_address + 0x8000, 1, VIRTQ_DESC_F_NEXT, 2},
      Descriptor{room_.guest_address + 0x8300, 3, VIRTQ_DESC_F_WRITE, 0},
      Descriptor{room_.guest_address + 0x8200, 2, VIRTQ_DESC_F_NEXT, 1}};
  Post(room_.guest_address, entries);
  ASSERT_TRUE(Require(rig_.device.Pop(chain_)));
  ASSERT_THAT(chain_.readable(), SizeIs(2));
  EXPECT_EQ(chain_.readable()[1].size(), 2U);
  EXPECT_EQ(chain_.writable_size(), 3U);
}

TEST_F(SplitDeviceIndirect, AChainMayBeLongerThanTheQueueUpToALimit) {
  std::vector<Descriptor> entries;
  for (std::size_t i = 0; i < SplitDevice::kMaxChainDescriptors; ++i) {
    entries.push_back({room_.guest_address + 0x8000, 1,
                       VIRTQ_DESC_F_WRITE | VIRTQ_DESC_F_NEXT,
                       static_cast<std::uint16_t>(i + 1)});
  }
  entries.back().flags = VIRTQ_DESC_F_WRITE;
  Post(room_.guest_address, entries);
  ASSERT_TRUE(Require(rig_.device.Pop(chain_)));
  EXPECT_EQ(chain_.writable_size(), SplitDevice::kMaxChainDescriptors);

  entries.back().flags |= VIRTQ_DESC_F_NEXT;
  entries.push_back({room_.guest_address, 1, VIRTQ_DESC_F_WRITE, 0});
  Post(room_.guest_address, entries);
  EXPECT_EQ(CitedBy(rig_.device.Pop(chain_)), Req::VS_05);
}

TEST_F(SplitDeviceIndirect, DirectDescriptorsMayComeBeforeTheTable) {
  const std::array<Segment, 3> segments = {
      rig_.Buffer(16, false), rig_.Buffer(512, true), rig_.Buffer(1, true)};
  for (std::size_t direct_count = 0; direct_count < 3; ++direct_count) {
    Require(rig_.driver.AddChain(
        segments, {.indirect = true, .direct_count = direct_count}));
    rig_.driver.Publish();
    ASSERT_TRUE(Require(rig_.device.Pop(chain_)));
    EXPECT_EQ(chain_.readable_size(), 16U);
    EXPECT_EQ(chain_.writable_size(), 513U);
    rig_.device.Push(chain_.head(), 513);
    ASSERT_TRUE(Require(rig_.driver.PopUsed()));
  }
}

}  // namespace
}  // namespace vuspec
