#include "harness/ring/split_driver.h"

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/ring/ring_rig.h"

namespace vuspec {
namespace {

using protocol::Req;
using testing::ElementsAre;

constexpr std::array<Segment, 3> kThree = {Segment{0x1000, 16, false},
                                           Segment{0x2000, 512, true},
                                           Segment{0x3000, 1, true}};

class SplitDriverTest : public testing::Test {
 protected:
  // What a device would do, right or wrong.
  void Use(std::uint32_t id, std::uint32_t length) {
    const std::uint16_t index = view().used_index();
    view().SetUsedElement(index, {id, length});
    view().SetUsedIndex(static_cast<std::uint16_t>(index + 1));
  }
  std::uint16_t Add() {
    const std::uint16_t head = Require(driver().AddChain(kThree));
    driver().Publish();
    return head;
  }
  SplitDriver& driver() { return rig_.driver; }
  const SplitRingView& view() { return rig_.driver.view(); }

  RingRig rig_{{.queue_size = 8, .indirect = true}};
};

TEST_F(SplitDriverTest, WritesAChainAndShowsItOnlyWhenPublished) {
  const std::uint16_t head = Require(driver().AddChain(kThree));
  EXPECT_EQ(view().avail_index(), 0);
  EXPECT_EQ(view().avail_entry(0), head);
  const Descriptor first = view().descriptor(head);
  const Descriptor second = view().descriptor(first.next);
  const Descriptor third = view().descriptor(second.next);
  EXPECT_EQ(first, (Descriptor{0x1000, 16, VIRTQ_DESC_F_NEXT, first.next}));
  EXPECT_EQ(second,
            (Descriptor{0x2000, 512, VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE,
                        second.next}));
  EXPECT_EQ(third, (Descriptor{0x3000, 1, VIRTQ_DESC_F_WRITE, 0}));
  driver().Publish();
  EXPECT_EQ(view().avail_index(), 1);
  EXPECT_EQ(driver().avail_index(), 1);
  EXPECT_EQ(driver().outstanding(), 1);
  EXPECT_EQ(driver().free_count(), 5);
}

TEST_F(SplitDriverTest, WritesAnIndirectTableBehindDirectDescriptors) {
  const std::uint16_t head = Require(driver().AddChain(
      kThree,
      {.indirect = true, .direct_count = 1, .write_flag_on_table = true}));
  const Descriptor first = view().descriptor(head);
  EXPECT_EQ(first, (Descriptor{0x1000, 16, VIRTQ_DESC_F_NEXT, first.next}));
  const Descriptor table = view().descriptor(first.next);
  EXPECT_EQ(table.flags, VIRTQ_DESC_F_INDIRECT | VIRTQ_DESC_F_WRITE);
  EXPECT_EQ(table.length, 32U);
  const std::byte* const entries =
      rig_.memory->Translate(table.address, table.length);
  ASSERT_NE(entries, nullptr);
  EXPECT_EQ(
      LoadDescriptor(entries),
      (Descriptor{0x2000, 512, VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE, 1}));
  EXPECT_EQ(LoadDescriptor(entries + 16),
            (Descriptor{0x3000, 1, VIRTQ_DESC_F_WRITE, 0}));
  EXPECT_EQ(driver().free_count(), 6);
}

TEST_F(SplitDriverTest, RefusesMoreThanItHas) {
  Add();
  Add();
  EXPECT_EQ(driver().AddChain(kThree).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(driver().AddChain(kThree, {.indirect = true}).ok());
  const std::vector<Segment> seventeen(17, kThree[0]);
  EXPECT_EQ(driver().AddChain(seventeen, {.indirect = true}).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_F(SplitDriverTest, TakesCompletionsInAnyOrderAndReusesDescriptors) {
  const std::uint16_t first = Add();
  const std::uint16_t second = Add();
  EXPECT_EQ(Require(driver().PopUsed()), std::nullopt);
  Use(second, 513);
  Use(first, 0);
  EXPECT_EQ(Require(driver().PopUsed()), (Completion{second, 513}));
  EXPECT_EQ(Require(driver().PopUsed()), (Completion{first, 0}));
  EXPECT_EQ(Require(driver().PopUsed()), std::nullopt);
  EXPECT_EQ(driver().outstanding(), 0);
  EXPECT_EQ(driver().free_count(), 8);
  EXPECT_EQ(driver().used_index(), 2);
  const std::vector<Segment> all(8, kThree[1]);
  EXPECT_TRUE(driver().AddChain(all).ok());
}

TEST_F(SplitDriverTest, AnIdOutsideOfTheTableIsNoHead) {
  Add();
  Use(8, 0);
  EXPECT_EQ(CitedBy(driver().PopUsed()), Req::VS_10);
  EXPECT_EQ(CitedBy(driver().PopUsed()), Req::VS_10) << "at each call";
}

TEST_F(SplitDriverTest, AnIdThatWouldFitIntoSixteenBitsIsNoHead) {
  const std::uint16_t head = Add();
  Use(0x10000U + head, 0);
  EXPECT_EQ(CitedBy(driver().PopUsed()), Req::VS_10);
}

TEST_F(SplitDriverTest, ALaterDescriptorOfAChainIsNoHead) {
  const std::uint16_t head = Add();
  Use(view().descriptor(head).next, 0);
  EXPECT_EQ(CitedBy(driver().PopUsed()), Req::VS_10);
}

TEST_F(SplitDriverTest, ADescriptorNeverExposedIsNoHead) {
  Add();
  Use(7, 0);
  EXPECT_EQ(CitedBy(driver().PopUsed()), Req::VS_10);
}

TEST_F(SplitDriverTest, AHeadIsUsedOnce) {
  const std::uint16_t head = Add();
  Add();
  Use(head, 0);
  Use(head, 0);
  EXPECT_EQ(CitedBy(driver().PopUsed()), std::nullopt);
  EXPECT_EQ(CitedBy(driver().PopUsed()), Req::VS_16);
}

TEST_F(SplitDriverTest, NoMoreIsWrittenThanIsWritable) {
  const std::uint16_t head = Add();
  Use(head, 514);
  const auto result = driver().PopUsed();
  ASSERT_EQ(CitedBy(result), Req::VS_12);
  EXPECT_EQ(result.violation().expected, 513U);
  EXPECT_EQ(result.violation().actual, 514U);
}

TEST_F(SplitDriverTest, WritableBytesOfAnIndirectChainCount) {
  const std::uint16_t head =
      Require(driver().AddChain(kThree, {.indirect = true}));
  driver().Publish();
  Use(head, 513);
  EXPECT_EQ(Require(driver().PopUsed()), (Completion{head, 513}));
}

TEST_F(SplitDriverTest, TheUsedIndexMovesNoFurtherThanChainsAreOut) {
  Add();
  view().SetUsedIndex(2);
  EXPECT_EQ(CitedBy(driver().PopUsed()), Req::VS_15);
  view().SetUsedIndex(0xffff);
  EXPECT_EQ(CitedBy(driver().PopUsed()), Req::VS_15) << "backwards";
}

TEST_F(SplitDriverTest, AChainNotPublishedCannotBeUsed) {
  Add();
  Require(driver().AddChain(kThree));
  view().SetUsedIndex(2);
  EXPECT_EQ(CitedBy(driver().PopUsed()), Req::VS_15);
}

TEST_F(SplitDriverTest, AChainNotPublishedCannotBeUsedInsteadOfAnother) {
  const std::uint16_t shown = Add();
  const std::uint16_t hidden = Require(driver().AddChain(kThree));
  Use(hidden, 0);
  EXPECT_EQ(CitedBy(driver().PopUsed()), Req::VS_10);
  view().SetUsedElement(0, {shown, 0});
  EXPECT_EQ(Require(driver().PopUsed()), (Completion{shown, 0}));
}

TEST_F(SplitDriverTest, BelievesNothingThatTheDeviceCanOverwrite) {
  const std::uint16_t head = Add();
  for (std::uint16_t i = 0; i < 8; ++i) {
    view().SetDescriptor(i, {~0ULL, ~0U, 0xffff, 0xffff});
  }
  view().SetAvailIndex(0x7777);
  Use(head, 1);
  EXPECT_EQ(Require(driver().PopUsed()), (Completion{head, 1}));
  EXPECT_EQ(driver().free_count(), 8);
  Add();
  EXPECT_EQ(view().avail_index(), 2);
}

TEST_F(SplitDriverTest, StartsAtAnyBaseAndForgetsWhatWasOut) {
  Add();
  driver().StartAt(65535, 3);
  EXPECT_EQ(view().avail_index(), 65535);
  EXPECT_EQ(view().used_index(), 3);
  EXPECT_EQ(driver().outstanding(), 0);
  EXPECT_EQ(driver().free_count(), 8);
  const std::uint16_t head = Add();
  EXPECT_EQ(view().avail_entry(65535), head);
  EXPECT_EQ(view().avail_index(), 0);
  Use(head, 5);
  EXPECT_EQ(view().used_element(3), (UsedElement{head, 5}));
  EXPECT_EQ(Require(driver().PopUsed()), (Completion{head, 5}));
}

TEST_F(SplitDriverTest, UsedFlagsHoldOneBitAtMost) {
  EXPECT_EQ(driver().CheckUsedFlags(), std::nullopt);
  view().SetUsedFlags(VIRTQ_USED_F_NO_NOTIFY);
  EXPECT_EQ(driver().CheckUsedFlags(), std::nullopt);
  view().SetUsedFlags(2);
  ASSERT_TRUE(driver().CheckUsedFlags().has_value());
  EXPECT_EQ(driver().CheckUsedFlags()->req, Req::VS_40);
}

TEST(SplitDriver, UsedFlagsHoldNothingWithEventIdx) {
  RingRig rig({.event_idx = true});
  EXPECT_EQ(rig.driver.CheckUsedFlags(), std::nullopt);
  rig.driver.view().SetUsedFlags(VIRTQ_USED_F_NO_NOTIFY);
  ASSERT_TRUE(rig.driver.CheckUsedFlags().has_value());
  EXPECT_EQ(rig.driver.CheckUsedFlags()->req, Req::VS_40);
}

TEST(SplitDriver, PutsItsPartsIntoTheRegionsItIsTold) {
  GuestMemory memory = Require(GuestMemory::CreateDefault(3));
  const SplitDriver driver = Require(SplitDriver::Create(
      memory, 256, {.region_indices = std::array<std::size_t, 3>{2, 0, 1}}));
  const auto region_of = [&](std::uint64_t user_address) {
    for (std::size_t i = 0; i < 3; ++i) {
      const GuestRegion& region = memory.regions()[i];
      if (user_address - region.user_address < region.size) return i;
    }
    return std::size_t{99};
  };
  EXPECT_EQ(region_of(driver.user_addresses().descriptor_table), 2U);
  EXPECT_EQ(region_of(driver.user_addresses().available), 0U);
  EXPECT_EQ(region_of(driver.user_addresses().used), 1U);
  EXPECT_EQ(memory.TranslateUser(driver.user_addresses().used, 1),
            memory.Translate(driver.guest_addresses().used, 1));
}

TEST(SplitDriver, RefusesSizesThatAreNone) {
  GuestMemory memory = Require(GuestMemory::CreateDefault());
  const auto code = [&](std::uint32_t queue_size) {
    return SplitDriver::Create(memory, queue_size, {}).status().code();
  };
  EXPECT_EQ(code(0), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(100), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(65536), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(32768), absl::StatusCode::kOk);
}

}  // namespace
}  // namespace vuspec
