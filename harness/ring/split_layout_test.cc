#include "harness/ring/split_layout.h"

#include <array>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/ring/split_view.h"

namespace vuspec {
namespace {

using testing::ElementsAre;

TEST(SplitLayout, SizesAreThoseOfTheSpecification) {
  // By hand: 16 N; 6 + 2 N; 6 + 8 N.
  EXPECT_EQ(DescriptorTableSize(1), 16U);
  EXPECT_EQ(AvailableRingSize(1), 8U);
  EXPECT_EQ(UsedRingSize(1), 14U);
  EXPECT_EQ(DescriptorTableSize(256), 4096U);
  EXPECT_EQ(AvailableRingSize(256), 518U);
  EXPECT_EQ(UsedRingSize(256), 2054U);
  EXPECT_EQ(DescriptorTableSize(32768), 524288U);
  EXPECT_EQ(AvailableRingSize(32768), 65542U);
  EXPECT_EQ(UsedRingSize(32768), 262150U);
}

TEST(SplitLayout, QueueSizesArePowersOfTwoUpToALimit) {
  EXPECT_FALSE(IsSplitQueueSize(0));
  EXPECT_TRUE(IsSplitQueueSize(1));
  EXPECT_FALSE(IsSplitQueueSize(100));
  EXPECT_TRUE(IsSplitQueueSize(32768));
  EXPECT_FALSE(IsSplitQueueSize(65536));
}

// The definition, step by step: the index visits old_index ... new_index - 1,
// and the event is passed when it is one of them.
bool EventPassedBySteps(std::uint16_t event, std::uint16_t new_index,
                        std::uint16_t old_index) {
  for (std::uint16_t at = old_index; at != new_index; ++at) {
    if (at == event) return true;
  }
  return false;
}

TEST(SplitLayout, EventPassedIsTheStepwiseDefinitionAlsoAcrossTheWrap) {
  for (const int old_base : {0, 5, 32760, 65530, 65535}) {
    for (int step = 0; step < 12; ++step) {
      for (int event_distance = -8; event_distance < 20; ++event_distance) {
        const auto old_index = static_cast<std::uint16_t>(old_base);
        const auto new_index = static_cast<std::uint16_t>(old_base + step);
        const auto event =
            static_cast<std::uint16_t>(old_base + event_distance);
        EXPECT_EQ(EventPassed(event, new_index, old_index),
                  EventPassedBySteps(event, new_index, old_index))
            << event << ' ' << new_index << ' ' << old_index;
      }
    }
  }
}

std::vector<int> Bytes(std::span<const std::byte> bytes) {
  std::vector<int> numbers;
  for (const std::byte byte : bytes)
    numbers.push_back(std::to_integer<int>(byte));
  return numbers;
}

// Every field of a ring of two, written once and compared with bytes made by
// hand, since both sides of our rings share the accessors.
TEST(SplitRingView, PutsEveryFieldWhereTheSpecificationHasIt) {
  alignas(16) std::array<std::byte, 32> descriptors = {};
  alignas(16) std::array<std::byte, 10> available = {};
  alignas(16) std::array<std::byte, 22> used = {};
  const SplitRingView view(descriptors.data(), available.data(), used.data(),
                           2);
  view.SetDescriptor(1, {0x1122334455667788, 0x99aabbcc,
                         VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE, 0x0102});
  EXPECT_THAT(Bytes(std::span(descriptors).subspan(16)),
              ElementsAre(0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0xcc,
                          0xbb, 0xaa, 0x99, 3, 0, 2, 1));
  EXPECT_THAT(std::span(descriptors).first(16), testing::Each(std::byte{0}));

  view.SetAvailFlags(VIRTQ_AVAIL_F_NO_INTERRUPT);
  view.SetAvailIndex(0x0203);
  view.SetAvailEntry(4, 0x0405);      // slot 0
  view.SetAvailEntry(65535, 0x0607);  // slot 1
  view.SetUsedEvent(0x0809);
  EXPECT_THAT(Bytes(available), ElementsAre(1, 0, 3, 2, 5, 4, 7, 6, 9, 8));

  view.SetUsedFlags(VIRTQ_USED_F_NO_NOTIFY);
  view.SetUsedIndex(0x0203);
  view.SetUsedElement(2, {0x04050607, 0x08090a0b});  // slot 0
  view.SetUsedElement(3, {1, 2});                    // slot 1
  view.SetAvailEvent(0x0c0d);
  EXPECT_THAT(Bytes(used), ElementsAre(1, 0, 3, 2, 7, 6, 5, 4, 0xb, 0xa, 9, 8,
                                       1, 0, 0, 0, 2, 0, 0, 0, 0xd, 0xc));
}

TEST(SplitRingView, ReadsBackWhatItWrote) {
  alignas(16) std::array<std::byte, 32> descriptors = {};
  alignas(16) std::array<std::byte, 10> available = {};
  alignas(16) std::array<std::byte, 22> used = {};
  const SplitRingView view(descriptors.data(), available.data(), used.data(),
                           2);
  const Descriptor descriptor = {1, 2, 4, 3};
  view.SetDescriptor(0, descriptor);
  EXPECT_EQ(view.descriptor(0), descriptor);
  view.SetAvailFlags(7);
  EXPECT_EQ(view.avail_flags(), 7);
  view.SetAvailIndex(8);
  EXPECT_EQ(view.avail_index(), 8);
  view.SetAvailEntry(1, 9);
  EXPECT_EQ(view.avail_entry(3), 9);
  view.SetUsedEvent(10);
  EXPECT_EQ(view.used_event(), 10);
  view.SetUsedFlags(11);
  EXPECT_EQ(view.used_flags(), 11);
  view.SetUsedIndex(12);
  EXPECT_EQ(view.used_index(), 12);
  view.SetUsedElement(1, {13, 14});
  EXPECT_EQ(view.used_element(1), (UsedElement{13, 14}));
  view.SetAvailEvent(15);
  EXPECT_EQ(view.avail_event(), 15);
}

TEST(SplitRingView, LoadsADescriptorAtAnyAlignment) {
  alignas(16) std::array<std::byte, 32> memory = {};
  const Descriptor descriptor = {0x1122334455667788, 0x99aabbcc, 2, 0x0102};
  StoreDescriptor(memory.data(), descriptor);
  for (std::size_t offset = 1; offset < 16; ++offset) {
    alignas(16) std::array<std::byte, 32> moved = {};
    std::copy_n(memory.begin(), kDescriptorSize,
                moved.begin() + static_cast<std::ptrdiff_t>(offset));
    EXPECT_EQ(LoadDescriptor(moved.data() + offset), descriptor) << offset;
  }
}

}  // namespace
}  // namespace vuspec
