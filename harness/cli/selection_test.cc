#include "harness/cli/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "harness/cli/suggest.h"

namespace vuspec {
namespace {

using protocol::Level;
using protocol::Req;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Req OfLevel(Level level) {
  for (const protocol::Requirement& row : protocol::AllRequirements()) {
    if (row.level == level) return row.req;
  }
  ADD_FAILURE() << "no requirement of this level";
  return Req::HDR_01;
}

std::vector<CaseInfo> Cases() {
  const std::pair<const char*, Level> rows[] = {
      {"Ring.Must", Level::kMust},       {"Ring.Should", Level::kShould},
      {"Ring.Defacto", Level::kDefacto}, {"Mq.Robust", Level::kRobust},
      {"Mq.May", Level::kMay},
  };
  std::vector<CaseInfo> cases;
  for (const auto& [id, level] : rows) {
    CaseInfo info;
    info.id = id;
    info.cites = {OfLevel(level)};
    cases.push_back(info);
  }
  return cases;
}

std::vector<std::string> Select(const std::vector<std::string>& filters,
                                const std::string& level) {
  return SelectCases(Cases(), {filters, ParseLevel(level), {}});
}

TEST(Selection, AGateIsALevelAndAllAboveIt) {
  EXPECT_THAT(Select({}, "must"), ElementsAre("Ring.Must"));
  EXPECT_THAT(Select({}, "should"), ElementsAre("Ring.Must", "Ring.Should"));
  EXPECT_EQ(Select({}, "defacto").size(), 3u);
  EXPECT_EQ(Select({}, "robust").size(), 5u);
  EXPECT_EQ(Select({}, "").size(), 5u);
}

TEST(Selection, FiltersAreGlobsAndAddUp) {
  EXPECT_THAT(Select({"Mq.*"}, ""), ElementsAre("Mq.Robust", "Mq.May"));
  EXPECT_THAT(Select({"Mq.May", "*.Must"}, ""),
              ElementsAre("Ring.Must", "Mq.May"));
  EXPECT_THAT(Select({"Mq.*"}, "must"), IsEmpty());
  EXPECT_THAT(Select({"ring.must"}, ""), IsEmpty());
}

TEST(Selection, ShardsPartitionTheSelection) {
  for (std::size_t count = 1; count <= 7; ++count) {
    std::multiset<std::string> together;
    for (std::size_t index = 0; index < count; ++index) {
      for (const std::string& id :
           SelectCases(Cases(), {{}, Level::kRobust, {index, count}})) {
        together.insert(id);
      }
    }
    const std::vector<std::string> all = Select({}, "");
    EXPECT_EQ(together, std::multiset<std::string>(all.begin(), all.end()));
  }
}

TEST(Shard, IsWrittenFromOne) {
  const absl::StatusOr<Shard> shard = ParseShard("2/4");
  ASSERT_TRUE(shard.ok());
  EXPECT_EQ(shard->index, 1u);
  EXPECT_EQ(shard->count, 4u);
  for (const char* wrong :
       {"", "/", "0/4", "5/4", "2", "2/", "/4", "a/b", "2/4x", "-1/4", "1/0"}) {
    EXPECT_FALSE(ParseShard(wrong).ok()) << wrong;
  }
}

class ShardEnvironment : public testing::Test {
 protected:
  ShardEnvironment() { Clear(); }
  ~ShardEnvironment() override { Clear(); }
  static void Clear() {
    for (const char* name : {"GTEST_TOTAL_SHARDS", "GTEST_SHARD_INDEX",
                             "TEST_TOTAL_SHARDS", "TEST_SHARD_INDEX"}) {
      ::unsetenv(name);
    }
  }
};

TEST_F(ShardEnvironment, IsReadUnderBothNames) {
  EXPECT_EQ(ShardFromEnvironment()->count, 1u);
  ::setenv("TEST_TOTAL_SHARDS", "3", 1);
  ::setenv("TEST_SHARD_INDEX", "2", 1);
  EXPECT_EQ(ShardFromEnvironment()->index, 2u);
  ::setenv("GTEST_TOTAL_SHARDS", "5", 1);
  ::setenv("GTEST_SHARD_INDEX", "4", 1);
  EXPECT_EQ(ShardFromEnvironment()->count, 5u);
}

TEST_F(ShardEnvironment, HalfOrNonsenseIsAnError) {
  ::setenv("TEST_TOTAL_SHARDS", "3", 1);
  EXPECT_FALSE(ShardFromEnvironment().ok());
  ::setenv("TEST_SHARD_INDEX", "3", 1);
  EXPECT_FALSE(ShardFromEnvironment().ok());
  ::setenv("TEST_SHARD_INDEX", "x", 1);
  EXPECT_FALSE(ShardFromEnvironment().ok());
}

TEST(WhyNothing, NamesTheFilterAndTheNearMiss) {
  EXPECT_THAT(WhyNothing(Cases(), {{"Ring.Mast"}, Level::kRobust, {}}),
              HasSubstr("Ring.Mast: no such case; did you mean Ring.Must"));
  EXPECT_THAT(WhyNothing(Cases(), {{"Mq.*"}, Level::kMust, {}}),
              HasSubstr("Mq.*: its cases are beyond this --level"));
  EXPECT_THAT(WhyNothing(Cases(), {{}, Level::kMust, {8, 9}}),
              HasSubstr("shard 9/9 of 1 cases is empty"));
  EXPECT_THAT(WhyNothing({}, {}), HasSubstr("without cases"));
}

TEST(Suggest, FindsWhatIsNear) {
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("HDR-01", "hdr-01"), 0u);
  EXPECT_THAT(NearMisses("HDR-1", {"HDR-01", "GBASE-01", "HDR-02"}),
              ElementsAre("HDR-01"));
  EXPECT_THAT(NearMisses("StopsThe", {"Ring.GetBaseStopsTheRing"}),
              ElementsAre("Ring.GetBaseStopsTheRing"));
  EXPECT_THAT(NearMisses("entirely", {"different"}), IsEmpty());
  EXPECT_EQ(DidYouMean("entirely", {"different"}), "");
}

}  // namespace
}  // namespace vuspec
