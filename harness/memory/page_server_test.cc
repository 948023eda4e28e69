#include "harness/memory/page_server.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/memory/mapping.h"
#include "harness/memory/shared_access.h"
#include "harness/transport/poll.h"
#include "harness/transport/test_support.h"

namespace vuspec {
namespace {

// Guest memory, and the same file mapped as a back-end has it.
class PageServerTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!Userfault::Allowed().ok()) GTEST_SKIP() << Userfault::Allowed();
    auto userfault = Userfault::Open();
    ASSERT_TRUE(userfault.ok()) << userfault.status();
    ASSERT_TRUE(userfault->Watch(peer_range()).ok());
    UniqueFd copy = userfault->Copy();
    ASSERT_TRUE(Userfault::IsOne(copy));
    peers_.emplace(std::move(copy));
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

  // How many threads wait for a page, as the kernel counts them.
  int CountWaiting() const {
    std::ifstream info("/proc/self/fdinfo/" + std::to_string(peers_->fd()));
    std::string word;
    int count = -1;
    while (info >> word && word != "total:") {
    }
    info >> count;
    return count;
  }

  GuestMemory memory_ = *GuestMemory::Create(std::vector<RegionSpec>{
      {.guest_address = 0x4000'0000, .size = kPages * Userfault::PageSize()}});
  Mapping peer_ = *Mapping::Create(region().fd, 0, region().size);
  std::optional<Userfault> peers_;  // what the back-end has of it
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
  int read = 0;
  std::thread reader([&] { read = Read(1); });
  EXPECT_TRUE(server_->AwaitFaults(1, Soon()).ok());
  EXPECT_EQ(CountWaiting(), 1);
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
  server_->Hold();
  int read = 0;
  std::thread reader([&] { read = Read(1); });
  EXPECT_TRUE(server_->AwaitFaults(1, Soon()).ok());
  server_->Die();
  EXPECT_EQ(CountWaiting(), 1);
  EXPECT_EQ(Load<std::uint8_t>(Ours(1)), 2);
  peers_->Forget(peer_range());
  reader.join();
  EXPECT_EQ(read, 2);
}

TEST_F(PageServerTest, WhatThePeerDoesNotTakeIsGivenBack) {
  ASSERT_TRUE(server_->Withhold(0).ok());
  server_->Hold();
  std::thread reader([&] { Read(1); });
  EXPECT_TRUE(server_->AwaitFaults(1, Soon()).ok());
  peers_->Forget(peer_range());
  reader.join();
  server_->LetGo();
  server_->Restore();
  EXPECT_EQ(Load<std::uint8_t>(Ours(1)), 2);
}

// One of a peer that asked for more events than missing pages.
class UserfaultWithEventsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!Userfault::Allowed().ok()) GTEST_SKIP() << Userfault::Allowed();
    UniqueFd fd(static_cast<int>(::syscall(SYS_userfaultfd, O_CLOEXEC)));
    uffdio_api api = {UFFD_API,
                      UFFD_FEATURE_EVENT_FORK | UFFD_FEATURE_EVENT_REMOVE, 0};
    if (::ioctl(fd.get(), UFFDIO_API, &api) != 0) {
      GTEST_SKIP() << absl::ErrnoToStatus(errno, "UFFDIO_API with events");
    }
    userfault_.emplace(std::move(fd));
    ASSERT_TRUE(
        userfault_->Watch({AddressOf(page_.data()), page_.size()}).ok());
  }
  // Nothing is awaited by it.
  void TakeEvent() const {
    const auto fault = userfault_->NextFault();
    ASSERT_TRUE(fault.ok()) << fault.status();
    EXPECT_EQ(*fault, std::nullopt);
  }

  UniqueFd file_{::memfd_create("page", MFD_CLOEXEC)};
  const bool sized_ = ::ftruncate(file_.get(), kSize) == 0;
  Mapping page_ = *Mapping::Create(file_.get(), 0, kSize);
  std::optional<Userfault> userfault_;

 private:
  static constexpr off_t kSize = 65536;
};

TEST_F(UserfaultWithEventsTest, NothingIsProvidedWhileMappingsChange) {
  std::thread remover(
      [&] { ::madvise(page_.data(), page_.size(), MADV_DONTNEED); });
  EXPECT_TRUE(WaitReadable(userfault_->fd(), Soon()).ok());
  const std::vector<std::byte> zeroes(Userfault::PageSize());
  EXPECT_FALSE(userfault_->Provide(AddressOf(page_.data()), zeroes));
  TakeEvent();
  remover.join();
  EXPECT_TRUE(userfault_->Provide(AddressOf(page_.data()), zeroes));
}

TEST_F(UserfaultWithEventsTest, TheOneOfAForkedProcessIsClosed) {
  const FdsAreKept kept;
  pid_t child = -1;
  // Not fork(), which holds the locks of the allocator until the event is read.
  std::thread parent([&] {
    child = static_cast<pid_t>(
        ::syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
    if (child == 0) ::syscall(SYS_exit_group, 0);
  });
  EXPECT_TRUE(WaitReadable(userfault_->fd(), Soon()).ok());
  TakeEvent();
  parent.join();
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
}

TEST(UserfaultTest, NothingElseIsOne) {
  const auto event = Event::Create();
  ASSERT_TRUE(event.ok());
  EXPECT_FALSE(Userfault::IsOne(UniqueFd(::dup(event->fd()))));
  EXPECT_FALSE(Userfault::IsOne(UniqueFd()));
}

}  // namespace
}  // namespace vuspec
