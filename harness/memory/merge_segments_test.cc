#include "harness/memory/merge_segments.h"

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vuspec {
namespace {

constexpr std::uint64_t kHuge = 0x200000;

TEST(MergeSegments, NeighboursInMemoryAndFileBecomeOneRegion) {
  // Given out of order, as a walk over a heap may find them.
  const auto regions = MergeSegments(std::vector<MemorySegment>{
      {7, 0x40000000 + kHuge, kHuge, kHuge},
      {7, 0x40000000, kHuge, 0},
      {7, 0x40000000 + 2 * kHuge, kHuge, 2 * kHuge}});
  ASSERT_TRUE(regions.ok()) << regions.status();
  ASSERT_EQ(regions->size(), 1U);
  const GuestRegion& region = regions->front();
  EXPECT_EQ(region.fd, 7);
  EXPECT_EQ(region.guest_address, 0x40000000U);
  EXPECT_EQ(region.user_address, region.guest_address);
  EXPECT_EQ(region.size, 3 * kHuge);
  EXPECT_EQ(region.mmap_offset, 0U);
}

TEST(MergeSegments, AnotherFileOrAHoleStartsARegion) {
  const auto regions = MergeSegments(std::vector<MemorySegment>{
      {7, 0x1000, 0x1000, 0},
      {8, 0x2000, 0x1000, 0x1000},    // another file
      {8, 0x4000, 0x1000, 0x2000},    // a hole in memory
      {8, 0x5000, 0x1000, 0x9000}});  // a hole in the file
  ASSERT_TRUE(regions.ok()) << regions.status();
  EXPECT_EQ(regions->size(), 4U);
}

TEST(MergeSegments, EightRegionsFitATableAndNineDoNot) {
  std::vector<MemorySegment> segments;
  for (int i = 0; i < 8; ++i) {
    segments.push_back({i, static_cast<std::uint64_t>(i) << 20, 0x1000, 0});
  }
  EXPECT_TRUE(MergeSegments(segments).ok());
  segments.push_back({8, 8 << 20, 0x1000, 0});
  EXPECT_EQ(MergeSegments(segments).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(MergeSegments, RefusesEmptyWrappingAndOverlappingSegments) {
  const auto code = [](std::vector<MemorySegment> segments) {
    return MergeSegments(segments).status().code();
  };
  EXPECT_EQ(code({{1, 0x1000, 0, 0}}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({{1, ~0ULL, 2, 0}}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({{1, 0x1000, 2, ~0ULL}}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({{1, 0x1000, 0x1001, 0}, {2, 0x2000, 0x1000, 0}}),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code({{1, 0x1000, 0x1000, 0}, {2, 0x2000, 0x1000, 0}}),
            absl::StatusCode::kOk);
}

}  // namespace
}  // namespace vuspec
