// GET_VRING_BASE with GET_VRING_BASE_INFLIGHT: requests may stay in flight, as
// long as none is lost.
#include "conformance/in_flight/in_flight_verbs.h"
#include "conformance/kit/case.h"

namespace vuspec {
namespace {

using protocol::Req;
using protocol::VringState;

constexpr Needs kAtStop = {.protocol = kInFlightAtStop, .io = true};

class InFlightStop : public InFlightCase {
 protected:
  // Stops the ring of requests with work on it, some of which nobody kicked
  // for: to fetch that as well is a back-end's right.
  VringState StopUnderLoad(Session& session) {
    SessionRing& ring = IoRing(session);
    for (int i = 0; i < 4; ++i) PostOne(session);
    Require(session.frontend().Fence());
    for (int i = 0; i < 4; ++i) {
      const IoRequest request = Require(session.MakeRequest());
      Require(ring.PostQuietly(request.segments));
    }
    return Require(ring.Stop());
  }

  // Requests that were fetched and not used.
  std::uint16_t LeftInFlight(Session& session, const VringState& base) {
    const SplitRingView& view = IoRing(session).driver().view();
    return static_cast<std::uint16_t>(base.num - view.used_index());
  }

  void ExpectAllCompleteOnce(Session& session) {
    SessionRing& ring = IoRing(session);
    ring.Kick();
    while (ring.driver().outstanding() != 0) Require(ring.Await());
    ExpectIdle(session, ring);
  }
};

CONFORMANCE_CASE(InFlightStop, RecordsWhatItDoesNotComplete,
                 .cites = {Req::GBASE_07, Req::INFL_15}, .needs = kAtStop,
                 .open = {protocol::Ambiguity::kInflightLayout}) {
  Session& session = StartTracked(kInFlightAtStop);
  const SharedArea area = BringTracked(session);
  const auto region = RequestRegion(session, area);
  if (!region) return;
  const VringState base = StopUnderLoad(session);
  EXPECT_EQ(region->InFlightCount(), LeftInFlight(session, base));
}

CONFORMANCE_CASE(InFlightStop, LeavesTheRestToARestart,
                 .cites = {Req::GBASE_07, Req::GBASE_15}, .needs = kAtStop) {
  Session& session = StartTracked(kInFlightAtStop);
  const SharedArea area = BringTracked(session);
  Require(IoRing(session).Restart(StopUnderLoad(session)));
  ExpectAllCompleteOnce(session);
}

CONFORMANCE_CASE(InFlightStop, LeavesTheRestToTheNextSession,
                 .cites = {Req::GBASE_07, Req::INFL_19}, .needs = kAtStop) {
  Session& session = StartTracked(kInFlightAtStop);
  const SharedArea area = BringTracked(session);
  const VringState base = StopUnderLoad(session);
  ConnectAgain(session);
  SetArea(session, area);
  Require(IoRing(session).Restart(base));
  Require(IoRing(session).Enable(true));
  ExpectAllCompleteOnce(session);
}

CONFORMANCE_CASE(InFlightStop, LeavesTheRestToANewBackEnd,
                 .cites = {Req::GBASE_07, Req::INFL_33}, .needs = kAtStop) {
  Session& session = StartTracked(kInFlightAtStop);
  const SharedArea area = BringTracked(session);
  StopUnderLoad(session);
  CurrentRun().peer().Kill();
  ConnectAgain(session);
  Recover(session, area);
  ExpectAllCompleteOnce(session);
}

CONFORMANCE_CASE(InFlightStop, CompletesAllWithoutTheFeature,
                 .cites = {Req::GBASE_06},
                 .needs = {.protocol = kInFlight, .io = true}) {
  Session& session = StartTracked();
  const SharedArea area = BringTracked(session);
  const VringState base = StopUnderLoad(session);
  EXPECT_EQ(LeftInFlight(session, base), 0);
}

CONFORMANCE_CASE(InFlightStop, CompletesAllWithoutAnArea,
                 .cites = {Req::GBASE_06, Req::GBASE_07}, .needs = kAtStop) {
  Session& session = StartTracked(kInFlightAtStop);
  Require(session.BringDevice());
  const VringState base = StopUnderLoad(session);
  EXPECT_EQ(LeftInFlight(session, base), 0);
}

}  // namespace
}  // namespace vuspec
