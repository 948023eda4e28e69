#include "harness/memory/guest_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <limits>
#include <set>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/memory/shared_access.h"

namespace vuspec {
namespace {

using testing::IsEmpty;

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

GuestMemory MemoryOf(std::vector<RegionSpec> specs) {
  absl::StatusOr<GuestMemory> memory = GuestMemory::Create(specs);
  if (!memory.ok()) {
    ADD_FAILURE() << memory.status();
    std::abort();
  }
  return *std::move(memory);
}

absl::StatusCode CodeOf(std::vector<RegionSpec> specs) {
  return GuestMemory::Create(specs).status().code();
}

TEST(GuestMemory, DefaultKeepsTheThreeKindsOfAddressApart) {
  const auto memory = GuestMemory::CreateDefault(3);
  ASSERT_TRUE(memory.ok()) << memory.status();
  ASSERT_EQ(memory->regions().size(), 3U);
  std::set<int> files;
  for (std::size_t i = 0; i < 3; ++i) {
    const GuestRegion& region = memory->regions()[i];
    files.insert(region.fd);
    EXPECT_NE(region.guest_address, region.user_address);
    EXPECT_NE(region.user_address, AddressOf(memory->RegionBytes(i).data()));
    EXPECT_EQ(memory->RegionBytes(i).size(), region.size);
  }
  EXPECT_EQ(files.size(), 3U);
}

TEST(GuestMemory, TakesTheAddressesItIsGiven) {
  const GuestMemory memory =
      MemoryOf({{.guest_address = 0, .size = 0x2000, .user_address = 0x1000},
                {.guest_address = 0x1'0000'0000, .size = 0x1000}});
  EXPECT_EQ(memory.regions()[0].user_address, 0x1000U);
  EXPECT_EQ(memory.regions()[1].user_address,
            0x1'0000'0000 + GuestMemory::kUserAddressDistance);
}

TEST(GuestMemory, AnMmapOffsetIsWhereTheRegionStartsInItsFile) {
  GuestMemory memory = MemoryOf(
      {{.guest_address = 0x10000, .size = 0x1000, .mmap_offset = 0x3000}});
  Store<std::uint8_t>(memory.Translate(0x10000, 1), 0x42);
  std::uint8_t byte = 0;
  ASSERT_EQ(::pread(memory.regions()[0].fd, &byte, 1, 0x3000), 1);
  EXPECT_EQ(byte, 0x42);
}

TEST(GuestMemory, RegionsMayShareOneFile) {
  GuestMemory memory = MemoryOf({{.guest_address = 0x10000, .size = 0x1000},
                                 {.guest_address = 0x40000,
                                  .size = 0x2000,
                                  .mmap_offset = 0x1000,
                                  .same_file_as = 0}});
  EXPECT_EQ(memory.regions()[0].fd, memory.regions()[1].fd);
  EXPECT_EQ(::lseek(memory.regions()[0].fd, 0, SEEK_END), 0x3000);
  Store<std::uint8_t>(memory.Translate(0x40000, 1), 7);
  std::uint8_t byte = 0;
  ASSERT_EQ(::pread(memory.regions()[0].fd, &byte, 1, 0x1000), 1);
  EXPECT_EQ(byte, 7);
}

TEST(GuestMemory, SealsAgainstTruncationUnlessToldOtherwise) {
  const GuestMemory memory =
      MemoryOf({{.guest_address = 0, .size = 0x1000},
                {.guest_address = 0x10000, .size = 0x1000, .sealed = false}});
  EXPECT_NE(::ftruncate(memory.regions()[0].fd, 0), 0);
  EXPECT_FALSE(memory.truncated());
  ASSERT_EQ(::ftruncate(memory.regions()[1].fd, 0), 0);
  EXPECT_EQ(Load<std::uint8_t>(memory.RegionBytes(1).data()), 0);
  EXPECT_TRUE(memory.truncated());
}

TEST(GuestMemory, RefusesSpecificationsNobodyCouldMap) {
  using absl::StatusCode;
  EXPECT_EQ(CodeOf({{.guest_address = kMax, .size = 0x1000}}),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(
      CodeOf({{.guest_address = 0, .size = 0x1000, .user_address = kMax - 1}}),
      StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf({{.guest_address = kMax - 0xffff, .size = 0x1000}}),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf({{.guest_address = 0, .size = 0}}),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf({{.guest_address = 0, .size = kMax}}),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf({{.guest_address = 0, .size = 0x1000, .same_file_as = 0}}),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf({}), StatusCode::kOk);
}

TEST(GuestMemory, TranslatesEachKindOfAddressAndOnlyInsideOfARegion) {
  GuestMemory memory = MemoryOf({{.guest_address = 0x10000, .size = 0x1000},
                                 {.guest_address = 0x11000, .size = 0x1000}});
  std::byte* const first = memory.RegionBytes(0).data();
  const std::uint64_t user = memory.regions()[0].user_address;
  EXPECT_EQ(memory.Translate(0x10010, 0xff0), first + 0x10);
  EXPECT_EQ(memory.TranslateUser(user + 0x10, 0xff0), first + 0x10);
  EXPECT_EQ(memory.Translate(0x10010, 0xff1), nullptr) << "across regions";
  EXPECT_EQ(memory.Translate(user, 1), nullptr);
  EXPECT_EQ(memory.TranslateUser(0x10000, 1), nullptr);
  EXPECT_EQ(memory.Translate(0xffff, 2), nullptr);
  EXPECT_EQ(memory.Translate(0x12000, 1), nullptr);
  EXPECT_EQ(memory.Translate(0x11fff, kMax), nullptr);
  EXPECT_EQ(memory.Translate(kMax, 2), nullptr);
}

TEST(GuestMemory, BuffersAreAlignedZeroedAndApart) {
  auto memory = GuestMemory::CreateDefault();
  ASSERT_TRUE(memory.ok());
  std::uint64_t end = 0;
  for (const std::size_t alignment : {1U, 2U, 16U, 64U, 4096U}) {
    const auto buffer = memory->Allocate(100, alignment);
    ASSERT_TRUE(buffer.ok()) << buffer.status();
    EXPECT_EQ(buffer->guest_address % alignment, 0U);
    EXPECT_EQ(AddressOf(buffer->bytes.data()) % alignment, 0U);
    EXPECT_GE(buffer->guest_address, end + GuestMemory::kCanarySize);
    end = buffer->guest_address + 100;
    EXPECT_EQ(memory->Translate(buffer->guest_address, 100),
              buffer->bytes.data());
    EXPECT_EQ(memory->TranslateUser(buffer->user_address, 100),
              buffer->bytes.data());
    EXPECT_THAT(buffer->bytes, testing::Each(std::byte{0}));
    FillOut(buffer->bytes.data(), 100, std::byte{0xff});
  }
  EXPECT_THAT(memory->CheckCanaries(), IsEmpty());
}

TEST(GuestMemory, ACanaryTellsWhereAndWhat) {
  auto memory = GuestMemory::CreateDefault();
  ASSERT_TRUE(memory.ok());
  const auto buffer = memory->Allocate(24, 8);
  ASSERT_TRUE(buffer.ok());
  std::byte* const behind = buffer->bytes.data() + 24;
  const std::uint8_t expected = Load<std::uint8_t>(behind);
  const auto wrong = static_cast<std::uint8_t>(~expected);
  Store<std::uint8_t>(behind, wrong);
  const auto damages = memory->CheckCanaries();
  ASSERT_EQ(damages.size(), 1U);
  EXPECT_EQ(damages[0], (CanaryDamage{buffer->guest_address + 24,
                                      buffer->guest_address + 24 -
                                          memory->regions()[0].guest_address,
                                      expected, wrong}));
  Store<std::uint8_t>(behind, expected);
  Store<std::uint8_t>(buffer->bytes.data() - GuestMemory::kCanarySize, 0);
  EXPECT_EQ(memory->CheckCanaries().size(), 1U) << "the far end in front";
}

TEST(GuestMemory, FillsTheNextRegionWhenOneIsFull) {
  GuestMemory memory = MemoryOf({{.guest_address = 0x10000, .size = 0x1000},
                                 {.guest_address = 0x20000, .size = 0x2000}});
  const auto large = memory.Allocate(0x1000, 1);
  ASSERT_TRUE(large.ok());
  EXPECT_GE(large->guest_address, 0x20000U);
  const auto small = memory.Allocate(16, 1);
  ASSERT_TRUE(small.ok());
  EXPECT_LT(small->guest_address, 0x11000U);
  EXPECT_EQ(memory.Allocate(0x1000, 1).status().code(),
            absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(memory.Allocate(std::numeric_limits<std::size_t>::max(), 1)
                .status()
                .code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(GuestMemory, AnExactFitFits) {
  constexpr std::size_t kRest = 0x1000 - 2 * GuestMemory::kCanarySize;
  GuestMemory memory = MemoryOf({{.guest_address = 0x10000, .size = 0x1000}});
  EXPECT_FALSE(memory.Allocate(kRest + 1, 1).ok());
  EXPECT_TRUE(memory.Allocate(kRest, 1).ok());
  EXPECT_THAT(memory.CheckCanaries(), IsEmpty());
}

TEST(GuestMemory, AtTheEndOfTheAddressSpaceNothingWraps) {
  GuestMemory memory = MemoryOf({{.guest_address = kMax - 0xfff,
                                  .size = 0x1000,
                                  .user_address = kMax - 0xfff}});
  EXPECT_TRUE(memory.Allocate(0x100, 64).ok());
  EXPECT_FALSE(memory.Allocate(0x100, 1 << 20).ok());
  EXPECT_NE(memory.Translate(kMax, 1), nullptr);
}

TEST(GuestMemory, ResetHandsOutCleanMemoryAgain) {
  auto memory = GuestMemory::CreateDefault();
  ASSERT_TRUE(memory.ok());
  const auto before = memory->Allocate(300, 1);
  ASSERT_TRUE(before.ok());
  FillOut(before->bytes.data(), 300, std::byte{0xee});
  FillOut(before->bytes.data() + 300, 8, std::byte{0});
  EXPECT_EQ(memory->CheckCanaries().size(), 1U);
  memory->Reset();
  EXPECT_THAT(memory->CheckCanaries(), IsEmpty());
  const auto after = memory->Allocate(900, 1);
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->guest_address, before->guest_address);
  EXPECT_THAT(after->bytes, testing::Each(std::byte{0}));
}

}  // namespace
}  // namespace vuspec
