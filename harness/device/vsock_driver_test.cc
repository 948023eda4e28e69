#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "harness/device/buffers.h"
#include "harness/device/far_end_test_support.h"
#include "harness/transport/unix_socket.h"

namespace vuspec {
namespace {

constexpr std::size_t kHeaderSize = 44;
constexpr std::size_t kPayloadSize = 64;
constexpr std::size_t kOperationAt = 30;
constexpr std::byte kRequest{1};
constexpr std::byte kResponse{2};
constexpr std::byte kReset{3};
constexpr std::byte kData{5};
constexpr std::byte kCreditUpdate{6};

Deadline Soon() { return Deadline::After(std::chrono::seconds(10)); }

// A device that connects guests to Unix sockets.
class Host : public FarEnd {
 public:
  explicit Host(std::string path) : path_(std::move(path)) {}

  bool connected() const { return socket_ != nullptr; }

  bool refuses = false;
  // A byte that is wrong, in what it says and in what it hands on; 0: none.
  std::size_t wrong_byte_to_guest = 0;
  std::size_t wrong_byte_to_host = 0;
  std::deque<Bytes> queue;

 protected:
  void Transmitted(const Bytes& sent) override {
    const std::byte operation = sent[kOperationAt];
    if (operation == kRequest && !refuses) {
      const std::string socket = absl::StrCat(path_, "_", GetLe32(sent, 20));
      socket_ = *Connect(socket, Soon());
      last_ = sent;
      queue.push_back(Answer(kResponse, {}));
    } else if (operation == kData) {
      Bytes payload(sent.begin() + kHeaderSize, sent.end());
      payload[wrong_byte_to_host] ^= std::byte{wrong_byte_to_host != 0};
      EXPECT_TRUE(socket_->Send(payload, {}, Soon()).ok());
    } else if (operation == kReset) {
      socket_.reset();
    }
  }

  Bytes Say() override {
    if (queue.empty()) {
      if (!socket_) return {};
      queue.push_back(Answer(kData, ReadSocket()));
    }
    Bytes packet = queue.front();
    queue.pop_front();
    if (wrong_byte_to_guest < packet.size()) {
      packet[wrong_byte_to_guest] ^= std::byte{wrong_byte_to_guest != 0};
    }
    return packet;
  }

 private:
  // From the host to the guest: what was the target is the source.
  Bytes Answer(std::byte operation, const Bytes& payload) const {
    Bytes packet(kHeaderSize);
    std::copy_n(&last_[8], 8, &packet[0]);
    std::copy_n(&last_[0], 8, &packet[8]);
    std::copy_n(&last_[20], 4, &packet[16]);
    std::copy_n(&last_[16], 4, &packet[20]);
    packet[24] = static_cast<std::byte>(payload.size());
    packet[28] = std::byte{1};
    packet[kOperationAt] = operation;
    packet.insert(packet.end(), payload.begin(), payload.end());
    return packet;
  }

  Bytes ReadSocket() {
    Bytes payload(kPayloadSize);
    std::vector<UniqueFd> fds;
    EXPECT_EQ(*socket_->Receive(payload, fds, Soon()), kPayloadSize);
    return payload;
  }

  std::string path_;
  std::unique_ptr<UnixChannel> socket_;
  Bytes last_;
};

class VsockDriverTest : public testing::Test {
 protected:
  std::string path_ =
      absl::StrCat(testing::TempDir(), "vuspec-vsock-", ::getpid());
  Host host_{path_};
  std::unique_ptr<DeviceDriver> driver_ = MakeVsockDriver(path_);
};

TEST_F(VsockDriverTest, BytesGoBothWaysAndTheConnectionEnds) {
  EXPECT_TRUE(driver_->VerifiedIo(host_, 7).ok());
  EXPECT_FALSE(host_.connected());
  EXPECT_TRUE(driver_->VerifiedIo(host_, 7).ok());
}

TEST_F(VsockDriverTest, PacketsForOthersArePassedOver) {
  Bytes update(kHeaderSize);
  update[kOperationAt] = kCreditUpdate;
  host_.queue = {update};
  EXPECT_TRUE(driver_->VerifiedIo(host_, 7).ok());
}

TEST_F(VsockDriverTest, NoResponseIsSilence) {
  host_.refuses = true;
  const auto done = driver_->VerifiedIo(host_, 7);
  EXPECT_EQ(done.status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(VsockDriverTest, AByteLostOnTheWayToTheHostIsAViolation) {
  host_.wrong_byte_to_host = 5;
  const auto done = driver_->VerifiedIo(host_, 7);
  ASSERT_NE(done.violation(), nullptr);
  EXPECT_EQ(done.violation()->field, "payload");
}

TEST_F(VsockDriverTest, AByteLostOnTheWayToTheGuestIsAViolation) {
  host_.wrong_byte_to_guest = kHeaderSize + 5;
  const auto done = driver_->VerifiedIo(host_, 7);
  ASSERT_NE(done.violation(), nullptr);
  EXPECT_EQ(done.violation()->offset, 5U);
}

TEST_F(VsockDriverTest, AWrongTypeIsAViolation) {
  host_.wrong_byte_to_guest = 28;
  const auto done = driver_->VerifiedIo(host_, 7);
  ASSERT_NE(done.violation(), nullptr);
  EXPECT_EQ(done.violation()->field, "type");
}

TEST_F(VsockDriverTest, WithoutAHostAPacketIsTaken) {
  EXPECT_TRUE(MakeVsockDriver("")->VerifiedIo(host_, 7).ok());
  EXPECT_FALSE(host_.connected());
}

}  // namespace
}  // namespace vuspec
