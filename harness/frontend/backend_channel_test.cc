// The back-end channel: opening it, judging what comes, answering.
#include <optional>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "harness/frontend/frontend.h"
#include "harness/frontend/test_support.h"

namespace vuspec {
namespace {

using protocol::Req;

class BackendChannelTest : public testing::Test {
 protected:
  // Opens the channel on a session with ring 1 started or not; `device` is the
  // back-end's end.
  void Open(bool started, std::uint64_t protocol_features = kAllProtocol) {
    peer_.Negotiates(kAllVirtio, protocol_features);
    auto channel = peer_.frontend().OpenBackendChannel();
    ASSERT_TRUE(channel.ok()) << channel.Describe();
    channel_.emplace(*std::move(channel));
    EXPECT_EQ(peer_.Heard(), WithoutSpaces("15000000 01000000 00000000"));
    ASSERT_EQ(peer_.heard_fds().size(), 1u);
    device_ =
        std::make_unique<UnixChannel>(std::move(peer_.heard_fds().front()));
    peer_.heard_fds().clear();
    if (!started) return;
    ASSERT_TRUE(peer_.frontend().SetVringNum(1, 256).ok());
    ASSERT_TRUE(peer_.frontend().SetVringAddr({1, 0, 0, 0, 0, 0}).ok());
    const auto kick = peer_.frontend().SetVringKick(1, kNoFd);
    ASSERT_TRUE(kick.ok()) << kick.Describe();
  }

  void DeviceSays(const std::string& bytes, std::size_t fd_count = 0) {
    const NullFds fds(fd_count);
    EXPECT_TRUE(device_->Send(Bytes(bytes), fds.numbers(), Soon()).ok());
  }

  FdsAreKept fds_are_kept_;
  ScriptedPeer peer_;
  std::optional<BackendChannel> channel_;
  std::unique_ptr<UnixChannel> device_;
};

TEST_F(BackendChannelTest, DeliversARequestAndAnswersIt) {
  Open(true);
  DeviceSays(RawMessage(8, 0x9, std::string(16, 'u')));
  auto request = channel_->Receive(Soon());
  ASSERT_TRUE(request.ok()) << request.Describe();
  EXPECT_EQ(request->message.spec->name, "BACKEND_SHARED_OBJECT_LOOKUP");
  ASSERT_TRUE(channel_->WantsAnswer(request->message));
  const NullFds fd(1);
  ASSERT_TRUE(channel_->Answer(request->message, 0, Soon(), fd.numbers()).ok());
  std::vector<std::byte> buffer(64);
  std::vector<UniqueFd> fds;
  const auto size = device_->Receive(buffer, fds, Soon());
  ASSERT_TRUE(size.ok());
  EXPECT_EQ(ToHex(Text(std::span(buffer).first(*size))),
            WithoutSpaces("08000000 05000000 08000000 0000000000000000"));
  EXPECT_EQ(fds.size(), 1u);
}

TEST_F(BackendChannelTest, AMessageWithoutNeedReplyWantsNoAnswer) {
  Open(true);
  DeviceSays(RawMessage(2, 0x1, ""));
  auto request = channel_->Receive(Soon());
  ASSERT_TRUE(request.ok()) << request.Describe();
  EXPECT_FALSE(channel_->WantsAnswer(request->message));
}

TEST_F(BackendChannelTest, WhileSuspendedEveryMessageIsAViolation) {
  Open(false);
  DeviceSays(RawMessage(2, 0x1, ""));
  const auto request = channel_->Receive(Soon());
  ASSERT_NE(request.violation(), nullptr) << request.Describe();
  EXPECT_EQ(request.violation()->req, Req::SUSP_03);
}

TEST_F(BackendChannelTest, AWrongShapeIsAViolationAndItsDescriptorsAreClosed) {
  Open(true);
  DeviceSays(RawMessage(2, 0x1, "surplus!"), 2);
  EXPECT_NE(channel_->Receive(Soon()).violation(), nullptr);
  DeviceSays(RawMessage(99, 0x1, ""));
  const auto unknown = channel_->Receive(Soon());
  ASSERT_NE(unknown.violation(), nullptr) << unknown.Describe();
}

TEST_F(BackendChannelTest, SilenceAndTheEndAreStatuses) {
  Open(true);
  EXPECT_TRUE(
      absl::IsDeadlineExceeded(channel_->Receive(Deadline::Now()).status()));
  device_.reset();
  EXPECT_TRUE(absl::IsUnavailable(channel_->Receive(Soon()).status()));
}

TEST(BackendChannel, CannotBeOpenedWithoutTheFeature) {
  const FdsAreKept fds_are_kept;
  ScriptedPeer peer;
  peer.Negotiates(kAllVirtio, 0);
  const auto channel = peer.frontend().OpenBackendChannel();
  ASSERT_NE(channel.refusal(), nullptr) << channel.Describe();
  EXPECT_EQ(channel.refusal()->violation.field, "BACKEND_REQ");
}

}  // namespace
}  // namespace vuspec
