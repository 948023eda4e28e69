// Translations: given, taken back, missing, forbidden.
#include "harness/backend/iommu.h"

#include <unistd.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/memory/guest_memory.h"

namespace vuspec {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kIova = 0x7000'0000'0000;

class IommuTest : public testing::Test {
 protected:
  IommuTest() {
    for (const GuestRegion& region : guest_->regions()) {
      EXPECT_TRUE(
          memory_
              .Add({region.guest_address, region.size, region.user_address,
                    region.mmap_offset, UniqueFd(::dup(region.fd))})
              .ok());
    }
  }

  std::uint64_t user(std::uint64_t page) const {
    return guest_->regions()[0].user_address + page * kPage;
  }
  bool Update(std::uint64_t page, std::uint64_t count, std::uint64_t user_page,
              std::uint8_t permission = 3) {
    return iommu_.Apply(
        {kIova + page * kPage, count * kPage, user(user_page), permission, 2},
        memory_);
  }
  void Invalidate(std::uint64_t page, std::uint64_t count) {
    EXPECT_TRUE(
        iommu_.Apply({kIova + page * kPage, count * kPage, 0, 0, 3}, memory_));
  }
  // How much of three pages can be had in one piece.
  std::size_t Reach(std::uint64_t page, Access access = Access::kRead) {
    return iommu_
               .LeadingPieceFor(access, kIova + page * kPage, 3 * kPage,
                                memory_)
               .size() /
           kPage;
  }

  const FaultSet none_;
  absl::StatusOr<GuestMemory> guest_ = GuestMemory::CreateDefault(1);
  PeerMemory memory_;
  Iommu iommu_{none_};
};

TEST_F(IommuTest, NeighboursInBothSpacesAreOnePiece) {
  EXPECT_TRUE(Update(0, 1, 5));
  EXPECT_TRUE(Update(1, 1, 6));
  EXPECT_TRUE(Update(2, 1, 9));
  EXPECT_EQ(Reach(0), 2u);
  EXPECT_EQ(Reach(2), 1u);
  EXPECT_TRUE(iommu_.missed()) << "behind the last page";
}

TEST_F(IommuTest, AnInvalidationCutsEntries) {
  EXPECT_TRUE(Update(0, 8, 0));
  Invalidate(2, 2);
  EXPECT_EQ(Reach(0), 2u);
  EXPECT_EQ(Reach(2), 0u);
  const auto behind =
      iommu_.LeadingPieceFor(Access::kRead, kIova + 4 * kPage, kPage, memory_);
  EXPECT_EQ(behind.data(), memory_.TranslateUser(user(4), kPage));
  EXPECT_TRUE(iommu_.Apply({0, ~std::uint64_t{0}, 0, 0, 3}, memory_));
  EXPECT_EQ(Reach(4), 0u);
}

TEST_F(IommuTest, AMissIsToldOnceUntilTheAddressIsUpdated) {
  EXPECT_EQ(Reach(0), 0u);
  EXPECT_EQ(Reach(0), 0u);
  const protocol::Iotlb miss = {kIova, 0, 0, 1, 1};
  EXPECT_THAT(iommu_.TakeNews(), ElementsAre(miss));
  EXPECT_TRUE(Update(4, 1, 4));
  EXPECT_EQ(Reach(0), 0u);
  EXPECT_THAT(iommu_.TakeNews(), IsEmpty());
  EXPECT_TRUE(Update(0, 1, 0, 2));
  EXPECT_EQ(Reach(0), 0u);
  const protocol::Iotlb refused = {kIova, 0, 0, 1, 4};
  EXPECT_THAT(iommu_.TakeNews(), ElementsAre(refused));
}

TEST_F(IommuTest, PermissionsAreForOneKindOfAccess) {
  EXPECT_TRUE(Update(0, 3, 0, 2));
  EXPECT_EQ(Reach(0, Access::kWrite), 3u);
  EXPECT_FALSE(iommu_.missed());
  EXPECT_EQ(Reach(0), 0u);
  EXPECT_TRUE(iommu_.missed());
}

TEST_F(IommuTest, AnUpdateMustLieInMemory) {
  const std::uint64_t count = guest_->regions()[0].size / kPage;
  EXPECT_TRUE(Update(0, count, 0));
  EXPECT_FALSE(Update(0, count, 1));
  EXPECT_FALSE(Update(0, 1, count));
  EXPECT_EQ(Reach(0), 3u) << "a refusal changes nothing";
}

TEST_F(IommuTest, AnEntryWithoutItsMemoryIsAMiss) {
  EXPECT_TRUE(Update(0, 3, 0));
  memory_.Clear();
  EXPECT_EQ(Reach(0), 0u);
  EXPECT_TRUE(iommu_.missed());
}

}  // namespace
}  // namespace vuspec
