#include "harness/transport/event_fd.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "gtest/gtest.h"
#include "harness/transport/test_support.h"

namespace vuspec {
namespace {

constexpr std::uint64_t kCounterMax = ~std::uint64_t{0} - 1;

TEST(EventTest, CountsSignalsUntilConsumed) {
  FdsAreKept fds_are_kept;
  const absl::StatusOr<Event> event = Event::Create();
  ASSERT_TRUE(event.ok());
  EXPECT_EQ(event->TryConsume(), 0u);
  event->Signal();
  event->Signal(41);
  EXPECT_EQ(event->TryConsume(), 42u);
  EXPECT_EQ(event->TryConsume(), 0u);
}

TEST(EventTest, SignalOfAFullCounterKeepsIt) {
  const absl::StatusOr<Event> event = Event::Create();
  ASSERT_TRUE(event.ok());
  event->Signal(kCounterMax);
  event->Signal();
  EXPECT_EQ(event->TryConsume(), kCounterMax);
}

TEST(EventTest, WaitConsumesNothing) {
  const absl::StatusOr<Event> event = Event::Create();
  ASSERT_TRUE(event.ok());
  EXPECT_TRUE(absl::IsDeadlineExceeded(event->Wait(Deadline::Now())));
  std::thread signaller([&] { event->Signal(7); });
  EXPECT_TRUE(event->Wait(Soon()).ok());
  signaller.join();
  EXPECT_EQ(event->TryConsume(), 7u);
}

TEST(EventTest, SignalUntilConsumedAwaitsAReader) {
  const absl::StatusOr<Event> event = Event::Create();
  ASSERT_TRUE(event.ok());
  event->Signal(3);
  EXPECT_TRUE(
      absl::IsDeadlineExceeded(event->SignalUntilConsumed(Deadline::Now())));
  EXPECT_EQ(event->TryConsume(), kCounterMax);
  std::thread consumer([&] {
    ASSERT_TRUE(event->Wait(Soon()).ok());
    EXPECT_NE(event->TryConsume(), 0u);
  });
  EXPECT_TRUE(event->SignalUntilConsumed(Soon()).ok());
  consumer.join();
}

TEST(EventTest, IsCloseOnExecAndNonBlocking) {
  const absl::StatusOr<Event> event = Event::Create();
  ASSERT_TRUE(event.ok());
  EXPECT_NE(::fcntl(event->fd(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(::fcntl(event->fd(), F_GETFL) & O_NONBLOCK, 0);
}

TEST(PeerEventTest, SignalsAndConsumesAnEvent) {
  const absl::StatusOr<Event> event = Event::Create();
  ASSERT_TRUE(event.ok());
  EXPECT_EQ(ConsumeFd(event->fd()).value(), 0u);
  EXPECT_TRUE(SignalFd(event->fd(), 3).ok());
  EXPECT_EQ(ConsumeFd(event->fd()).value(), 3u);
}

TEST(PeerEventTest, FullPipeCountsAsSignalled) {
  absl::StatusOr<Pipe> pipe = Pipe::Create();
  ASSERT_TRUE(pipe.ok());
  const int write_flags = ::fcntl(pipe->write_fd(), F_GETFL);
  ASSERT_EQ(::fcntl(pipe->write_fd(), F_SETFL, write_flags | O_NONBLOCK), 0);
  const std::vector<char> page(4096);
  while (::write(pipe->write_fd(), page.data(), page.size()) > 0) {
  }
  // Were it not for the question first, a blocking pipe would hang us.
  ASSERT_EQ(::fcntl(pipe->write_fd(), F_SETFL, write_flags), 0);
  EXPECT_TRUE(SignalFd(pipe->write_fd()).ok());
}

TEST(PeerEventTest, EmptyBlockingDescriptorIsNotWaitedFor) {
  absl::StatusOr<Pipe> pipe = Pipe::Create();
  ASSERT_TRUE(pipe.ok());
  EXPECT_EQ(ConsumeFd(pipe->read_fd()).value(), 0u);
}

TEST(PeerEventTest, PipeWithoutReaderRaisesNoSignal) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  UniqueFd read_end(ends[0]);
  const UniqueFd write_end(ends[1]);
  read_end.reset();
  EXPECT_TRUE(absl::IsUnavailable(SignalFd(write_end.get())));
  // Nor does it leave one pending.
  sigset_t pending;
  ASSERT_EQ(::sigpending(&pending), 0);
  EXPECT_EQ(sigismember(&pending, SIGPIPE), 0);
}

TEST(PeerEventTest, WrongKindOfDescriptorIsAStatus) {
  const NullFds read_only(1);
  EXPECT_TRUE(absl::IsInternal(SignalFd(read_only.numbers()[0])));
  const int not_open = 1 << 20;
  EXPECT_TRUE(absl::IsInternal(SignalFd(not_open)));
  EXPECT_TRUE(absl::IsInternal(ConsumeFd(not_open).status()));
}

TEST(PipeTest, HangsUpWithTheLastCopyOfTheWriteEnd) {
  FdsAreKept fds_are_kept;
  absl::StatusOr<Pipe> pipe = Pipe::Create();
  ASSERT_TRUE(pipe.ok());
  UniqueFd copy(::fcntl(pipe->write_fd(), F_DUPFD_CLOEXEC, 0));
  pipe->CloseWriteEnd();
  EXPECT_EQ(pipe->write_fd(), -1);
  EXPECT_FALSE(pipe->HungUp());
  EXPECT_TRUE(absl::IsDeadlineExceeded(pipe->WaitHangUp(Deadline::Now())));
  std::thread closer([&] { copy.reset(); });
  EXPECT_TRUE(pipe->WaitHangUp(Soon()).ok());
  closer.join();
  EXPECT_TRUE(pipe->HungUp());
}

TEST(PipeTest, DataIsNoHangUpAndHidesNone) {
  absl::StatusOr<Pipe> pipe = Pipe::Create();
  ASSERT_TRUE(pipe.ok());
  UniqueFd write_end = pipe->TakeWriteEnd();
  ASSERT_EQ(::write(write_end.get(), "x", 1), 1);
  EXPECT_FALSE(pipe->HungUp());
  write_end.reset();
  EXPECT_TRUE(pipe->HungUp());
}

}  // namespace
}  // namespace vuspec
