#include "conformance/in_flight/in_flight_verbs.h"

#include <algorithm>
#include <utility>

#include "conformance/kit/matchers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vuspec {
namespace {

using protocol::Inflight;

constexpr std::uint16_t kRingSize = 128;
static_assert(RingOptions{}.size == kRingSize);

// As a front-end in use does it that cannot know more.
void BringFromUsedIndex(SessionRing& ring) {
  ring.kick().TryConsume();
  ring.call().TryConsume();
  Require(ring.Configure(ring.driver().view().used_index()));
  Require(ring.Start());
  Require(ring.Enable(true));
}

}  // namespace

SharedArea::SharedArea(InflightArea area)
    : area_(std::move(area)),
      mapping_(
          Require(Mapping::Create(area_.fd.get(), area_.description.mmap_offset,
                                  area_.description.mmap_size))) {}

InFlightView SharedArea::region(std::uint32_t queue) const {
  const std::size_t distance = bytes().size() / description().num_queues /
                               kInFlightAlignment * kInFlightAlignment;
  const std::size_t size = InFlightRegionSize(description().queue_size);
  [&] {
    ASSERT_GE(distance, size) << "INFL-04: no room for the documented layout";
  }();
  return InFlightView(bytes().subspan(distance * queue, size));
}

SessionRing& Interruption::ring() const {
  return session.ring(session.driver()->profile().io_queue);
}

void Interruption::Mark(std::size_t i, std::uint64_t counter) const {
  region.SetCounter(heads[i], counter);
  region.SetInFlight(heads[i], true);
}

void Interruption::Use(std::size_t i) const {
  const SplitRingView& view = ring().driver().view();
  const std::uint16_t index = view.used_index();
  view.SetUsedElement(index, {heads[i], 0});
  view.SetUsedIndex(static_cast<std::uint16_t>(index + 1));
  Require(ring().Poll());
}

Inflight InFlightCase::Wanted(Session& session) {
  const std::uint32_t last =
      session.driver() == nullptr ? 0 : session.driver()->profile().io_queue;
  return {.num_queues = static_cast<std::uint16_t>(last + 1),
          .queue_size = kRingSize};
}

SharedArea InFlightCase::GetArea(Session& session) {
  return SharedArea(Require(session.frontend().GetInflightFd(Wanted(session))));
}

void InFlightCase::SetArea(Session& session, const SharedArea& area) {
  Require(session.frontend().SetInflightFd(area.description(), area.fd()));
}

SharedArea InFlightCase::BringTracked(Session& session,
                                      const RingOptions& rings) {
  SharedArea area = GetArea(session);
  SetArea(session, area);
  Require(session.BringDevice(rings));
  const IoRequest request = Require(session.MakeRequest());
  Require(Perform(session, session.driver()->profile().io_queue, request));
  // A completion is seen before all is recorded.
  Require(session.frontend().Fence());
  return area;
}

std::optional<InFlightView> InFlightCase::RequestRegion(
    Session& session, const SharedArea& area) {
  const InFlightView region = area.region(session.driver()->profile().io_queue);
  const bool documented = region.version() <= kInFlightVersion ||
                          region.entry_count() == region.capacity();
  if (documented) return region;
  CurrentCase().AmbigCase("the area has a layout of its own");
  return std::nullopt;
}

std::optional<Interruption> InFlightCase::Interrupt(std::size_t count,
                                                    std::uint16_t used_index) {
  Session& session = StartTracked();
  // One request completes first, and lets the back-end initialise the region.
  const auto base = static_cast<std::uint16_t>(used_index - 1);
  SharedArea area = BringTracked(session, {.base = base});
  for (const std::uint32_t queue : session.driver()->profile().queues) {
    Require(session.ring(queue).Stop());
  }
  const auto region = RequestRegion(session, area);
  if (!region) return std::nullopt;
  ConnectAgain(session);
  Interruption lost{session, std::move(area), *region, {}, {}};
  SplitDriver& driver = lost.ring().driver();
  for (std::size_t i = 0; i < count; ++i) {
    lost.requests.push_back(Require(session.MakeRequest()));
    lost.heads.push_back(Require(driver.AddChain(lost.requests[i].segments)));
  }
  driver.Publish();
  return lost;
}

void InFlightCase::Recover(Session& session, const SharedArea& area) {
  SetArea(session, area);
  for (const std::uint32_t queue : session.driver()->profile().queues) {
    BringFromUsedIndex(session.ring(queue));
  }
}

std::vector<std::uint16_t> InFlightCase::AwaitHeads(const Interruption& lost,
                                                    std::size_t count) {
  std::vector<std::uint16_t> heads;
  for (std::size_t i = 0; i < count; ++i) {
    const Completion completion = Require(lost.ring().Await());
    const auto at =
        std::find(lost.heads.begin(), lost.heads.end(), completion.head) -
        lost.heads.begin();
    const IoRequest& request = lost.requests.at(static_cast<std::size_t>(at));
    EXPECT_THAT(request.judge(completion), testing::Eq(std::nullopt));
    heads.push_back(completion.head);
  }
  return heads;
}

void InFlightCase::ExpectTheRestCompletesOnce(const Interruption& lost) {
  AwaitHeads(lost, lost.ring().driver().outstanding());
  ExpectIdle(lost.session, lost.ring());
}

}  // namespace vuspec
