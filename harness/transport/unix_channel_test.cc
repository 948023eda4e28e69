#include "harness/transport/unix_channel.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/transport/test_support.h"
#include "harness/transport/unix_socket.h"

namespace vuspec {
namespace {

using ::testing::HasSubstr;

class UnixChannelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto pair = SocketPair();
    ASSERT_TRUE(pair.ok()) << pair.status();
    left_ = std::move(pair->first);
    right_ = std::move(pair->second);
  }

  // What arrives at right_: "text+count of descriptors", or the code.
  std::string Arrives(std::size_t most = 64) {
    std::vector<std::byte> buffer(most);
    fds_.clear();
    const auto size = right_->Receive(buffer, fds_, Soon());
    if (!size.ok()) return absl::StatusCodeToString(size.status().code());
    return Text(std::span(buffer).first(*size)) + "+" +
           std::to_string(fds_.size());
  }

  FdsAreKept fds_are_kept_;
  std::unique_ptr<UnixChannel> left_;
  std::unique_ptr<UnixChannel> right_;
  std::vector<UniqueFd> fds_;
};

TEST_F(UnixChannelTest, DescriptorsArriveInOrderAsTheSameFiles) {
  auto pipe = NullFds(1);
  const UniqueFd root(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::array<int, 3> sent = {pipe.numbers()[0], root.get(),
                                   pipe.numbers()[0]};
  ASSERT_TRUE(left_->Send(Bytes("abc"), sent, Soon()).ok());
  ASSERT_EQ(Arrives(), "abc+3");
  for (std::size_t i = 0; i < sent.size(); ++i) {
    EXPECT_TRUE(SameFile(fds_[i].get(), sent[i])) << i;
    EXPECT_NE(fds_[i].get(), sent[i]) << i;
    EXPECT_NE(::fcntl(fds_[i].get(), F_GETFD) & FD_CLOEXEC, 0) << i;
  }
}

TEST_F(UnixChannelTest, DescriptorsComeWithTheFirstByteOnly) {
  const NullFds fds(2);
  ASSERT_TRUE(left_->Send(Bytes("abc"), fds.numbers(), Soon()).ok());
  EXPECT_EQ(Arrives(1), "a+2");
  EXPECT_EQ(Arrives(1), "b+0");
  EXPECT_EQ(Arrives(1), "c+0");
}

TEST_F(UnixChannelTest, ByteAtATimeSenderIsReadAsItComes) {
  const NullFds fds(1);
  ASSERT_TRUE(left_->Send(Bytes("a"), fds.numbers(), Soon()).ok());
  ASSERT_TRUE(left_->Send(Bytes("b"), fds.numbers(), Soon()).ok());
  ASSERT_TRUE(left_->Send(Bytes("c"), {}, Soon()).ok());
  // The kernel ends a read at bytes with descriptors of their own.
  EXPECT_EQ(Arrives(), "a+1");
  EXPECT_EQ(Arrives(), "b+1");
  EXPECT_EQ(Arrives(), "c+0");
}

TEST_F(UnixChannelTest, AppendsToTheDescriptorsAlreadyThere) {
  const NullFds fds(1);
  ASSERT_TRUE(left_->Send(Bytes("a"), fds.numbers(), Soon()).ok());
  ASSERT_TRUE(left_->Send(Bytes("b"), fds.numbers(), Soon()).ok());
  std::array<std::byte, 8> buffer;
  ASSERT_TRUE(right_->Receive(buffer, fds_, Soon()).ok());
  const int first = fds_[0].get();
  ASSERT_TRUE(right_->Receive(buffer, fds_, Soon()).ok());
  ASSERT_EQ(fds_.size(), 2u);
  EXPECT_EQ(fds_[0].get(), first);
}

TEST_F(UnixChannelTest, AsManyDescriptorsAsTheKernelTakes) {
  const NullFds fds(UnixChannel::kMaxFds);
  ASSERT_TRUE(left_->Send(Bytes("x"), fds.numbers(), Soon()).ok());
  EXPECT_EQ(Arrives(), "x+253");
}

TEST_F(UnixChannelTest, OneDescriptorTooManySendsNothing) {
  const NullFds fds(UnixChannel::kMaxFds + 1);
  EXPECT_TRUE(absl::IsResourceExhausted(
      left_->Send(Bytes("x"), fds.numbers(), Soon())));
  ASSERT_TRUE(left_->Send(Bytes("y"), {}, Soon()).ok());
  EXPECT_EQ(Arrives(), "y+0");
}

TEST_F(UnixChannelTest, CredentialsNobodyAskedForDisplaceNothing) {
  const int on = 1;
  ASSERT_EQ(
      ::setsockopt(right_->PollFd(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on),
      0);
  const NullFds fds(UnixChannel::kMaxFds);
  ASSERT_TRUE(left_->Send(Bytes("x"), fds.numbers(), Soon()).ok());
  EXPECT_EQ(Arrives(), "x+253");
}

// Leaves room for `count` more descriptors; restores the limit at the end.
class FewFds {
 public:
  explicit FewFds(rlim_t count) {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &old_), 0);
    // Plug the holes below the highest descriptor, or they count as well.
    const int highest = *OpenFds().rbegin();
    do {
      plugs_.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    } while (plugs_.back().get() < highest);
    rlimit low = old_;
    low.rlim_cur = static_cast<rlim_t>(plugs_.back().get()) + 1 + count;
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  }
  ~FewFds() { EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &old_), 0); }

 private:
  rlimit old_;
  std::vector<UniqueFd> plugs_;
};

TEST_F(UnixChannelTest, TruncatedDescriptorsAreAnErrorAndStayOwned) {
  {
    const NullFds fds(4);
    ASSERT_TRUE(left_->Send(Bytes("x"), fds.numbers(), Soon()).ok());
    // Judged with the limit lifted again: UBSan needs descriptors to look at
    // memory, and would take a matcher for a wild pointer.
    const absl::Status status = [&] {
      const FewFds room(2);
      std::array<std::byte, 8> buffer;
      return right_->Receive(buffer, fds_, Soon()).status();
    }();
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("MSG_CTRUNC"));
    EXPECT_EQ(fds_.size(), 2u);
  }
  for (const UniqueFd& fd : fds_) EXPECT_TRUE(OpenFds().contains(fd.get()));
}

TEST_F(UnixChannelTest, NoRoomForAnyDescriptorIsTheSameError) {
  const NullFds fds(1);
  ASSERT_TRUE(left_->Send(Bytes("x"), fds.numbers(), Soon()).ok());
  const FewFds room(0);
  std::array<std::byte, 8> buffer;
  EXPECT_TRUE(absl::IsResourceExhausted(
      right_->Receive(buffer, fds_, Soon()).status()));
  EXPECT_TRUE(fds_.empty());
}

TEST_F(UnixChannelTest, PeerThatClosesLetsItsBytesBeRead) {
  ASSERT_TRUE(left_->Send(Bytes("abc"), {}, Soon()).ok());
  left_.reset();
  EXPECT_EQ(Arrives(), "abc+0");
  EXPECT_EQ(Arrives(), "+0");
  EXPECT_EQ(Arrives(), "+0");
}

TEST_F(UnixChannelTest, DescriptorsNeverReceivedDoNotLeak) {
  const NullFds fds(3);
  ASSERT_TRUE(left_->Send(Bytes("abc"), fds.numbers(), Soon()).ok());
}

TEST_F(UnixChannelTest, ResetIsUnavailable) {
  ASSERT_TRUE(right_->Send(Bytes("unread"), {}, Soon()).ok());
  left_.reset();
  EXPECT_EQ(Arrives(), "UNAVAILABLE");
}

TEST_F(UnixChannelTest, SendToAClosedPeerIsUnavailableAndRaisesNoSignal) {
  right_.reset();
  EXPECT_TRUE(absl::IsUnavailable(left_->Send(Bytes("abc"), {}, Soon())));
}

TEST_F(UnixChannelTest, ShutdownEndsOneDirection) {
  ASSERT_TRUE(left_->Send(Bytes("last"), {}, Soon()).ok());
  left_->ShutdownWrite();
  EXPECT_EQ(Arrives(), "last+0");
  EXPECT_EQ(Arrives(), "+0");
  EXPECT_TRUE(absl::IsUnavailable(left_->Send(Bytes("more"), {}, Soon())));
  std::swap(left_, right_);
  ASSERT_TRUE(left_->Send(Bytes("still here"), {}, Soon()).ok());
  EXPECT_EQ(Arrives(), "still here+0");
}

TEST_F(UnixChannelTest, SilenceReachesTheDeadline) {
  std::array<std::byte, 8> buffer;
  EXPECT_TRUE(absl::IsDeadlineExceeded(
      right_->Receive(buffer, fds_, Deadline::Now()).status()));
  const absl::Status status =
      right_
          ->Receive(buffer, fds_, Deadline::After(std::chrono::milliseconds(5)))
          .status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("data"));
}

TEST_F(UnixChannelTest, SendingNothingSucceeds) {
  EXPECT_TRUE(left_->Send({}, {}, Deadline::Now()).ok());
}

TEST_F(UnixChannelTest, WrongDescriptorIsInternal) {
  const std::array<int, 1> not_open = {1 << 20};
  const absl::Status status = left_->Send(Bytes("x"), not_open, Soon());
  EXPECT_TRUE(absl::IsInternal(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("sendmsg"));
  UnixChannel unconnected(
      UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)));
  std::array<std::byte, 8> buffer;
  EXPECT_TRUE(
      absl::IsInternal(unconnected.Receive(buffer, fds_, Soon()).status()));
}

using UnixChannelDeathTest = UnixChannelTest;

TEST_F(UnixChannelDeathTest, MisuseIsOurs) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const std::array<int, 1> fds = {0};
  EXPECT_DEATH(left_->Send({}, fds, Soon()).IgnoreError(),
               "descriptors without a byte");
  EXPECT_DEATH(right_->Receive({}, fds_, Soon()).IgnoreError(),
               "end of stream");
}

}  // namespace
}  // namespace vuspec
