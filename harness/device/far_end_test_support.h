// A device in this process, as the far end of a driver under test. Test code.
#ifndef VUSPEC_HARNESS_DEVICE_FAR_END_TEST_SUPPORT_H_
#define VUSPEC_HARNESS_DEVICE_FAR_END_TEST_SUPPORT_H_

#include <deque>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "harness/device/device_driver.h"
#include "harness/memory/shared_access.h"

namespace vuspec {

using Bytes = std::vector<std::byte>;

// Completes what is transmitted on vring 1 at once, and fills what is posted
// on vring 0 with what the device has to say. A device with nothing to say is
// silent.
class FarEnd : public IoPort {
 public:
  FarEnd() : memory_(*GuestMemory::CreateDefault()) {}

  GuestMemory& memory() override { return memory_; }

  Reply<Done> Post(std::uint32_t queue,
                   std::span<const Segment> segments) override {
    EXPECT_EQ(segments.size(), 1U);
    if (queue == 0) {
      receive_.push_back(BytesOf(segments[0]));
    } else {
      Bytes sent(segments[0].length);
      CopyIn(sent, BytesOf(segments[0]).data());
      Transmitted(sent);
    }
    return Done{};
  }

  Reply<Completion> Await(std::uint32_t queue) override {
    if (queue != 0) return Completion{};
    Bytes said = Say();
    if (said.empty() || receive_.empty()) {
      return Failure(absl::DeadlineExceededError("silence"));
    }
    const std::span<std::byte> buffer = receive_.front();
    receive_.pop_front();
    said.resize(std::min(said.size(), buffer.size()));
    CopyOut(buffer.data(), said);
    return Completion{.length = static_cast<std::uint32_t>(said.size())};
  }

 protected:
  virtual void Transmitted(const Bytes& sent) = 0;
  virtual Bytes Say() = 0;

 private:
  std::span<std::byte> BytesOf(const Segment& segment) {
    return memory_.LeadingPiece(segment.guest_address, segment.length);
  }

  GuestMemory memory_;
  std::deque<std::span<std::byte>> receive_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_DEVICE_FAR_END_TEST_SUPPORT_H_
