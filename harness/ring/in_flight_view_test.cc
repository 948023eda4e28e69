// The layout byte by byte, since both sides of the suite share the view.
#include "harness/ring/in_flight_view.h"

#include <array>

#include "gtest/gtest.h"

namespace vuspec {
namespace {

constexpr std::uint16_t kQueueSize = 4;

class InFlightViewTest : public testing::Test {
 protected:
  std::uint8_t ByteAt(std::size_t offset) const {
    return std::to_integer<std::uint8_t>(bytes_[offset]);
  }
  // Nothing but [offset, offset + size) is written.
  void ExpectOnly(std::size_t offset, std::size_t size) const {
    for (std::size_t i = 0; i < bytes_.size(); ++i) {
      if (i >= offset && i < offset + size) continue;
      EXPECT_EQ(ByteAt(i), 0) << "byte " << i;
    }
  }

  alignas(8) std::array<std::byte, InFlightRegionSize(kQueueSize)> bytes_{};
  const InFlightView view_{bytes_};
};

TEST_F(InFlightViewTest, ARegionOfFourEntriesHas80Bytes) {
  EXPECT_EQ(bytes_.size(), 80u);
  EXPECT_EQ(view_.capacity(), kQueueSize);
  EXPECT_EQ(InFlightView().capacity(), 0);
  EXPECT_TRUE(InFlightView().empty());
}

TEST_F(InFlightViewTest, TheHeaderIsFeaturesVersionCountBatchAndUsedIndex) {
  view_.SetFeatures(0x0807060504030201);
  view_.SetVersion(0x0a09);
  view_.SetEntryCount(0x0c0b);
  view_.SetLastBatchHead(0x0e0d);
  view_.SetUsedIndex(0x100f);
  for (std::size_t i = 0; i < 16; ++i) EXPECT_EQ(ByteAt(i), i + 1);
  ExpectOnly(0, 16);
  EXPECT_EQ(view_.features(), 0x0807060504030201u);
  EXPECT_EQ(view_.version(), 0x0a09);
  EXPECT_EQ(view_.entry_count(), 0x0c0b);
  EXPECT_EQ(view_.last_batch_head(), 0x0e0d);
  EXPECT_EQ(view_.used_index(), 0x100f);
}

TEST_F(InFlightViewTest, AnEntryIsMarkPaddingNextAndCounter) {
  view_.SetInFlight(1, true);
  view_.SetNext(1, 0x0201);
  view_.SetCounter(1, 0x0a09080706050403);
  const std::array<std::uint8_t, 16> expected = {1, 0, 0, 0, 0, 0, 1, 2,
                                                 3, 4, 5, 6, 7, 8, 9, 10};
  for (std::size_t i = 0; i < 16; ++i) EXPECT_EQ(ByteAt(32 + i), expected[i]);
  ExpectOnly(32, 16);
  EXPECT_TRUE(view_.in_flight(1));
  EXPECT_EQ(view_.next(1), 0x0201);
  EXPECT_EQ(view_.counter(1), 0x0a09080706050403u);
}

TEST_F(InFlightViewTest, CountsTheMarkedEntries) {
  EXPECT_EQ(view_.InFlightCount(), 0u);
  view_.SetInFlight(0, true);
  view_.SetInFlight(3, true);
  EXPECT_EQ(view_.InFlightCount(), 2u);
  view_.SetInFlight(0, false);
  EXPECT_EQ(view_.InFlightCount(), 1u);
}

}  // namespace
}  // namespace vuspec
