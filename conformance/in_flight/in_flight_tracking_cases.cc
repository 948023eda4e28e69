// What a back-end records of requests while it serves them, in the documented
// layout for split rings.
#include "conformance/in_flight/in_flight_verbs.h"
#include "conformance/kit/case.h"

namespace vuspec {
namespace {

using protocol::Req;

constexpr Needs kTrackedIo = {.protocol = kInFlight, .io = true};

class InFlightTracking : public InFlightCase {
 protected:
  // Available together; completed and recorded on return.
  std::vector<std::uint16_t> CompleteTogether(Session& session,
                                              std::size_t count) {
    SessionRing& ring = IoRing(session);
    std::vector<std::uint16_t> heads;
    for (std::size_t i = 0; i < count; ++i) {
      const IoRequest request = Require(session.MakeRequest());
      heads.push_back(Require(ring.driver().AddChain(request.segments)));
    }
    ring.driver().Publish();
    ring.Kick();
    for (std::size_t i = 0; i < count; ++i) Require(ring.Await());
    Require(session.frontend().Fence());
    return heads;
  }
};

CONFORMANCE_CASE(InFlightTracking, RegionIsInitialisedByTheBackEnd,
                 .cites = {Req::INFL_14}, .needs = kTrackedIo) {
  Session& session = StartTracked();
  const SharedArea area = BringTracked(session);
  const auto region = RequestRegion(session, area);
  if (!region) return;
  EXPECT_EQ(region->version(), kInFlightVersion);
  EXPECT_EQ(region->features(), 0u);
  EXPECT_EQ(region->entry_count(), area.description().queue_size);
}

CONFORMANCE_CASE(InFlightTracking, NothingStaysMarkedOnceItIsUsed,
                 .cites = {Req::INFL_16}, .needs = kTrackedIo) {
  Session& session = StartTracked();
  const SharedArea area = BringTracked(session);
  const auto region = RequestRegion(session, area);
  if (!region) return;
  CompleteTogether(session, 8);
  EXPECT_EQ(region->InFlightCount(), 0u);
}

CONFORMANCE_CASE(InFlightTracking, UsedIndexIsThatOfTheUsedRing,
                 .cites = {Req::INFL_16}, .needs = kTrackedIo) {
  Session& session = StartTracked();
  const SharedArea area = BringTracked(session);
  const auto region = RequestRegion(session, area);
  if (!region) return;
  EXPECT_EQ(region->used_index(), 1);
  CompleteTogether(session, 4);
  EXPECT_EQ(region->used_index(), 5);
}

CONFORMANCE_CASE(InFlightTracking, UsedIndexWrapsWithTheUsedRing,
                 .cites = {Req::INFL_16}, .needs = kTrackedIo) {
  Session& session = StartTracked();
  const SharedArea area = BringTracked(session, {.base = 65533});
  const auto region = RequestRegion(session, area);
  if (!region) return;
  EXPECT_EQ(region->used_index(), 65534);
  CompleteTogether(session, 4);
  EXPECT_EQ(region->used_index(), 2);
}

CONFORMANCE_CASE(InFlightTracking, CountersGrowInTheOrderOfTheAvailableRing,
                 .cites = {Req::INFL_17}, .needs = kTrackedIo) {
  Session& session = StartTracked();
  const SharedArea area = BringTracked(session);
  const auto region = RequestRegion(session, area);
  if (!region) return;
  const auto heads = CompleteTogether(session, 8);
  for (std::size_t i = 1; i < heads.size(); ++i) {
    EXPECT_GT(region->counter(heads[i]), region->counter(heads[i - 1]));
  }
}

CONFORMANCE_CASE(InFlightTracking, LastBatchBeginsWithWhatWasUsedLast,
                 .cites = {Req::INFL_18}, .needs = kTrackedIo) {
  Session& session = StartTracked();
  const SharedArea area = BringTracked(session);
  const auto region = RequestRegion(session, area);
  if (!region) return;
  CompleteTogether(session, 2);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(CompleteTogether(session, 1).front(), region->last_batch_head());
  }
}

CONFORMANCE_CASE(InFlightTracking, EveryQueueHasARegionOfItsOwn,
                 .cites = {Req::INFL_04, Req::INFL_14, Req::INFL_16},
                 .needs = {
                     .protocol = kInFlight, .queues = 2, .device = "blk"}) {
  Session& session = StartTracked();
  const SharedArea area(Require(
      session.frontend().GetInflightFd({.num_queues = 2, .queue_size = 128})));
  SetArea(session, area);
  Require(session.BringDevice());
  Require(session.StartRing(1));
  const auto region = RequestRegion(session, area);
  if (!region) return;
  CompleteTogether(session, 3);
  EXPECT_EQ(region->used_index(), 3);
  EXPECT_EQ(area.region(1).version(), kInFlightVersion);
  EXPECT_EQ(area.region(1).used_index(), 0);
}

CONFORMANCE_CASE(InFlightTracking, GoesOnAfterAStop,
                 .cites = {Req::INFL_16, Req::KICK_17}, .needs = kTrackedIo) {
  Session& session = StartTracked();
  const SharedArea area = BringTracked(session);
  const auto region = RequestRegion(session, area);
  if (!region) return;
  SessionRing& ring = IoRing(session);
  Require(ring.Restart(Require(ring.Stop())));
  CompleteTogether(session, 2);
  EXPECT_EQ(region->used_index(), 3);
  EXPECT_EQ(region->InFlightCount(), 0u);
}

CONFORMANCE_CASE(InFlightTracking, RecordsOutliveTheBackEnd,
                 .cites = {Req::INFL_33}, .needs = kTrackedIo) {
  Session& session = StartTracked();
  const SharedArea area = BringTracked(session);
  const auto region = RequestRegion(session, area);
  if (!region) return;
  Disconnect();
  CurrentRun().peer().Kill();
  EXPECT_EQ(region->version(), kInFlightVersion);
  EXPECT_EQ(region->used_index(), 1);
}

}  // namespace
}  // namespace vuspec
