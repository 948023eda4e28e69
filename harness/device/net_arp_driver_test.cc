#include <algorithm>
#include <memory>

#include "gtest/gtest.h"
#include "harness/device/far_end_test_support.h"

namespace vuspec {
namespace {

constexpr std::size_t kFrameAt = 12;
constexpr std::size_t kPacketSize = 42;

// A router that answers every ARP request.
class Router : public FarEnd {
 public:
  // What it says before it answers.
  std::deque<Bytes> queue;
  // Where its answer is wrong; 0: nowhere.
  std::size_t wrong_byte = 0;

 protected:
  void Transmitted(const Bytes& sent) override {
    Bytes answer(sent.begin(), sent.begin() + kFrameAt + kPacketSize);
    std::byte* frame = &answer[kFrameAt];
    std::copy_n(frame + 6, 6, frame);            // to who asked
    std::fill_n(frame + 6, 6, std::byte{0x0a});  // from us
    frame[21] = std::byte{2};                    // an answer
    std::copy_n(frame + 22, 10, frame + 32);     // its sender is our target
    std::copy_n(frame + 6, 6, frame + 22);       // whose MAC is asked for
    std::copy_n(&sent[kFrameAt + 38], 4, frame + 28);
    if (wrong_byte != 0) frame[wrong_byte] ^= std::byte{1};
    queue.push_back(answer);
  }

  Bytes Say() override {
    if (queue.empty()) return {};
    Bytes next = queue.front();
    queue.pop_front();
    return next;
  }
};

TEST(NetArpDriver, AnAnswerIsSuccess) {
  Router router;
  EXPECT_TRUE(MakeNetArpDriver()->VerifiedIo(router, 7).ok());
}

TEST(NetArpDriver, FramesThatNobodyAskedForArePassedOver) {
  Router router;
  router.queue = {Bytes(100, std::byte{0xff}), Bytes(20)};
  EXPECT_TRUE(MakeNetArpDriver()->VerifiedIo(router, 7).ok());
}

TEST(NetArpDriver, AnAnswerAboutAnotherAddressIsAViolation) {
  Router router;
  router.wrong_byte = 31;
  const auto done = MakeNetArpDriver()->VerifiedIo(router, 7);
  ASSERT_NE(done.violation(), nullptr);
  EXPECT_EQ(done.violation()->offset, 31U);
}

TEST(NetArpDriver, AnAnswerToSomebodyElseIsNoAnswer) {
  Router router;
  router.wrong_byte = 37;
  const auto done = MakeNetArpDriver()->VerifiedIo(router, 7);
  EXPECT_EQ(done.status().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(NetArpDriver, AFrameShorterThanItsHeaderIsAViolation) {
  Router router;
  router.queue = {Bytes(4)};
  EXPECT_NE(MakeNetArpDriver()->VerifiedIo(router, 7).violation(), nullptr);
}

}  // namespace
}  // namespace vuspec
