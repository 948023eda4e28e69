#include "harness/memory/peer_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/memory/shared_access.h"

namespace vuspec {
namespace {

using testing::ElementsAre;

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kUser = 0x7000'0000;

UniqueFd FileOf(std::uint64_t size) {
  UniqueFd file(::memfd_create("file", MFD_CLOEXEC));
  EXPECT_EQ(::ftruncate(file.get(), static_cast<off_t>(size)), 0);
  return file;
}

PeerRegion RegionAt(std::uint64_t guest_address, std::uint64_t size = 0x1000) {
  return {guest_address, size, kUser + guest_address, 0, FileOf(0x4000)};
}

PeerRegion RegionAt(std::uint64_t guest_address, std::uint64_t size,
                    std::uint64_t user_address) {
  return {guest_address, size, user_address, 0, FileOf(0x4000)};
}

TEST(PeerMemory, GuestAndUserAddressesReachTheSameBytes) {
  PeerMemory memory;
  ASSERT_TRUE(memory.Add(RegionAt(0x10000)).ok());
  std::byte* const byte = memory.Translate(0x10020, 0x10);
  ASSERT_NE(byte, nullptr);
  EXPECT_EQ(memory.TranslateGuest(0x10020, 0x10), byte);
  EXPECT_EQ(memory.TranslateUser(kUser + 0x10020, 0x10), byte);
  EXPECT_EQ(memory.user_space().Translate(kUser + 0x10020, 0x10), byte);
  EXPECT_EQ(memory.Translate(kUser + 0x10020, 0x10), nullptr);
  EXPECT_EQ(memory.user_space().Translate(0x10020, 0x10), nullptr);
}

TEST(PeerMemory, TheDescriptorIsClosedWhetherTakenOrRefused) {
  PeerMemory memory;
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  const UniqueFd reader(ends[0]);
  EXPECT_FALSE(memory.Add({0, 0x1000, 0, 0, UniqueFd(ends[1])}).ok());
  char byte = 0;
  EXPECT_EQ(::read(reader.get(), &byte, 1), 0) << "the write end lives";

  PeerRegion region = RegionAt(0);
  const int number = region.fd.get();
  ASSERT_TRUE(memory.Add(std::move(region)).ok());
  EXPECT_EQ(::fcntl(number, F_GETFD), -1);
}

TEST(PeerMemory, RefusesEmptyAndWrappingRanges) {
  PeerMemory memory;
  const auto code = [&](PeerRegion region) {
    return memory.Add(std::move(region)).code();
  };
  using absl::StatusCode;
  EXPECT_EQ(code(RegionAt(0, 0)), StatusCode::kInvalidArgument);
  EXPECT_EQ(code(RegionAt(kMax - 0xffe, 0x1000, 0)),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(code(RegionAt(0, 0x1000, kMax - 0xffe)),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(code({0, 0x2000, 0, kMax - 0xfff, FileOf(0x1000)}),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(code({0, 0x2000, 0, 0, FileOf(0x1000)}), StatusCode::kOutOfRange);
  EXPECT_EQ(memory.region_count(), 0U);
  EXPECT_EQ(code(RegionAt(kMax - 0xfff, 0x1000, kMax - 0xfff)),
            StatusCode::kOk);
}

TEST(PeerMemory, RefusesOverlapsAndKeepsWhatItHas) {
  PeerMemory memory;
  ASSERT_TRUE(memory.Add(RegionAt(0x10000)).ok());
  const auto code = [&](std::uint64_t guest, std::uint64_t user) {
    return memory.Add(RegionAt(guest, 0x1000, user)).code();
  };
  using absl::StatusCode;
  EXPECT_EQ(code(0x10fff, 0), StatusCode::kAlreadyExists);
  EXPECT_EQ(code(0xf001, 0), StatusCode::kAlreadyExists);
  EXPECT_EQ(code(0, kUser + 0x10fff), StatusCode::kAlreadyExists);
  EXPECT_EQ(code(0x10000, kUser + 0x10000), StatusCode::kAlreadyExists);
  EXPECT_EQ(memory.region_count(), 1U);
  EXPECT_NE(memory.Translate(0x10000, 0x1000), nullptr);
  EXPECT_EQ(code(0x11000, kUser + 0x11000), StatusCode::kOk);
}

TEST(PeerMemory, RemovesOnlyAnExactMatch) {
  PeerMemory memory;
  ASSERT_TRUE(memory.Add(RegionAt(0x10000)).ok());
  ASSERT_TRUE(memory.Add(RegionAt(0x20000)).ok());
  using absl::StatusCode;
  EXPECT_EQ(memory.Remove(0x10000, kUser + 0x10000, 0x2000).code(),
            StatusCode::kNotFound);
  EXPECT_EQ(memory.Remove(0x10000, kUser, 0x1000).code(),
            StatusCode::kNotFound);
  EXPECT_EQ(memory.Remove(0x11000, kUser + 0x10000, 0x1000).code(),
            StatusCode::kNotFound);
  EXPECT_EQ(memory.region_count(), 2U);
  std::byte* const kept = memory.Translate(0x20000, 1);
  EXPECT_TRUE(memory.Remove(0x10000, kUser + 0x10000, 0x1000).ok());
  EXPECT_EQ(memory.Translate(0x10000, 1), nullptr);
  EXPECT_EQ(memory.Translate(0x20000, 1), kept) << "pointers stay valid";
  Store<std::uint8_t>(kept, 1);
  EXPECT_TRUE(memory.Add(RegionAt(0x10000)).ok()) << "may come again";
}

TEST(PeerMemory, ReplaceTakesAllOrNothing) {
  PeerMemory memory;
  ASSERT_TRUE(memory.Add(RegionAt(0x10000)).ok());
  std::vector<PeerRegion> bad;
  bad.push_back(RegionAt(0x20000));
  bad.push_back(RegionAt(0x20800));
  EXPECT_EQ(memory.Replace(bad).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_NE(memory.Translate(0x10000, 1), nullptr);
  EXPECT_EQ(memory.Translate(0x20000, 1), nullptr);

  std::vector<PeerRegion> good;
  good.push_back(RegionAt(0x10800));  // overlaps only what goes
  EXPECT_TRUE(memory.Replace(good).ok());
  EXPECT_EQ(memory.Translate(0x10000, 1), nullptr);
  EXPECT_NE(memory.Translate(0x10800, 1), nullptr);
  memory.Clear();
  EXPECT_EQ(memory.region_count(), 0U);
}

TEST(PeerMemory, ARangeAcrossRegionsComesInPieces) {
  PeerMemory memory;
  ASSERT_TRUE(memory.Add(RegionAt(0x11000)).ok());
  ASSERT_TRUE(memory.Add(RegionAt(0x10000)).ok());
  EXPECT_EQ(memory.Translate(0x10ff0, 0x20), nullptr);
  std::vector<std::size_t> sizes;
  std::vector<const std::byte*> starts;
  const auto collect = [&](std::span<std::byte> piece) {
    sizes.push_back(piece.size());
    starts.push_back(piece.data());
  };
  EXPECT_TRUE(memory.ForEachSpan(0x10ff0, 0x20, collect));
  EXPECT_THAT(sizes, ElementsAre(0x10U, 0x10U));
  EXPECT_THAT(starts, ElementsAre(memory.Translate(0x10ff0, 1),
                                  memory.Translate(0x11000, 1)));
  sizes.clear();
  EXPECT_FALSE(memory.ForEachSpan(0x11ff0, 0x20, collect)) << "a hole";
  EXPECT_FALSE(memory.ForEachSpan(kMax, 2, collect)) << "wraps";
  EXPECT_THAT(sizes, testing::IsEmpty()) << "nothing of a refused range";
  EXPECT_TRUE(memory.ForEachSpan(0x10000, 0, collect));
}

TEST(PeerMemory, NoticesATruncatedFile) {
  PeerMemory memory;
  UniqueFd file = FileOf(0x2000);
  const UniqueFd kept_by_the_peer(::fcntl(file.get(), F_DUPFD_CLOEXEC, 0));
  ASSERT_TRUE(memory.Add({0x1000, 0x2000, 0x1000, 0, std::move(file)}).ok());
  ASSERT_EQ(::ftruncate(kept_by_the_peer.get(), 0x1000), 0);
  EXPECT_FALSE(memory.truncated());
  EXPECT_EQ(Load<std::uint8_t>(memory.Translate(0x2000, 1)), 0);
  EXPECT_TRUE(memory.truncated());
}

}  // namespace
}  // namespace vuspec
