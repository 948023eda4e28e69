#include "harness/memory/page_server.h"

#include <chrono>
#include <cstring>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/memory/mapping.h"
#include "harness/memory/shared_access.h"

namespace vuspec {
namespace {

Deadline Soon() { return Deadline::After(std::chrono::seconds(5)); }

// Guest memory, and the same file mapped as a back-end has it.
class PageServerTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!Userfault::Allowed().ok()) GTEST_SKIP() << Userfault::Allowed();
    auto userfault = Userfault::Open();
    ASSERT_TRUE(userfault.ok()) << userfault.status();
    ASSERT_TRUE(userfault->Watch(peer_range()).ok());
    const UniqueFd copy = userfault->Copy();
    EXPECT_TRUE(Userfault::IsOne(copy));
    server_.emplace(*std::move(userfault), memory_);
    server_->Learn(region().guest_address, region().size, peer_range().begin);
    for (std::size_t page = 0; page < kPages; ++page) {
      Store<std::uint8_t>(Ours(page), static_cast<std::uint8_t>(page + 1));
    }
  }

  static constexpr std::size_t kPages = 4;

  const GuestRegion& region() const { return memory_.regions()[0]; }
  AddressRange peer_range() const {
    return {AddressOf(peer_.data()), peer_.size()};
  }
  std::byte* Ours(std::size_t page) const {
    return memory_.RegionBytes(0).data() + page * Userfault::PageSize();
  }
  int Read(std::size_t page) const {
    return Load<std::uint8_t>(peer_.data() + page * Userfault::PageSize());
  }

  GuestMemory memory_ = *GuestMemory::Create(std::vector<RegionSpec>{
      {.guest_address = 0x4000'0000, .size = kPages * Userfault::PageSize()}});
  Mapping peer_ = *Mapping::Create(region().fd, 0, region().size);
  std::optional<PageServer> server_;
};

TEST_F(PageServerTest, PagesThatAreThereAreNotAskedFor) {
  EXPECT_EQ(Read(1), 2);
  EXPECT_TRUE(server_->faults().empty());
}

TEST_F(PageServerTest, APageThatWasWithheldComesWhenItIsTouched) {
  ASSERT_TRUE(server_->Withhold(0).ok());
  EXPECT_EQ(Read(2), 3);
  EXPECT_EQ(Read(2), 3);
  ASSERT_EQ(server_->faults().size(), 1u);
  EXPECT_EQ(server_->faults()[0].guest_address,
            region().guest_address + 2 * Userfault::PageSize());
}

TEST_F(PageServerTest, WhatNobodyAskedForIsGivenBack) {
  ASSERT_TRUE(server_->Withhold(0).ok());
  EXPECT_EQ(Read(0), 1);
  server_->Restore();
  EXPECT_EQ(Load<std::uint8_t>(Ours(3)), 4);
  EXPECT_EQ(Read(3), 4);
  EXPECT_EQ(server_->faults().size(), 1u);
}

TEST_F(PageServerTest, AFaultThatIsHeldWaits) {
  ASSERT_TRUE(server_->Withhold(0).ok());
  server_->Hold();
  std::atomic<int> read = 0;
  std::thread reader([&] { read = Read(1); });
  EXPECT_TRUE(server_->AwaitFaults(1, Soon()).ok());
  EXPECT_EQ(read, 0);
  server_->LetGo();
  reader.join();
  EXPECT_EQ(read, 2);
}

TEST_F(PageServerTest, ItsEndLetsEverybodyGo) {
  ASSERT_TRUE(server_->Withhold(0).ok());
  server_->Hold();
  int read = 0;
  std::thread reader([&] { read = Read(1); });
  EXPECT_TRUE(server_->AwaitFaults(1, Soon()).ok());
  server_.reset();
  reader.join();
  EXPECT_EQ(read, 2);
}

TEST_F(PageServerTest, AFaultElsewhereIsToldAndServedWithZeroes) {
  server_->Learn(region().guest_address, region().size, 0x1000);
  ASSERT_TRUE(server_->Withhold(0).ok());
  EXPECT_EQ(Read(1), 0);
  ASSERT_EQ(server_->faults().size(), 1u);
  EXPECT_EQ(server_->faults()[0].guest_address, std::nullopt);
}

TEST_F(PageServerTest, ItsDeathWakesNobody) {
  ASSERT_TRUE(server_->Withhold(0).ok());
  server_->Die();
  EXPECT_EQ(Load<std::uint8_t>(Ours(3)), 4);
  EXPECT_EQ(Read(3), 4);
}

TEST(UserfaultTest, NothingElseIsOne) {
  const auto event = Event::Create();
  ASSERT_TRUE(event.ok());
  EXPECT_FALSE(Userfault::IsOne(UniqueFd(::dup(event->fd()))));
  EXPECT_FALSE(Userfault::IsOne(UniqueFd()));
}

}  // namespace
}  // namespace vuspec
