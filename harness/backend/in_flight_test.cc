// Areas, and what a ring records in its region and finds there.
#include "harness/backend/in_flight.h"

#include <array>
#include <functional>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/in_flight_area.h"

namespace vuspec {
namespace {

using protocol::Inflight;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint16_t kSize = 8;
constexpr std::array<std::uint16_t, 3> kHeads = {6, 1, 4};

class InFlightTest : public testing::Test {
 protected:
  // As a back-end that lives on.
  void Use(std::uint16_t head) {
    in_flight_.OnUsing(head);
    in_flight_.OnUsed(head, ++used_index_);
  }
  // As one that dies between the used ring and its records.
  void UseAndDie(std::uint16_t head) {
    in_flight_.OnUsing(head);
    ++used_index_;
  }
  bool Attach() {
    return !in_flight_.Attach(region_, kSize, used_index_).has_value();
  }
  std::vector<std::uint16_t> Resubmissions() {
    std::vector<std::uint16_t> heads;
    while (in_flight_.has_resubmissions()) {
      heads.push_back(in_flight_.TakeResubmission());
    }
    return heads;
  }

  alignas(8) std::array<std::byte, InFlightRegionSize(kSize)> bytes_{};
  const InFlightView region_{bytes_};
  const FaultSet faults_{};
  std::uint16_t used_index_ = 0;
  InFlight in_flight_{faults_};
};

TEST_F(InFlightTest, WithoutARegionNothingIsRecorded) {
  EXPECT_FALSE(in_flight_.Attach({}, kSize, 0).has_value());
  EXPECT_FALSE(in_flight_.attached());
  in_flight_.OnFetched(3);
  Use(3);
  EXPECT_EQ(bytes_, decltype(bytes_){});
}

TEST_F(InFlightTest, InitialisesARegionThatNobodyUsed) {
  used_index_ = 7;
  ASSERT_TRUE(Attach());
  EXPECT_EQ(region_.version(), kInFlightVersion);
  EXPECT_EQ(region_.entry_count(), kSize);
  EXPECT_EQ(region_.used_index(), 7);
  EXPECT_THAT(Resubmissions(), IsEmpty());
}

TEST_F(InFlightTest, MarksWhatIsFetchedUntilItIsUsed) {
  ASSERT_TRUE(Attach());
  in_flight_.OnFetched(5);
  in_flight_.OnFetched(2);
  EXPECT_TRUE(region_.in_flight(5));
  EXPECT_LT(region_.counter(5), region_.counter(2));
  Use(5);
  EXPECT_FALSE(region_.in_flight(5));
  EXPECT_TRUE(region_.in_flight(2));
  EXPECT_EQ(region_.used_index(), 1);
  EXPECT_EQ(region_.last_batch_head(), 5);
}

TEST_F(InFlightTest, GoesOnInTheOrderOfTheCounters) {
  ASSERT_TRUE(Attach());
  for (const std::uint16_t head : kHeads) in_flight_.OnFetched(head);
  ASSERT_TRUE(Attach());
  EXPECT_THAT(Resubmissions(), ElementsAre(6, 1, 4));
  in_flight_.OnFetched(0);
  EXPECT_GT(region_.counter(0), region_.counter(4));
}

TEST_F(InFlightTest, DoesNotRepeatWhatOnlyTheUsedRingKnows) {
  used_index_ = 0xffff;
  ASSERT_TRUE(Attach());
  for (const std::uint16_t head : kHeads) in_flight_.OnFetched(head);
  UseAndDie(4);
  UseAndDie(6);
  ASSERT_TRUE(Attach());
  EXPECT_THAT(Resubmissions(), ElementsAre(1));
  EXPECT_EQ(region_.used_index(), 1);
}

TEST_F(InFlightTest, BeginsAnewWithADriverThatDid) {
  used_index_ = 100;
  ASSERT_TRUE(Attach());
  in_flight_.OnFetched(3);
  used_index_ = 0;
  ASSERT_TRUE(Attach());
  EXPECT_THAT(Resubmissions(), IsEmpty());
  EXPECT_EQ(region_.used_index(), 0);
  EXPECT_EQ(region_.InFlightCount(), 0u);
}

TEST_F(InFlightTest, RefusesWhatNoBackEndLeavesBehindAndTouchesNothing) {
  const std::vector<std::function<void()>> spoilers = {
      [&] { region_.SetVersion(2); },
      [&] { region_.SetFeatures(1); },
      [&] { region_.SetEntryCount(kSize - 1); },
      [&] { region_.SetLastBatchHead(kSize); },
      [&] { region_.SetNext(3, 0xffff); },
      [&] { region_.SetNext(3, 3); }};
  for (const auto& spoil : spoilers) {
    bytes_ = {};
    used_index_ = 0;
    ASSERT_TRUE(Attach());
    in_flight_.OnFetched(3);
    in_flight_.OnFetched(5);
    UseAndDie(3);
    used_index_ = 2;
    spoil();
    const auto before = bytes_;
    const auto refusal = in_flight_.Attach(region_, kSize, used_index_);
    ASSERT_TRUE(refusal.has_value());
    EXPECT_EQ(refusal->req, protocol::Req::INFL_24);
    EXPECT_FALSE(in_flight_.attached());
    EXPECT_EQ(bytes_, before);
  }
}

TEST_F(InFlightTest, RefusesARingLargerThanItsRegion) {
  EXPECT_TRUE(in_flight_.Attach(region_, 2 * kSize, 0).has_value());
  EXPECT_FALSE(in_flight_.Attach(region_, kSize / 2, 0).has_value());
}

TEST_F(InFlightTest, RefusesHeadsThatASmallerRingCannotHave) {
  ASSERT_TRUE(Attach());
  in_flight_.OnFetched(kSize - 1);
  EXPECT_TRUE(in_flight_.Attach(region_, kSize / 2, 0).has_value());
}

class InFlightAreaTest : public testing::Test {
 protected:
  FreshArea Make(std::uint16_t num_queues, std::uint16_t queue_size) {
    auto area =
        area_.Make({.num_queues = num_queues, .queue_size = queue_size});
    EXPECT_TRUE(area.ok()) << area.status();
    return *std::move(area);
  }

  const FaultSet faults_{};
  Hoard hoard_;
  InFlightArea area_{faults_, hoard_};
};

TEST_F(InFlightAreaTest, HasARegionForEveryQueueAndNoMore) {
  const FreshArea fresh = Make(3, 100);
  EXPECT_TRUE(area_.region(0).empty());
  ASSERT_TRUE(area_.Map(fresh.description, fresh.fd).ok());
  for (std::uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(area_.region(i).capacity(), 100);
    EXPECT_EQ(area_.region(i).version(), 0);
  }
  EXPECT_GE(area_.region(1).bytes().data(),
            area_.region(0).bytes().data() + InFlightRegionSize(100));
  EXPECT_TRUE(area_.region(3).empty());
}

TEST_F(InFlightAreaTest, IsFoundAgainAtItsOffset) {
  const FreshArea whole = Make(2, 100);
  Inflight second = whole.description;
  second.num_queues = 1;
  second.mmap_size /= 2;
  second.mmap_offset = second.mmap_size;
  ASSERT_TRUE(area_.Map(second, whole.fd).ok());
  area_.region(0).SetUsedIndex(77);
  ASSERT_TRUE(area_.Map(whole.description, whole.fd).ok());
  EXPECT_EQ(area_.region(1).used_index(), 77);
}

TEST_F(InFlightAreaTest, KeepsTheOneOfBeforeWhenAnotherCannotBe) {
  const FreshArea fresh = Make(1, 16);
  ASSERT_TRUE(area_.Map(fresh.description, fresh.fd).ok());
  const std::byte* const before = area_.region(0).bytes().data();
  Inflight small = fresh.description;
  --small.mmap_size;
  Inflight crooked = fresh.description;
  crooked.mmap_offset = 4;
  Inflight beyond = fresh.description;
  beyond.mmap_offset = 4096;
  for (const Inflight& wrong : {small, crooked, beyond}) {
    EXPECT_FALSE(area_.Map(wrong, fresh.fd).ok());
  }
  EXPECT_EQ(area_.region(0).bytes().data(), before);
}

}  // namespace
}  // namespace vuspec
