#include "harness/memory/shared_access.h"

#include <array>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vuspec {
namespace {

TEST(SharedAccess, WordsRoundTripAtEveryWidth) {
  alignas(8) std::array<std::byte, 8> memory = {};
  Store<std::uint64_t>(memory.data(), 0x1122334455667788U);
  EXPECT_EQ(Load<std::uint64_t>(memory.data()), 0x1122334455667788U);
  Store<std::uint8_t>(memory.data() + 7, 0xee);
  EXPECT_EQ(Load<std::uint8_t>(memory.data() + 7), 0xee);
  StoreRelease<std::uint16_t>(memory.data() + 2, 0xabcd);
  EXPECT_EQ(LoadAcquire<std::uint16_t>(memory.data() + 2), 0xabcd);
  Store<std::uint32_t>(memory.data() + 4, 7);
  EXPECT_EQ(Load<std::uint32_t>(memory.data() + 4), 7U);
  // The neighbours of each word kept their bytes.
  EXPECT_EQ(Load<std::uint16_t>(memory.data()), 0x7788U);
}

TEST(SharedAccess, CopiesAtEveryAlignmentAndLengthTouchNothingElse) {
  for (std::size_t offset = 0; offset < 9; ++offset) {
    for (std::size_t size = 0; size < 40; ++size) {
      alignas(8) std::array<std::byte, 64> shared = {};
      std::vector<std::byte> sent(size);
      for (std::size_t i = 0; i < size; ++i) sent[i] = std::byte(i + 1);
      CopyOut(shared.data() + offset, sent);
      std::vector<std::byte> received(size);
      CopyIn(received, shared.data() + offset);
      EXPECT_EQ(received, sent) << "offset " << offset << " size " << size;
      for (std::size_t i = 0; i < shared.size(); ++i) {
        if (i >= offset && i < offset + size) continue;
        ASSERT_EQ(shared[i], std::byte{0})
            << "offset " << offset << " size " << size << " byte " << i;
      }
    }
  }
}

TEST(SharedAccess, FillStaysInside) {
  std::array<std::byte, 8> shared = {};
  FillOut(shared.data() + 1, 6, std::byte{9});
  EXPECT_EQ(shared.front(), std::byte{0});
  EXPECT_EQ(shared[1], std::byte{9});
  EXPECT_EQ(shared[6], std::byte{9});
  EXPECT_EQ(shared.back(), std::byte{0});
}

// What is written before a release is seen after the acquire that reads it,
// and racing copies are no data race: ThreadSanitizer judges both.
TEST(SharedAccess, ReleasePublishesAPlainWriteBetweenThreads) {
  alignas(8) std::array<std::byte, 64> shared = {};
  std::byte* const flag = shared.data();
  std::byte* const racing = shared.data() + 8;
  constexpr std::uint32_t kRounds = 2000;
  std::uint32_t plain = 0;

  std::thread writer([&] {
    for (std::uint32_t round = 1; round <= kRounds; ++round) {
      while (LoadAcquire<std::uint32_t>(flag) != 0) std::this_thread::yield();
      plain = round;
      StoreRelease<std::uint32_t>(flag, round);
      const std::array<std::byte, 24> noise = {std::byte(round)};
      CopyOut(racing, noise);
    }
  });
  for (std::uint32_t round = 1; round <= kRounds; ++round) {
    while (LoadAcquire<std::uint32_t>(flag) != round) {
      std::array<std::byte, 24> seen = {};
      CopyIn(seen, racing);
      std::this_thread::yield();
    }
    EXPECT_EQ(plain, round);
    StoreRelease<std::uint32_t>(flag, 0);
  }
  writer.join();
}

}  // namespace
}  // namespace vuspec
