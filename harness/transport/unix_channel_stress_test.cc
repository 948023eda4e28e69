// UnixChannel where calls are cut short: full buffers and signals.
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <memory>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/transport/test_support.h"
#include "harness/transport/unix_channel.h"
#include "harness/transport/unix_socket.h"

namespace vuspec {
namespace {

using ::testing::HasSubstr;

std::vector<std::byte> Pattern(std::size_t size) {
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    bytes[i] = static_cast<std::byte>((i * 31) >> 3);
  }
  return bytes;
}

class UnixChannelStressTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto pair = SocketPair();
    ASSERT_TRUE(pair.ok()) << pair.status();
    left_ = std::move(pair->first);
    right_ = std::move(pair->second);
    // The kernel raises it to its minimum, which is far below a message.
    const int tiny = 1;
    ASSERT_EQ(::setsockopt(left_->PollFd(), SOL_SOCKET, SO_SNDBUF, &tiny,
                           sizeof tiny),
              0);
  }

  // Reads `size` bytes at right_, at most `step` at once.
  std::vector<std::byte> Read(std::size_t size, std::size_t step) {
    std::vector<std::byte> all;
    std::vector<std::byte> buffer(step);
    while (all.size() < size) {
      const auto count = right_->Receive(
          std::span(buffer).first(std::min(step, size - all.size())), fds_,
          Soon());
      if (!count.ok() || *count == 0) break;
      if (all.empty()) fds_with_first_read_ = fds_.size();
      all.insert(all.end(), buffer.begin(),
                 buffer.begin() + static_cast<std::ptrdiff_t>(*count));
    }
    return all;
  }

  FdsAreKept fds_are_kept_;
  std::unique_ptr<UnixChannel> left_;
  std::unique_ptr<UnixChannel> right_;
  std::vector<UniqueFd> fds_;
  std::size_t fds_with_first_read_ = 0;
};

TEST_F(UnixChannelStressTest, PartialWritesAreResumedWithoutDescriptors) {
  const NullFds fds(3);
  const std::vector<std::byte> sent = Pattern(1 << 20);
  std::thread sender(
      [&] { EXPECT_TRUE(left_->Send(sent, fds.numbers(), Soon()).ok()); });
  EXPECT_EQ(Read(sent.size(), 1000), sent);
  sender.join();
  EXPECT_EQ(fds_with_first_read_, 3u);
  EXPECT_EQ(fds_.size(), 3u);
}

TEST_F(UnixChannelStressTest, FirstByteThatHasToWaitTakesTheDescriptors) {
  const NullFds fds(2);
  const std::vector<std::byte> sent = Pattern(1 << 16);
  const absl::Status full = left_->Send(sent, {}, Deadline::Now());
  ASSERT_TRUE(absl::IsDeadlineExceeded(full));
  std::thread sender([&] {
    EXPECT_TRUE(left_->Send(Bytes("!"), fds.numbers(), Soon()).ok());
    left_->ShutdownWrite();
  });
  const std::vector<std::byte> got = Read(sent.size(), 4096);
  sender.join();
  EXPECT_EQ(got.back(), std::byte{'!'});
  EXPECT_EQ(fds_.size(), 2u);
}

TEST_F(UnixChannelStressTest, DeadlineInsideASendTellsHowFarItCame) {
  const NullFds fds(2);
  const std::vector<std::byte> sent = Pattern(1 << 20);
  const absl::Status status = left_->Send(sent, fds.numbers(), Deadline::Now());
  EXPECT_TRUE(absl::IsDeadlineExceeded(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("of 1048576 bytes"));
  left_->ShutdownWrite();
  const std::vector<std::byte> got = Read(sent.size(), 1 << 16);
  EXPECT_GT(got.size(), 0u);
  EXPECT_LT(got.size(), sent.size());
  EXPECT_TRUE(std::equal(got.begin(), got.end(), sent.begin()));
  EXPECT_EQ(fds_.size(), 2u);
}

TEST_F(UnixChannelStressTest, PeerThatClosesInsideASendIsUnavailable) {
  const NullFds fds(1);
  const std::vector<std::byte> sent = Pattern(1 << 20);
  std::thread reader([&] {
    Read(10000, 1000);
    right_.reset();
  });
  const absl::Status status = left_->Send(sent, fds.numbers(), Soon());
  reader.join();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
}

std::atomic<int> signals_handled = 0;

// Sends SIGUSR1, without SA_RESTART, to a thread that is asleep in the kernel.
class Interrupter {
 public:
  Interrupter() {
    struct sigaction action = {};
    action.sa_handler = [](int) { ++signals_handled; };
    EXPECT_EQ(::sigaction(SIGUSR1, &action, &old_), 0);
  }
  ~Interrupter() { EXPECT_EQ(::sigaction(SIGUSR1, &old_, nullptr), 0); }

  void Interrupt(std::thread& thread, pid_t tid) {
    while (State(tid) != 'S') std::this_thread::yield();
    const int before = signals_handled;
    ASSERT_EQ(::pthread_kill(thread.native_handle(), SIGUSR1), 0);
    while (signals_handled == before) std::this_thread::yield();
  }

 private:
  // The state of a thread in /proc: the field after its name in brackets.
  static char State(pid_t tid) {
    std::ifstream file("/proc/self/task/" + std::to_string(tid) + "/stat");
    std::string line;
    std::getline(file, line);
    const std::size_t bracket = line.rfind(')');
    return bracket == std::string::npos ? '?' : line[bracket + 2];
  }

  struct sigaction old_ = {};
};

// Runs `call` in a thread and interrupts it a few times before `finish`.
template <typename Call, typename Finish>
void Interrupted(Call call, Finish finish) {
  Interrupter interrupter;
  std::atomic<pid_t> tid = 0;
  std::thread thread([&] {
    tid = static_cast<pid_t>(::syscall(SYS_gettid));
    call();
  });
  while (tid == 0) std::this_thread::yield();
  for (int i = 0; i < 3; ++i) interrupter.Interrupt(thread, tid);
  finish();
  thread.join();
}

TEST_F(UnixChannelStressTest, SignalsDoNotEndAReceive) {
  const NullFds fds(1);
  Interrupted(
      [&] { EXPECT_EQ(Text(Read(1, 1)), "x"); },
      [&] {
        EXPECT_TRUE(left_->Send(Bytes("x"), fds.numbers(), Soon()).ok());
      });
  EXPECT_EQ(fds_.size(), 1u);
}

TEST_F(UnixChannelStressTest, SignalsDoNotEndASend) {
  const NullFds fds(2);
  const std::vector<std::byte> sent = Pattern(1 << 18);
  Interrupted(
      [&] { EXPECT_TRUE(left_->Send(sent, fds.numbers(), Soon()).ok()); },
      [&] { EXPECT_EQ(Read(sent.size(), 5000), sent); });
  EXPECT_EQ(fds_.size(), 2u);
}

TEST_F(UnixChannelStressTest, SignalsDoNotEndAnAccept) {
  TempDir dir;
  const std::string path = dir.Path("a.sock");
  auto listener = UnixListener::Listen(path);
  ASSERT_TRUE(listener.ok());
  Interrupted([&] { EXPECT_TRUE(listener->Accept(Soon()).ok()); },
              [&] { EXPECT_TRUE(Connect(path, Soon()).ok()); });
}

TEST_F(UnixChannelStressTest, SignalsDoNotEndAConnect) {
  TempDir dir;
  const std::string path = dir.Path("a.sock");
  auto listener = UnixListener::Listen(path);
  ASSERT_TRUE(listener.ok());
  ASSERT_EQ(::listen(listener->PollFd(), 0), 0);  // a backlog of one
  auto first = Connect(path, Soon());
  ASSERT_TRUE(first.ok());
  Interrupted([&] { EXPECT_TRUE(Connect(path, Soon()).ok()); },
              [&] {
                EXPECT_TRUE(listener->Accept(Soon()).ok());
                EXPECT_TRUE(listener->Accept(Soon()).ok());
              });
}

}  // namespace
}  // namespace vuspec
