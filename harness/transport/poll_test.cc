#include "harness/transport/poll.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/transport/errno_status.h"
#include "harness/transport/event_fd.h"
#include "harness/transport/test_support.h"

namespace vuspec {
namespace {

using ::testing::HasSubstr;

TEST(PollTest, ReadableOnceSignalled) {
  const absl::StatusOr<Event> event = Event::Create();
  ASSERT_TRUE(event.ok());
  EXPECT_TRUE(
      absl::IsDeadlineExceeded(WaitReadable(event->fd(), Deadline::Now())));
  event->Signal();
  EXPECT_TRUE(WaitReadable(event->fd(), Deadline::Now()).ok());
}

TEST(PollTest, ReachedDeadlineSaysWhatWasAwaited) {
  const absl::StatusOr<Event> event = Event::Create();
  ASSERT_TRUE(event.ok());
  const absl::Status status = WaitReadable(
      event->fd(), Deadline::After(std::chrono::milliseconds(5)), "a kick");
  EXPECT_TRUE(absl::IsDeadlineExceeded(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("a kick"));
}

TEST(PollTest, FullEventIsNotWritable) {
  const absl::StatusOr<Event> event = Event::Create();
  ASSERT_TRUE(event.ok());
  EXPECT_TRUE(WaitWritable(event->fd(), Deadline::Now()).ok());
  event->Signal(~std::uint64_t{0} - 1);
  EXPECT_TRUE(
      absl::IsDeadlineExceeded(WaitWritable(event->fd(), Deadline::Now())));
}

TEST(PollTest, AnyReturnsTheFirstReadablePosition) {
  const absl::StatusOr<Event> first = Event::Create();
  const absl::StatusOr<Event> second = Event::Create();
  ASSERT_TRUE(first.ok() && second.ok());
  const std::array<int, 3> fds = {-1, first->fd(), second->fd()};
  EXPECT_TRUE(absl::IsDeadlineExceeded(WaitAny(fds, Deadline::Now()).status()));
  second->Signal();
  EXPECT_EQ(WaitAny(fds, Soon()).value(), 2u);
  first->Signal();
  EXPECT_EQ(WaitAny(fds, Soon()).value(), 1u);
}

TEST(PollTest, ClosedDescriptorIsOurWorldsError) {
  absl::StatusOr<Pipe> pipe = Pipe::Create();
  ASSERT_TRUE(pipe.ok());
  const int gone = pipe->TakeWriteEnd().get();
  EXPECT_TRUE(absl::IsInternal(WaitReadable(gone, Soon())));
  const std::array<int, 2> fds = {pipe->read_fd(), gone};
  EXPECT_TRUE(absl::IsInternal(WaitAny(fds, Soon()).status()));
}

TEST(PollTest, SocketShutDownOneWayIsNotHungUp) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  ::shutdown(theirs.get(), SHUT_WR);
  EXPECT_FALSE(WaitHungUp(ours.get(), Deadline::Now()).ok());
  theirs.reset();
  EXPECT_TRUE(WaitHungUp(ours.get(), Soon()).ok());
}

TEST(ErrnoStatusTest, DescriptorLimitIsExhaustionTheRestInternal) {
  EXPECT_TRUE(absl::IsResourceExhausted(ErrnoStatus("open", EMFILE)));
  EXPECT_TRUE(absl::IsResourceExhausted(ErrnoStatus("open", ENFILE)));
  const absl::Status status = ErrnoStatus("open x", EACCES);
  EXPECT_TRUE(absl::IsInternal(status));
  EXPECT_EQ(std::string(status.message()), "open x: Permission denied");
}

}  // namespace
}  // namespace vuspec
