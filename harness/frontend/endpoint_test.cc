// Client mode, server mode, reconnecting, the link, queue pairs, memory.
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "gtest/gtest.h"
#include "harness/frontend/endpoint.h"
#include "harness/frontend/test_support.h"
#include "harness/transport/poll.h"

namespace vuspec {
namespace {

// The back-end's side: what a front-end says there, in hex.
std::string Heard(UnixChannel& channel) {
  std::vector<std::byte> buffer(4096);
  std::vector<UniqueFd> fds;
  const auto size = channel.Receive(buffer, fds, Soon());
  return size.ok() ? ToHex(Text(std::span(buffer).first(*size))) : "";
}

constexpr char kOwnerHex[] = "030000000100000000000000";
constexpr char kFenceHex[] = "010000000100000000000000";

class EndpointTest : public testing::Test {
 protected:
  FdsAreKept fds_are_kept_;
  TempDir directory_;
  const std::string path_ = directory_.Path("endpoint.sock");
};

TEST_F(EndpointTest, ClientModeConnectsAndConnectsAgain) {
  auto listener = UnixListener::Listen(path_);
  ASSERT_TRUE(listener.ok());
  auto endpoint = Endpoint::Connect(path_, Quiet(), Soon());
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  EXPECT_FALSE(endpoint->server());
  auto first = listener->Accept(Soon());
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(endpoint->UpdateLink());
  ASSERT_TRUE(endpoint->frontend().SetOwner().ok());
  EXPECT_EQ(Heard(**first), kOwnerHex);

  first->reset();
  EXPECT_FALSE(endpoint->UpdateLink());
  ASSERT_TRUE(endpoint->Reconnect(Soon()).ok());
  EXPECT_FALSE(endpoint->frontend().model().owned());
  auto second = listener->Accept(Soon());
  ASSERT_TRUE(second.ok());
  EXPECT_TRUE(endpoint->UpdateLink());
}

TEST_F(EndpointTest, ClientModeWithoutABackEndIsUnavailable) {
  EXPECT_TRUE(
      absl::IsUnavailable(Endpoint::Connect(path_, Quiet(), Soon()).status()));
}

TEST_F(EndpointTest, ServerModeAcceptsOneBackEndAfterTheOther) {
  auto endpoint = Endpoint::Listen(path_, Quiet());
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  EXPECT_TRUE(endpoint->server());
  EXPECT_FALSE(endpoint->connected());
  EXPECT_FALSE(endpoint->UpdateLink());

  auto first = Connect(path_, Soon());
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(endpoint->Reconnect(Soon()).ok());
  ASSERT_TRUE(endpoint->frontend().SetOwner().ok());
  EXPECT_EQ(Heard(**first), kOwnerHex);

  // Gone, and nobody new: disconnected.
  first->reset();
  EXPECT_FALSE(endpoint->UpdateLink());
  EXPECT_FALSE(endpoint->connected());

  // The next one is taken up by looking.
  auto second = Connect(path_, Soon());
  ASSERT_TRUE(second.ok());
  EXPECT_TRUE(endpoint->UpdateLink());
  EXPECT_FALSE(endpoint->frontend().model().owned());
}

TEST_F(EndpointTest, ServerDisconnectEndsTheSessionOnly) {
  auto endpoint = Endpoint::Listen(path_, Quiet());
  ASSERT_TRUE(endpoint.ok());
  auto backend = Connect(path_, Soon());
  ASSERT_TRUE(backend.ok());
  ASSERT_TRUE(endpoint->Reconnect(Soon()).ok());
  endpoint->Disconnect();
  EXPECT_FALSE(LinkUp((*backend)->PollFd()));
  EXPECT_TRUE(Connect(path_, Soon()).ok());
}

TEST_F(EndpointTest, TheInterruptDescriptorIsWhatThereIsToWaitFor) {
  auto endpoint = Endpoint::Listen(path_, Quiet());
  ASSERT_TRUE(endpoint.ok());
  const int listening = endpoint->InterruptFd();
  EXPECT_FALSE(WaitReadable(listening, Deadline::Now()).ok());
  auto backend = Connect(path_, Soon());
  ASSERT_TRUE(backend.ok());
  EXPECT_TRUE(WaitReadable(listening, Soon()).ok());
  ASSERT_TRUE(endpoint->Reconnect(Soon()).ok());
  const int connection = endpoint->InterruptFd();
  EXPECT_NE(connection, listening);
  backend->reset();
  EXPECT_TRUE(WaitReadable(connection, Soon()).ok());
  endpoint->Disconnect();
  EXPECT_EQ(endpoint->InterruptFd(), listening);
}

class PairTest : public EndpointTest {
 protected:
  void SetUp() override {
    auto listener = UnixListener::Listen(path_);
    ASSERT_TRUE(listener.ok());
    auto endpoint = Endpoint::Connect(path_, Quiet(), Soon());
    ASSERT_TRUE(endpoint.ok());
    endpoint_ = std::make_unique<Endpoint>(*std::move(endpoint));
    auto backend = listener->Accept(Soon());
    ASSERT_TRUE(backend.ok());
    backend_ = *std::move(backend);
    Says(U64Reply(1, std::uint64_t{1} << 30));
    Says(U64Reply(15, 1));
    ASSERT_TRUE(
        endpoint_->frontend().Negotiate(Endpoint::OwnFeatures(), 1).ok());
    Heard(*backend_);
  }
  void Says(const std::string& bytes) {
    ASSERT_TRUE(backend_->Send(Bytes(bytes), {}, Soon()).ok());
  }
  // What was sent, without waiting for it.
  std::string HeardNow() {
    Says(U64Reply(1, std::uint64_t{1} << 30));
    EXPECT_TRUE(endpoint_->frontend().Fence().ok());
    // Descriptors end what one read brings.
    std::string heard = Heard(*backend_);
    while (!heard.ends_with(kFenceHex)) heard += Heard(*backend_);
    return heard.substr(0, heard.size() - 24);
  }

  std::unique_ptr<Endpoint> endpoint_;
  std::unique_ptr<UnixChannel> backend_;
};

TEST_F(PairTest, EnablingAPairSendsTwoMessagesOnce) {
  ASSERT_TRUE(endpoint_->EnableQueuePair(1, true).ok());
  EXPECT_EQ(HeardNow(),
            WithoutSpaces("12000000 01000000 08000000 02000000 01000000"
                          "12000000 01000000 08000000 03000000 01000000"));
  ASSERT_TRUE(endpoint_->EnableQueuePair(1, true).ok());
  EXPECT_EQ(HeardNow(), "");
  ASSERT_TRUE(endpoint_->EnableQueuePair(1, false).ok());
  EXPECT_EQ(HeardNow().size(), 80u);
  ASSERT_TRUE(endpoint_->EnableQueuePair(1, false).ok());
  EXPECT_EQ(HeardNow(), "");
}

TEST_F(PairTest, APairThatCannotBeIsRefused) {
  EXPECT_NE(endpoint_->EnableQueuePair(128, true).refusal(), nullptr);
  EXPECT_NE(endpoint_->EnableQueuePair(0x8000'0000, true).refusal(), nullptr);
  EXPECT_EQ(HeardNow(), "");
}

TEST_F(PairTest, WhileDisconnectedThereIsNothingToEnable) {
  endpoint_->Disconnect();
  EXPECT_TRUE(endpoint_->EnableQueuePair(0, true).ok());
}

TEST_F(PairTest, SegmentsOfOneFileBecomeOneRegion) {
  const NullFds file(1);
  const int fd = file.numbers()[0];
  const MemorySegment segments[] = {{fd, 0x10'0000, 0x1000, 0},
                                    {fd, 0x10'1000, 0x1000, 0x1000}};
  const auto done = endpoint_->SetMemory(segments);
  ASSERT_TRUE(done.ok()) << done.Describe();
  EXPECT_EQ(HeardNow(),
            WithoutSpaces("05000000 01000000 28000000 01000000 00000000"
                          "0000100000000000 0020000000000000"
                          "0000100000000000 0000000000000000"));
}

TEST_F(PairTest, SegmentsThatOverlapAreNotSent) {
  const MemorySegment segments[] = {{0, 0x1000, 0x2000, 0},
                                    {1, 0x2000, 0x1000, 0}};
  EXPECT_TRUE(absl::IsInvalidArgument(endpoint_->SetMemory(segments).status()));
  EXPECT_EQ(HeardNow(), "");
}

}  // namespace
}  // namespace vuspec
