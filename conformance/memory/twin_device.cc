#include "conformance/memory/twin_device.h"

#include "conformance/kit/matchers.h"
#include "conformance/memory/memory_verbs.h"
#include "harness/suite/context.h"

namespace vuspec {
namespace {

GuestMemory SameLayout(const Session& session) {
  const std::vector<RegionSpec>& specs = session.options().regions;
  return specs.empty() ? MakeMemory(RegionsOfCount(1)) : MakeMemory(specs);
}

}  // namespace

TwinDevice::TwinDevice(Session& session)
    : session_(session), memory_(SameLayout(session)) {
  const DeviceProfile& profile = session.driver()->profile();
  rings_.reserve(profile.queues.size());
  for (const std::uint32_t queue : profile.queues) {
    const SplitDriver& twin = session.ring(queue).driver();
    rings_.push_back(
        Require(SplitDriver::Create(memory_, twin.queue_size(), {})));
    VU_CHECK(rings_.back().user_addresses() == twin.user_addresses(),
             "the rings of a twin lie elsewhere");
    rings_.back().StartAt(twin.avail_index(), twin.used_index());
    if (queue == profile.io_queue) io_ring_ = &rings_.back();
  }
}

void TwinDevice::Post() {
  request_ = Require(session_.MakeRequest());
  Require(io_ring_->AddChain(request_.segments));
  io_ring_->Publish();
}

void TwinDevice::Finish() {
  const SessionRing& ring =
      session_.ring(session_.driver()->profile().io_queue);
  const Deadline deadline = CurrentRun().ForAnswer();
  ring.Kick();
  for (;;) {
    const auto popped = io_ring_->PopUsed();
    ASSERT_TRUE(popped.ok())
        << "the used ring in the new memory makes no sense";
    if (*popped) {
      EXPECT_EQ(request_.judge(**popped), std::nullopt);
      return;
    }
    ASSERT_TRUE(ring.call().Wait(deadline).ok())
        << "nothing was completed in the new memory";
    ring.call().TryConsume();
  }
}

}  // namespace vuspec
