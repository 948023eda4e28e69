#include "harness/transport/connection.h"

#include <algorithm>
#include <optional>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/transport/memory_channel.h"
#include "harness/transport/test_support.h"
#include "harness/transport/unix_socket.h"
#include "protocol/limits.h"

namespace vuspec {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

protocol::Header HeaderOf(std::uint32_t request, std::size_t size) {
  return {.request = request,
          .flags = protocol::kVersion,
          .size = static_cast<std::uint32_t>(size)};
}

// Header and payload as they are on the wire.
std::vector<std::byte> Wire(std::uint32_t request, std::string_view payload) {
  const auto head = protocol::EncodeHeader(HeaderOf(request, payload.size()));
  std::vector<std::byte> wire(head.begin(), head.end());
  const auto tail = Bytes(payload);
  wire.insert(wire.end(), tail.begin(), tail.end());
  return wire;
}

// "request:payload+descriptors" of a message, or what came instead.
std::string Show(const Received& received) {
  if (received.violation() != nullptr) {
    return ToString(*received.violation());
  }
  if (!received.ok()) return received.status().ToString();
  const ReceivedMessage& message = received.message();
  return std::to_string(message.header.request) + ":" + Text(message.payload) +
         "+" + std::to_string(message.fds.size());
}

class ConnectionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto pair = SocketPair();
    ASSERT_TRUE(pair.ok()) << pair.status();
    peer_ = std::move(pair->first);
    connection_.emplace(std::move(pair->second));
  }

  void PeerSends(std::span<const std::byte> bytes,
                 std::span<const int> fds = {}) {
    ASSERT_TRUE(peer_->Send(bytes, fds, Soon()).ok());
  }

  FdsAreKept fds_are_kept_;
  std::unique_ptr<UnixChannel> peer_;
  std::optional<Connection> connection_;
};

TEST_F(ConnectionTest, SendsHeaderPayloadAndDescriptorsTogether) {
  const NullFds fds(2);
  ASSERT_TRUE(
      connection_
          ->SendMessage(HeaderOf(12, 4), Bytes("kick"), fds.numbers(), Soon())
          .ok());
  std::vector<std::byte> buffer(64);
  std::vector<UniqueFd> got;
  ASSERT_EQ(peer_->Receive(buffer, got, Soon()).value(), 16u);
  buffer.resize(16);
  EXPECT_EQ(buffer, Wire(12, "kick"));
  EXPECT_EQ(got.size(), 2u);
}

TEST_F(ConnectionTest, SendsAHeaderThatLiesAboutItsSize) {
  ASSERT_TRUE(
      connection_->SendMessage(HeaderOf(1, 999), Bytes("ab"), {}, Soon()).ok());
  std::vector<std::byte> buffer(64);
  std::vector<UniqueFd> got;
  EXPECT_EQ(peer_->Receive(buffer, got, Soon()).value(), 14u);
}

TEST_F(ConnectionTest, CoalescedMessagesKeepTheirDescriptors) {
  const NullFds fds(3);
  PeerSends(Wire(1, "one"));
  PeerSends(Wire(2, "two"), fds.numbers());
  PeerSends(Wire(3, ""), fds.numbers().first(1));
  PeerSends(Wire(4, ""));
  EXPECT_EQ(Show(connection_->Receive(Soon())), "1:one+0");
  EXPECT_EQ(Show(connection_->Receive(Soon())), "2:two+3");
  EXPECT_EQ(Show(connection_->Receive(Soon())), "3:+1");
  EXPECT_EQ(Show(connection_->Receive(Soon())), "4:+0");
}

TEST_F(ConnectionTest, ByteAtATimeIsTheSameMessage) {
  const NullFds fds(1);
  const auto wire = Wire(7, "slow");
  for (std::size_t i = 0; i < wire.size(); ++i) {
    // A descriptor in the middle belongs to the same message.
    const std::size_t count = i == 0 || i == 14 ? 1 : 0;
    PeerSends(std::span(wire).subspan(i, 1), fds.numbers().first(count));
  }
  EXPECT_EQ(Show(connection_->Receive(Soon())), "7:slow+2");
}

TEST_F(ConnectionTest, DeadlineInsideAMessageCanBeResumed) {
  const NullFds fds(1);
  const auto wire = Wire(7, "parts");
  PeerSends(std::span(wire).first(5), fds.numbers());
  const Received part = connection_->Receive(Deadline::Now());
  EXPECT_TRUE(absl::IsDeadlineExceeded(part.status()));
  EXPECT_THAT(Show(part), HasSubstr("inside a message"));
  EXPECT_TRUE(connection_->MidMessage());
  PeerSends(std::span(wire).subspan(5));
  EXPECT_EQ(Show(connection_->Receive(Soon())), "7:parts+1");
  const Received silence = connection_->Receive(Deadline::Now());
  EXPECT_TRUE(absl::IsDeadlineExceeded(silence.status()));
  EXPECT_THAT(Show(silence), Not(HasSubstr("inside a message")));
}

TEST_F(ConnectionTest, EndOfStreamBetweenMessages) {
  PeerSends(Wire(1, "last"));
  peer_->ShutdownWrite();
  EXPECT_EQ(Show(connection_->Receive(Soon())), "1:last+0");
  const Received end = connection_->Receive(Soon());
  EXPECT_TRUE(absl::IsUnavailable(end.status()));
  EXPECT_THAT(Show(end), HasSubstr("between messages"));
  EXPECT_FALSE(connection_->MidMessage());
}

TEST_F(ConnectionTest, EndOfStreamAtEveryPlaceInsideAMessage) {
  const NullFds fds(1);
  const auto wire = Wire(1, "cut");
  for (std::size_t size = 1; size < wire.size(); ++size) {
    SCOPED_TRACE(size);
    SetUp();
    PeerSends(std::span(wire).first(size), fds.numbers());
    const std::set<int> before = OpenFds();
    peer_->ShutdownWrite();
    const Received end = connection_->Receive(Soon());
    EXPECT_TRUE(absl::IsUnavailable(end.status()));
    EXPECT_THAT(Show(end), HasSubstr("inside a message"));
    EXPECT_TRUE(connection_->MidMessage());
    // The descriptor of the cut message is closed at once, not at the end.
    EXPECT_EQ(OpenFds(), before);
    EXPECT_EQ(Show(connection_->Receive(Soon())), Show(end));
  }
}

TEST_F(ConnectionTest, SizeBeyondAllMessagesIsAStickyViolation) {
  const NullFds fds(1);
  const auto head =
      protocol::EncodeHeader(HeaderOf(1, protocol::kPayloadSizeMax + 1));
  PeerSends(head, fds.numbers());
  PeerSends(Wire(2, "unreadable"));
  const std::set<int> before = OpenFds();
  for (int i = 0; i < 2; ++i) {
    const Received received = connection_->Receive(Soon());
    EXPECT_FALSE(received.ok());
    EXPECT_TRUE(received.status().ok());
    ASSERT_NE(received.violation(), nullptr);
    EXPECT_EQ(received.violation()->field, "size");
    EXPECT_EQ(received.violation()->actual, protocol::kPayloadSizeMax + 1);
  }
  EXPECT_EQ(OpenFds(), before);
}

TEST_F(ConnectionTest, LargestMessage) {
  const std::string payload(protocol::kPayloadSizeMax, 'p');
  PeerSends(Wire(1, payload));
  EXPECT_EQ(Show(connection_->Receive(Soon())), "1:" + payload + "+0");
}

TEST_F(ConnectionTest, DescriptorsOfOneMessageAreLimited) {
  const NullFds fds(200);
  const auto wire = Wire(1, "");
  PeerSends(std::span(wire).first(1), fds.numbers());
  PeerSends(std::span(wire).subspan(1), fds.numbers());
  const std::set<int> before = OpenFds();
  const Received received = connection_->Receive(Soon());
  EXPECT_TRUE(absl::IsResourceExhausted(received.status()));
  EXPECT_EQ(OpenFds(), before);
  // Where the next message begins is anybody's guess now.
  PeerSends(Wire(2, "whole"));
  EXPECT_EQ(Show(connection_->Receive(Soon())), Show(received));
}

class Recorder : public WireObserver {
 public:
  void OnSent(const protocol::Header& header,
              std::span<const std::byte> payload,
              std::size_t fd_count) override {
    Note("sent ", header, payload, fd_count);
  }
  void OnReceived(const protocol::Header& header,
                  std::span<const std::byte> payload,
                  std::size_t fd_count) override {
    Note("received ", header, payload, fd_count);
  }
  std::vector<std::string> notes;

 private:
  void Note(const std::string& what, const protocol::Header& header,
            std::span<const std::byte> payload, std::size_t fd_count) {
    notes.push_back(what + std::to_string(header.request) + ":" +
                    Text(payload) + "+" + std::to_string(fd_count));
  }
};

TEST_F(ConnectionTest, ObserverSeesWholeMessagesOnly) {
  Recorder recorder;
  auto pair = SocketPair();
  ASSERT_TRUE(pair.ok());
  const auto peer = std::move(pair->first);
  Connection connection(std::move(pair->second), &recorder);
  const NullFds fds(1);
  ASSERT_TRUE(
      connection.SendMessage(HeaderOf(1, 2), Bytes("go"), fds.numbers(), Soon())
          .ok());
  const auto wire = Wire(2, "ok");
  ASSERT_TRUE(peer->Send(std::span(wire).first(3), {}, Soon()).ok());
  EXPECT_FALSE(connection.Receive(Deadline::Now()).ok());
  EXPECT_THAT(recorder.notes, ElementsAre("sent 1:go+1"));
  ASSERT_TRUE(peer->Send(std::span(wire).subspan(3), {}, Soon()).ok());
  EXPECT_TRUE(connection.Receive(Soon()).ok());
  peer->ShutdownWrite();
  EXPECT_FALSE(connection.Receive(Soon()).ok());
  EXPECT_THAT(recorder.notes, ElementsAre("sent 1:go+1", "received 2:ok+0"));
}

TEST_F(ConnectionTest, FailedSendIsNotObserved) {
  Recorder recorder;
  auto pair = SocketPair();
  ASSERT_TRUE(pair.ok());
  Connection connection(std::move(pair->second), &recorder);
  pair->first.reset();
  EXPECT_TRUE(absl::IsUnavailable(
      connection.SendMessage(HeaderOf(1, 0), {}, {}, Soon())));
  EXPECT_TRUE(recorder.notes.empty());
}

// Gives its bytes in pieces of one size, then stays silent.
class PieceScript : public PeerScript {
 public:
  PieceScript(std::vector<std::byte> bytes, std::size_t piece)
      : bytes_(std::move(bytes)), piece_(piece) {}
  bool OnSend(std::span<const std::byte>, std::size_t) override { return true; }
  std::optional<std::size_t> Receive(std::span<std::byte> buffer,
                                     std::vector<UniqueFd>&) override {
    const std::size_t size =
        std::min({piece_, buffer.size(), bytes_.size() - given_});
    if (size == 0) return std::nullopt;
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(given_), size,
                buffer.begin());
    given_ += size;
    return size;
  }

 private:
  std::vector<std::byte> bytes_;
  std::size_t piece_;
  std::size_t given_ = 0;
};

TEST_F(ConnectionTest, AnySegmentationIsTheSameMessages) {
  std::vector<std::byte> wire = Wire(1, "first");
  for (const auto& next : {Wire(2, ""), Wire(3, "third message")}) {
    wire.insert(wire.end(), next.begin(), next.end());
  }
  for (std::size_t piece = 1; piece <= wire.size(); ++piece) {
    SCOPED_TRACE(piece);
    PieceScript script(wire, piece);
    Connection connection(std::make_unique<MemoryChannel>(script));
    EXPECT_EQ(Show(connection.Receive(Soon())), "1:first+0");
    EXPECT_EQ(Show(connection.Receive(Soon())), "2:+0");
    EXPECT_EQ(Show(connection.Receive(Soon())), "3:third message+0");
    EXPECT_TRUE(absl::IsDeadlineExceeded(connection.Receive(Soon()).status()));
  }
}

}  // namespace
}  // namespace vuspec
