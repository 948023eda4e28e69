#include "harness/memory/address_range.h"

#include "gtest/gtest.h"

namespace vuspec {
namespace {

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

TEST(AddressRange, WrapsOnlyWhenTheLastByteDoes) {
  EXPECT_FALSE((AddressRange{0, 0}.Wraps()));
  EXPECT_FALSE((AddressRange{kMax, 0}.Wraps()));
  EXPECT_FALSE((AddressRange{kMax, 1}.Wraps()));
  EXPECT_TRUE((AddressRange{kMax, 2}.Wraps()));
  EXPECT_FALSE((AddressRange{0, kMax}.Wraps()));
  EXPECT_FALSE((AddressRange{1, kMax}.Wraps()));
  EXPECT_TRUE((AddressRange{2, kMax}.Wraps()));
}

TEST(AddressRange, ContainsItsBytesAndNoOther) {
  const AddressRange range = {0x1000, 0x100};
  EXPECT_TRUE(range.Contains(0x1000, 0x100));
  EXPECT_TRUE(range.Contains(0x10ff, 1));
  EXPECT_TRUE(range.Contains(0x1000, 0));
  EXPECT_FALSE(range.Contains(0x1100, 0));
  EXPECT_FALSE(range.Contains(0xfff, 1));
  EXPECT_FALSE(range.Contains(0x1000, 0x101));
  EXPECT_FALSE(range.Contains(0x10ff, 2));
  EXPECT_FALSE(range.Contains(0x10ff, kMax));
  EXPECT_FALSE(range.Contains(kMax, 0x2000));
}

TEST(AddressRange, AtTheEndOfTheAddressSpace) {
  const AddressRange last = {kMax - 0xfff, 0x1000};
  ASSERT_FALSE(last.Wraps());
  EXPECT_TRUE(last.Contains(kMax, 1));
  EXPECT_FALSE(last.Contains(kMax, 2));
  EXPECT_FALSE(last.Contains(0, 1));
}

TEST(AddressRange, OverlapsIsSymmetricAndNeighboursDoNot) {
  const AddressRange range = {0x1000, 0x1000};
  const auto overlaps = [&](AddressRange other) {
    EXPECT_EQ(range.Overlaps(other), other.Overlaps(range));
    return range.Overlaps(other);
  };
  EXPECT_TRUE(overlaps({0x1000, 0x1000}));
  EXPECT_TRUE(overlaps({0x1fff, 1}));
  EXPECT_TRUE(overlaps({0x0, 0x1001}));
  EXPECT_TRUE(overlaps({0x1800, 0x10}));
  EXPECT_FALSE(overlaps({0x2000, 0x1000}));
  EXPECT_FALSE(overlaps({0x0, 0x1000}));
  EXPECT_FALSE(overlaps({0x1800, 0}));
}

}  // namespace
}  // namespace vuspec
