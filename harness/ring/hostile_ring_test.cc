#include "harness/ring/hostile_ring.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/ring/ring_rig.h"

namespace vuspec {
namespace {

using protocol::Req;

TEST(HostileRings, NamesAreUnique) {
  std::set<std::string_view> names;
  for (const HostileRingRow& row : AllHostileRings()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_EQ(Describe(row.kind).name, row.name);
  }
}

class HostileRingTest : public testing::TestWithParam<HostileRingRow> {
 protected:
  static bool Negotiate() {
    return GetParam().indirect != IndirectNeed::kNotNegotiated;
  }
};

TEST_P(HostileRingTest, IsRefusedForItsReasonAndNoOther) {
  for (const std::uint32_t queue_size : {2U, 16U, 1024U, 32768U}) {
    for (const int base : {0, 7, 65535}) {
      RingRig rig({.queue_size = queue_size,
                   .indirect = false,
                   .base = static_cast<std::uint16_t>(base)});
      SplitDevice device = Require(SplitDevice::Create(
          *rig.memory, *rig.memory, rig.driver.guest_addresses(), queue_size,
          {.indirect = Negotiate()}));
      device.SetBase(static_cast<std::uint16_t>(base));
      const HostileParts parts = {rig.Buffer(64, false), rig.Buffer(64, true)};
      const HostilePost post = Require(
          PostHostileRing(GetParam().kind, rig.driver, *rig.memory, parts));
      EXPECT_EQ(rig.driver.view().avail_index(), post.avail_index);

      Chain chain;
      const auto popped = device.Pop(chain);
      if (!GetParam().refused) {
        ASSERT_EQ(CitedBy(popped), std::nullopt);
        EXPECT_TRUE(*popped);
        continue;
      }
      ASSERT_EQ(CitedBy(popped), GetParam().req)
          << "queue size " << queue_size << " base " << base;
      if (GetParam().req == Req::VS_29 || GetParam().req == Req::VS_30) {
        EXPECT_EQ(CitedBy(device.Pop(chain)), GetParam().req);
        EXPECT_EQ(device.next_avail(), base) << "the ring is lost";
        continue;
      }
      EXPECT_EQ(chain.head(), post.head);
      EXPECT_TRUE(chain.readable().empty() && chain.writable().empty());
      device.Push(chain.head(), 0);
      EXPECT_FALSE(Require(device.Pop(chain))) << "the ring goes on";
      EXPECT_THAT(rig.memory->CheckCanaries(), testing::IsEmpty());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, HostileRingTest,
                         testing::ValuesIn(AllHostileRings().begin(),
                                           AllHostileRings().end()),
                         [](const testing::TestParamInfo<HostileRingRow>& row) {
                           return std::string(row.param.name);
                         });

// The chain without its defect is sound, or the tests above prove nothing.
TEST(HostileRings, TheDefectIsAllThatIsWrong) {
  RingRig rig({.queue_size = 16, .indirect = true});
  const HostileParts parts = {rig.Buffer(64, false), rig.Buffer(64, true)};
  Chain chain;
  // Spoils only a descriptor that the head does not reach.
  Require(PostHostileRing(HostileRing::kHeadBeyondSize, rig.driver, *rig.memory,
                          parts));
  rig.driver.view().SetAvailEntry(0, 0);
  EXPECT_TRUE(Require(rig.device.Pop(chain)));
  EXPECT_EQ(chain.readable_size(), 64U);
  EXPECT_EQ(chain.writable_size(), 64U);
  // The indirect chain that is only not negotiated.
  rig.driver.StartAt(0);
  rig.device.SetBase(0);
  Require(PostHostileRing(HostileRing::kIndirectNotNegotiated, rig.driver,
                          *rig.memory, parts));
  EXPECT_TRUE(Require(rig.device.Pop(chain)));
  EXPECT_EQ(chain.readable_size(), 64U);
  EXPECT_EQ(chain.writable_size(), 64U);
}

}  // namespace
}  // namespace vuspec
