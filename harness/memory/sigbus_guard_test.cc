#include "harness/memory/sigbus_guard.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <optional>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/memory/shared_access.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {
namespace {

constexpr std::size_t kPage = 4096;

// Two mapped pages of a file that has only the first.
class HalfFile {
 public:
  HalfFile() : file_(::memfd_create("half", MFD_CLOEXEC)) {
    EXPECT_EQ(::ftruncate(file_.get(), 2 * kPage), 0);
    void* const mapped = ::mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE,
                                MAP_SHARED, file_.get(), 0);
    EXPECT_NE(mapped, MAP_FAILED);
    begin_ = static_cast<std::byte*>(mapped);
    FillOut(begin_, 2 * kPage, std::byte{0x77});
    EXPECT_EQ(::ftruncate(file_.get(), kPage), 0);
  }
  HalfFile(const HalfFile&) = delete;
  ~HalfFile() { ::munmap(begin_, 2 * kPage); }

  std::byte* begin() const { return begin_; }
  std::byte* lost() const { return begin_ + kPage; }

 private:
  UniqueFd file_;
  std::byte* begin_ = nullptr;
};

TEST(SigbusGuard, ALostPageReadsAsZeroesAndIsRemembered) {
  const HalfFile half;
  const auto guard = SigbusGuard::Register(half.begin(), 2 * kPage, kPage);
  ASSERT_TRUE(guard.ok()) << guard.status();
  EXPECT_EQ(Load<std::uint8_t>(half.begin()), 0x77);
  EXPECT_FALSE(guard->tripped());
  EXPECT_EQ(Load<std::uint8_t>(half.lost()), 0);
  EXPECT_TRUE(guard->tripped());
  EXPECT_EQ(Load<std::uint8_t>(half.begin()), 0x77) << "the page before it";
}

TEST(SigbusGuard, ALostPageTakesWrites) {
  const HalfFile half;
  const auto guard = SigbusGuard::Register(half.begin(), 2 * kPage, kPage);
  ASSERT_TRUE(guard.ok()) << guard.status();
  Store<std::uint64_t>(half.lost() + 8, 42);
  EXPECT_TRUE(guard->tripped());
  EXPECT_EQ(Load<std::uint64_t>(half.lost() + 8), 42U);
}

TEST(SigbusGuard, OnlyTheRangeThatFaultedTrips) {
  const HalfFile one;
  const HalfFile other;
  const auto guard_one = SigbusGuard::Register(one.begin(), 2 * kPage, kPage);
  const auto guard_other =
      SigbusGuard::Register(other.begin(), 2 * kPage, kPage);
  ASSERT_TRUE(guard_one.ok() && guard_other.ok());
  EXPECT_EQ(Load<std::uint8_t>(other.lost()), 0);
  EXPECT_FALSE(guard_one->tripped());
  EXPECT_TRUE(guard_other->tripped());
}

TEST(SigbusGuard, ManyThreadsMayFaultAtOnce) {
  constexpr int kThreads = 4;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([] {
      for (int round = 0; round < 50; ++round) {
        const HalfFile half;
        const auto guard =
            SigbusGuard::Register(half.begin(), 2 * kPage, kPage);
        ASSERT_TRUE(guard.ok());
        EXPECT_EQ(LoadAcquire<std::uint32_t>(half.lost()), 0U);
        EXPECT_TRUE(guard->tripped());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(SigbusGuard, AFullTableRefusesAndAFreedSlotIsClean) {
  const HalfFile half;
  std::vector<SigbusGuard> guards;
  for (std::size_t i = 0; i < SigbusGuard::kMaxRanges; ++i) {
    auto guard = SigbusGuard::Register(half.begin(), kPage, kPage);
    ASSERT_TRUE(guard.ok()) << i;
    guards.push_back(*std::move(guard));
  }
  EXPECT_EQ(SigbusGuard::Register(half.begin(), kPage, kPage).status().code(),
            absl::StatusCode::kResourceExhausted);
  guards.erase(guards.begin() + 100);
  const auto again = SigbusGuard::Register(half.begin(), 2 * kPage, kPage);
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->tripped());
  EXPECT_EQ(Load<std::uint8_t>(half.lost()), 0);
  EXPECT_TRUE(again->tripped());
}

// Takes the handler's place before the first registration of the process.
void ExitWith42(int) { ::_exit(42); }

void FaultOutsideAfterExitHandler() {
  ::signal(SIGBUS, ExitWith42);
  const HalfFile half;
  const auto guard = SigbusGuard::Register(half.begin(), kPage, kPage);
  if (!guard.ok()) ::_exit(1);
  Load<std::uint8_t>(half.lost());
}

void FaultOutsideByDefault() {
  ::signal(SIGBUS, SIG_DFL);
  const HalfFile half;
  const auto guard = SigbusGuard::Register(half.begin(), kPage, kPage);
  if (!guard.ok()) ::_exit(1);
  Load<std::uint8_t>(half.lost());
}

void FaultAfterUnregistration() {
  ::signal(SIGBUS, ExitWith42);
  const HalfFile half;
  { const auto gone = SigbusGuard::Register(half.begin(), 2 * kPage, kPage); }
  Load<std::uint8_t>(half.lost());
}

class SigbusGuardDeathTest : public testing::Test {
 protected:
  // Runs the statement in a fresh process, where nothing is registered yet.
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(SigbusGuardDeathTest, AFaultElsewhereGoesToThePreviousHandler) {
  EXPECT_EXIT(FaultOutsideAfterExitHandler(), testing::ExitedWithCode(42), "");
}

TEST_F(SigbusGuardDeathTest, AFaultElsewhereKillsByDefault) {
  EXPECT_EXIT(FaultOutsideByDefault(), testing::KilledBySignal(SIGBUS), "");
}

TEST_F(SigbusGuardDeathTest, ARangeIsForgottenWithItsGuard) {
  EXPECT_EXIT(FaultAfterUnregistration(), testing::ExitedWithCode(42), "");
}

}  // namespace
}  // namespace vuspec
