// The GPU driver against devices that are right, and wrong in one thing each.
#include <functional>
#include <set>

#include "gtest/gtest.h"
#include "harness/device/buffers.h"
#include "harness/device/device_driver.h"

namespace vuspec {
namespace {

constexpr std::uint32_t kCreate = 0x101;
constexpr std::uint32_t kOkNoData = 0x1100;
constexpr std::uint32_t kInvalidResourceId = 0x1203;

struct Answer {
  std::uint32_t type = 0;
  std::uint32_t flags = 0;
  std::uint64_t fence = 0;
  std::uint32_t length = 24;
};

// Answers at once; `spoil` may change what a right one would say.
class Gpu : public IoPort {
 public:
  explicit Gpu(std::function<void(Answer&)> spoil = [](Answer&) {})
      : spoil_(std::move(spoil)), memory_(*GuestMemory::CreateDefault()) {}

  GuestMemory& memory() override { return memory_; }

  Reply<Done> Post(std::uint32_t queue,
                   std::span<const Segment> segments) override {
    EXPECT_EQ(queue, 0u);
    EXPECT_EQ(segments.size(), 2u);
    const auto command = BytesOf(segments[0]);
    const std::uint32_t id = GetLe32(command, 24);
    const bool done = GetLe32(command, 0) == kCreate
                          ? resources_.insert(id).second
                          : resources_.erase(id) != 0;
    answer_ = {.type = done ? kOkNoData : kInvalidResourceId,
               .flags = GetLe32(command, 4),
               .fence = GetLe64(command, 8)};
    spoil_(answer_);
    const auto written = BytesOf(segments[1]);
    PutLe32(written, 0, answer_.type);
    PutLe32(written, 4, answer_.flags);
    PutLe64(written, 8, answer_.fence);
    return Done{};
  }

  Reply<Completion> Await(std::uint32_t) override {
    return Completion{.length = answer_.length};
  }

 private:
  std::span<std::byte> BytesOf(const Segment& segment) {
    return memory_.LeadingPiece(segment.guest_address, segment.length);
  }

  std::function<void(Answer&)> spoil_;
  GuestMemory memory_;
  std::set<std::uint32_t> resources_;
  Answer answer_;
};

bool Passes(Gpu gpu) {
  return MakeDeviceDriver("gpu")->VerifiedIo(gpu, 7).ok();
}

TEST(GpuDriver, LeavesNothingBehind) {
  Gpu gpu;
  const auto driver = MakeDeviceDriver("gpu");
  EXPECT_TRUE(driver->VerifiedIo(gpu, 7).ok());
  EXPECT_TRUE(driver->VerifiedIo(gpu, 7).ok());
}

TEST(GpuDriver, SeesWhatIsWrong) {
  EXPECT_TRUE(Passes(Gpu()));
  EXPECT_FALSE(Passes(Gpu([](Answer& answer) { answer.type = kOkNoData; })));
  EXPECT_FALSE(Passes(Gpu([](Answer& answer) { answer.type = 0; })));
  EXPECT_FALSE(
      Passes(Gpu([](Answer& answer) { answer.type = kInvalidResourceId; })));
  EXPECT_FALSE(Passes(Gpu([](Answer& answer) { answer.flags = 0; })));
  EXPECT_FALSE(Passes(Gpu([](Answer& answer) { ++answer.fence; })));
  EXPECT_FALSE(Passes(Gpu([](Answer& answer) { answer.length = 0; })));
}

TEST(GpuDriver, MakesRequestsThatNeedNoResource) {
  Gpu gpu;
  const auto driver = MakeDeviceDriver("gpu");
  for (const std::uint64_t seed : {0u, 1u, 1u}) {
    const auto request = driver->MakeRequest(gpu.memory(), seed);
    ASSERT_TRUE(request.ok());
    EXPECT_TRUE(Perform(gpu, 0, *request).ok());
  }
}

}  // namespace
}  // namespace vuspec
