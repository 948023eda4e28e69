#include "harness/memory/mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <limits>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/memory/shared_access.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {
namespace {

constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

UniqueFd FileOf(std::uint64_t size) {
  UniqueFd file(::memfd_create("file", MFD_CLOEXEC));
  EXPECT_EQ(::ftruncate(file.get(), static_cast<off_t>(size)), 0);
  return file;
}

absl::StatusCode CodeOf(int fd, std::uint64_t offset, std::uint64_t size) {
  return Mapping::Create(fd, offset, size).status().code();
}

TEST(Mapping, SharesTheBytesOfTheFile) {
  const UniqueFd file = FileOf(4 * kPage);
  const auto mapping = Mapping::Create(file.get(), kPage, 2 * kPage);
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  EXPECT_EQ(mapping->size(), 2 * kPage);
  Store<std::uint8_t>(mapping->data() + 5, 0x42);
  char byte = 0;
  ASSERT_EQ(::pread(file.get(), &byte, 1, kPage + 5), 1);
  EXPECT_EQ(byte, 0x42);
  EXPECT_FALSE(mapping->truncated());
}

TEST(Mapping, AnOffsetNeedNotBeAligned) {
  const UniqueFd file = FileOf(2 * kPage);
  const char mark = 0x5a;
  ASSERT_EQ(::pwrite(file.get(), &mark, 1, kPage - 3), 1);
  const auto mapping = Mapping::Create(file.get(), kPage - 3, 7);
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  EXPECT_EQ(mapping->size(), 7U);
  EXPECT_EQ(Load<std::uint8_t>(mapping->data()), 0x5a);
}

TEST(Mapping, RefusesSizesNobodyCanMean) {
  const UniqueFd file = FileOf(kPage);
  using absl::StatusCode;
  EXPECT_EQ(CodeOf(file.get(), 0, 0), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(file.get(), kMax - 0xfff, 0x2000),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(file.get(), 0, kMax), StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(file.get(), 0, Mapping::kMaxSize + 1),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(CodeOf(file.get(), Mapping::kMaxSize + 1, 1),
            StatusCode::kInvalidArgument);
}

TEST(Mapping, RefusesAFileThatEndsTooEarly) {
  const UniqueFd file = FileOf(kPage);
  EXPECT_EQ(CodeOf(file.get(), 0, kPage), absl::StatusCode::kOk);
  EXPECT_EQ(CodeOf(file.get(), 0, kPage + 1), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(CodeOf(file.get(), kPage, 1), absl::StatusCode::kOutOfRange);
}

TEST(Mapping, RefusesWhatCannotBeMapped) {
  EXPECT_FALSE(Mapping::Create(-1, 0, kPage).ok());
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  EXPECT_FALSE(Mapping::Create(reader.get(), 0, kPage).ok());
}

TEST(Mapping, SurvivesATruncatedFile) {
  const UniqueFd file = FileOf(4 * kPage);
  const auto mapping = Mapping::Create(file.get(), 0, 4 * kPage);
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  FillOut(mapping->data(), mapping->size(), std::byte{1});
  ASSERT_EQ(::ftruncate(file.get(), kPage), 0);
  EXPECT_EQ(Load<std::uint8_t>(mapping->data()), 1);
  EXPECT_FALSE(mapping->truncated());
  std::array<std::byte, 64> seen;
  seen.fill(std::byte{9});
  CopyIn(seen, mapping->data() + 3 * kPage);
  EXPECT_THAT(seen, testing::Each(std::byte{0}));
  EXPECT_TRUE(mapping->truncated());
}

TEST(Mapping, MovesWithItsStateAndUnmapsOnce) {
  const UniqueFd file = FileOf(kPage);
  auto first = Mapping::Create(file.get(), 0, kPage);
  auto second = Mapping::Create(file.get(), 0, kPage);
  ASSERT_TRUE(first.ok() && second.ok());
  std::byte* const data = first->data();
  Mapping moved = *std::move(first);
  EXPECT_EQ(moved.data(), data);
  moved = *std::move(second);
  EXPECT_NE(moved.data(), data);
  Store<std::uint8_t>(moved.data(), 3);
  EXPECT_EQ(Load<std::uint8_t>(moved.data()), 3);
}

TEST(MappingDeathTest, PagesBeforeAndBehindAreNotAccessible) {
  const UniqueFd file = FileOf(kPage);
  const auto mapping = Mapping::Create(file.get(), 0, kPage);
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  EXPECT_DEATH(Load<std::uint8_t>(mapping->data() - 1), "");
  EXPECT_DEATH(Load<std::uint8_t>(mapping->data() + kPage), "");
}

}  // namespace
}  // namespace vuspec
