#include "harness/transport/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/transport/poll.h"
#include "harness/transport/test_support.h"

namespace vuspec {
namespace {

using ::testing::HasSubstr;

bool Exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

// A bound stream socket that leaves its file behind.
UniqueFd BindOnly(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address),
                   sizeof address),
            0);
  return fd;
}

std::string ReceiveText(Channel& channel, Deadline deadline = Soon()) {
  std::array<std::byte, 64> buffer;
  std::vector<UniqueFd> fds;
  const auto size = channel.Receive(buffer, fds, deadline);
  if (!size.ok()) return size.status().ToString();
  return Text(std::span(buffer).first(*size));
}

TEST(UnixListenerTest, AcceptsAndUnlinks) {
  FdsAreKept fds_are_kept;
  TempDir dir;
  const std::string path = dir.Path("a.sock");
  {
    auto listener = UnixListener::Listen(path);
    ASSERT_TRUE(listener.ok()) << listener.status();
    EXPECT_TRUE(
        absl::IsDeadlineExceeded(listener->Accept(Deadline::Now()).status()));
    auto front = Connect(path, Soon());
    ASSERT_TRUE(front.ok()) << front.status();
    EXPECT_TRUE(WaitReadable(listener->PollFd(), Soon()).ok());
    auto back = listener->Accept(Soon());
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_NE(::fcntl((*back)->PollFd(), F_GETFD) & FD_CLOEXEC, 0);
    ASSERT_TRUE((*front)->Send(Bytes("hello"), {}, Soon()).ok());
    EXPECT_EQ(ReceiveText(**back), "hello");
  }
  EXPECT_FALSE(Exists(path));
}

TEST(UnixListenerTest, AcceptWaitsForAConnection) {
  TempDir dir;
  const std::string path = dir.Path("a.sock");
  auto listener = UnixListener::Listen(path);
  ASSERT_TRUE(listener.ok());
  std::thread front([&] { EXPECT_TRUE(Connect(path, Soon()).ok()); });
  EXPECT_TRUE(listener->Accept(Soon()).ok());
  front.join();
}

TEST(UnixListenerTest, LongPathNamesPathAndLimit) {
  const std::string fits(107, 'x');
  const std::string path(108, 'x');
  for (const absl::Status& status : {UnixListener::Listen(path).status(),
                                     Connect(path, Deadline::Now()).status()}) {
    EXPECT_TRUE(absl::IsInvalidArgument(status));
    EXPECT_THAT(std::string(status.message()), HasSubstr(path));
    EXPECT_THAT(std::string(status.message()), HasSubstr("107"));
  }
  EXPECT_TRUE(absl::IsUnavailable(Connect(fits, Deadline::Now()).status()));
}

TEST(UnixListenerTest, EmptyAndAbstractPathsAreRefused) {
  EXPECT_TRUE(absl::IsInvalidArgument(UnixListener::Listen("").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      UnixListener::Listen(std::string("\0name", 5)).status()));
}

TEST(UnixListenerTest, MissingDirectoryNamesThePath) {
  const absl::Status status = UnixListener::Listen("/nowhere/a").status();
  EXPECT_TRUE(absl::IsInternal(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("/nowhere/a"));
}

TEST(UnixListenerTest, StaleFileIsReplaced) {
  TempDir dir;
  const std::string path = dir.Path("a.sock");
  BindOnly(path).reset();
  ASSERT_TRUE(Exists(path));
  auto listener = UnixListener::Listen(path);
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_TRUE(Connect(path, Soon()).ok());
}

TEST(UnixListenerTest, SecondListenerIsRefusedAndDoesNotDisturbTheFirst) {
  FdsAreKept fds_are_kept;
  TempDir dir;
  const std::string path = dir.Path("a.sock");
  auto first = UnixListener::Listen(path);
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(absl::IsAlreadyExists(UnixListener::Listen(path).status()));
  // No connection arrived, and the file is still the first listener's.
  EXPECT_TRUE(
      absl::IsDeadlineExceeded(first->Accept(Deadline::Now()).status()));
  EXPECT_TRUE(Connect(path, Soon()).ok());
}

TEST(UnixListenerTest, FileThatIsNoSocketIsKept) {
  TempDir dir;
  const std::string path = dir.Path("precious");
  UniqueFd(::open(path.c_str(), O_CREAT | O_CLOEXEC | O_WRONLY, 0600)).reset();
  EXPECT_TRUE(absl::IsAlreadyExists(UnixListener::Listen(path).status()));
  EXPECT_TRUE(Exists(path));
}

TEST(UnixListenerTest, SuccessorOfTheFileIsKept) {
  TempDir dir;
  const std::string path = dir.Path("a.sock");
  auto first = UnixListener::Listen(path);
  ASSERT_TRUE(first.ok());
  ASSERT_EQ(::unlink(path.c_str()), 0);
  const auto second = UnixListener::Listen(path);
  ASSERT_TRUE(second.ok());
  first = absl::CancelledError();  // destroys the first listener
  EXPECT_TRUE(Exists(path));
}

TEST(UnixListenerTest, MovedListenerUnlinksOnce) {
  TempDir dir;
  const std::string path_a = dir.Path("a.sock");
  const std::string path_b = dir.Path("b.sock");
  auto a = UnixListener::Listen(path_a);
  auto b = UnixListener::Listen(path_b);
  ASSERT_TRUE(a.ok() && b.ok());
  *a = *std::move(b);
  EXPECT_FALSE(Exists(path_a));
  EXPECT_TRUE(Exists(path_b));
  { const UnixListener moved = *std::move(a); }
  EXPECT_FALSE(Exists(path_b));
}

TEST(UnixListenerTest, AdoptedSocketAcceptsAndKeepsItsFile) {
  TempDir dir;
  const std::string path = dir.Path("a.sock");
  UniqueFd socket = BindOnly(path);
  ASSERT_EQ(::listen(socket.get(), 1), 0);
  ASSERT_EQ(::fcntl(socket.get(), F_SETFD, 0), 0);
  {
    auto listener = UnixListener::Adopt(std::move(socket));
    ASSERT_TRUE(listener.ok()) << listener.status();
    EXPECT_NE(::fcntl(listener->PollFd(), F_GETFD) & FD_CLOEXEC, 0);
    // A blocking descriptor would hang here.
    EXPECT_TRUE(
        absl::IsDeadlineExceeded(listener->Accept(Deadline::Now()).status()));
    ASSERT_TRUE(Connect(path, Soon()).ok());
    EXPECT_TRUE(listener->Accept(Soon()).ok());
  }
  EXPECT_TRUE(Exists(path));
}

TEST(UnixListenerTest, OnlyListeningUnixStreamSocketsAreAdopted) {
  FdsAreKept fds_are_kept;
  TempDir dir;
  EXPECT_TRUE(absl::IsInvalidArgument(
      UnixListener::Adopt(BindOnly(dir.Path("a.sock"))).status()));
  EXPECT_TRUE(absl::IsInvalidArgument(
      UnixListener::Adopt(UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC)))
          .status()));
}

TEST(ConnectTest, NobodyListens) {
  FdsAreKept fds_are_kept;
  TempDir dir;
  const std::string path = dir.Path("a.sock");
  EXPECT_TRUE(absl::IsUnavailable(Connect(path, Soon()).status()));
  const UniqueFd bound = BindOnly(path);
  EXPECT_TRUE(absl::IsUnavailable(Connect(path, Soon()).status()));
}

TEST(ConnectTest, FullBacklogReachesTheDeadline) {
  TempDir dir;
  const std::string path = dir.Path("a.sock");
  const UniqueFd socket = BindOnly(path);
  ASSERT_EQ(::listen(socket.get(), 0), 0);
  auto first = Connect(path, Soon());
  ASSERT_TRUE(first.ok()) << first.status();
  const absl::Status status = Connect(path, Deadline::Now()).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("backlog"));
}

TEST(ConnectTest, WaitsForRoomInTheBacklog) {
  TempDir dir;
  const std::string path = dir.Path("a.sock");
  auto listener = UnixListener::Adopt([&] {
    UniqueFd socket = BindOnly(path);
    EXPECT_EQ(::listen(socket.get(), 0), 0);
    return socket;
  }());
  ASSERT_TRUE(listener.ok());
  auto first = Connect(path, Soon());
  ASSERT_TRUE(first.ok());
  std::thread second([&] { EXPECT_TRUE(Connect(path, Soon()).ok()); });
  EXPECT_TRUE(listener->Accept(Soon()).ok());
  EXPECT_TRUE(listener->Accept(Soon()).ok());
  second.join();
}

TEST(SocketPairTest, BothDirections) {
  FdsAreKept fds_are_kept;
  auto pair = SocketPair();
  ASSERT_TRUE(pair.ok());
  auto& [left, right] = *pair;
  ASSERT_TRUE(left->Send(Bytes("ping"), {}, Soon()).ok());
  EXPECT_EQ(ReceiveText(*right), "ping");
  ASSERT_TRUE(right->Send(Bytes("pong"), {}, Soon()).ok());
  EXPECT_EQ(ReceiveText(*left), "pong");
}

TEST(LinkUpTest, FollowsTheConnectionAndConsumesNothing) {
  FdsAreKept fds_are_kept;
  auto pair = SocketPair();
  ASSERT_TRUE(pair.ok());
  auto& [front, back] = *pair;
  EXPECT_TRUE(LinkUp(front->PollFd()));
  const NullFds fds(1);
  ASSERT_TRUE(back->Send(Bytes("x"), fds.numbers(), Soon()).ok());
  back.reset();
  // Data that is still to be read hides the end of the stream.
  EXPECT_TRUE(LinkUp(front->PollFd()));
  std::array<std::byte, 8> buffer;
  std::vector<UniqueFd> received;
  EXPECT_EQ(front->Receive(buffer, received, Soon()).value(), 1u);
  EXPECT_EQ(received.size(), 1u);
  EXPECT_FALSE(LinkUp(front->PollFd()));
}

TEST(LinkUpTest, ResetIsDown) {
  auto pair = SocketPair();
  ASSERT_TRUE(pair.ok());
  auto& [front, back] = *pair;
  ASSERT_TRUE(front->Send(Bytes("unread"), {}, Soon()).ok());
  back.reset();  // with data unread: a reset
  EXPECT_FALSE(LinkUp(front->PollFd()));
}

}  // namespace
}  // namespace vuspec
