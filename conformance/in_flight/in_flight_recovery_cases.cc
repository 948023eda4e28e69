// What was in flight when a back-end went away, and what the next one makes of
// it: regions in the documented layout, as the last one could have left them.
#include <algorithm>
#include <functional>

#include "conformance/in_flight/in_flight_verbs.h"
#include "conformance/kit/case.h"

namespace vuspec {
namespace {

using protocol::Req;

constexpr Needs kTrackedIo = {.protocol = kInFlight, .io = true};

class InFlightRecovery : public InFlightCase {
 protected:
  static void MarkAll(const Interruption& lost) {
    for (std::size_t i = 0; i < lost.heads.size(); ++i) lost.Mark(i, i);
  }

  // These requests, oldest first, are the last batch: they are in the used
  // ring, and the region does not know.
  static void LeaveInBatch(const Interruption& lost,
                           std::initializer_list<std::size_t> batch) {
    for (const std::size_t i : batch) {
      lost.region.SetNext(lost.heads[i], lost.region.last_batch_head());
      lost.region.SetLastBatchHead(lost.heads[i]);
      lost.Use(i);
    }
  }

  // Two requests are in flight in a region that `spoil` made senseless: the
  // ring comes up or not, and the back-end lives.
  template <typename Spoil>
  void ExpectSurvived(Spoil spoil) {
    MarkNegative();
    const auto lost = Interrupt(2);
    if (!lost) return;
    MarkAll(*lost);
    spoil(lost->region);
    SetArea(lost->session, lost->area);
    SessionRing& ring = lost->ring();
    const auto up = ring.Configure(ring.driver().view().used_index());
    if (!up.ok() || !ring.Start().ok() || !ring.Enable(true).ok()) return;
    ExpectAnswers(lost->session.raw());
  }
};

CONFORMANCE_CASE(InFlightRecovery, CompletesWhatWasInFlightWithoutAKick,
                 .cites = {Req::INFL_19, Req::INFL_22}, .needs = kTrackedIo) {
  const auto lost = Interrupt(4);
  if (!lost) return;
  MarkAll(*lost);
  Recover(lost->session, lost->area);
  ExpectTheRestCompletesOnce(*lost);
}

CONFORMANCE_CASE(InFlightRecovery, CompletesWhatWasInFlightOverTheWrap,
                 .cites = {Req::INFL_19, Req::INFL_23}, .needs = kTrackedIo) {
  const auto lost = Interrupt(4, 65534);
  if (!lost) return;
  MarkAll(*lost);
  Recover(lost->session, lost->area);
  ExpectTheRestCompletesOnce(*lost);
}

CONFORMANCE_CASE(InFlightRecovery, FetchesOnlyWhatWasNotFetched,
                 .cites = {Req::INFL_23}, .needs = kTrackedIo) {
  const auto lost = Interrupt(5);
  if (!lost) return;
  lost->Mark(0, 0);
  lost->Mark(1, 1);
  Recover(lost->session, lost->area);
  lost->ring().Kick();
  ExpectTheRestCompletesOnce(*lost);
}

CONFORMANCE_CASE(InFlightRecovery, CompletesTheGapsOfADeviceOutOfOrder,
                 .cites = {Req::INFL_19, Req::INFL_23}, .needs = kTrackedIo) {
  const auto lost = Interrupt(6);
  if (!lost) return;
  for (const std::size_t i : {0u, 2u, 5u}) lost->Mark(i, i);
  for (const std::size_t i : {4u, 1u, 3u}) lost->Use(i);
  lost->region.SetUsedIndex(lost->ring().driver().used_index());
  Recover(lost->session, lost->area);
  ExpectTheRestCompletesOnce(*lost);
}

// A device may complete in any order (AMB-inflight-order), but hardly ever in
// the reverse of the one in which it was given the requests.
CONFORMANCE_CASE(InFlightRecovery, ResubmitsInTheOrderOfTheCounters,
                 .cites = {Req::INFL_20}, .needs = kTrackedIo,
                 .open = {protocol::Ambiguity::kInflightOrder}) {
  const auto lost = Interrupt(8);
  if (!lost) return;
  std::vector<std::uint16_t> oldest_first = lost->heads;
  std::sort(oldest_first.begin(), oldest_first.end(), std::greater<>());
  for (std::size_t i = 0; i < 8; ++i) {
    lost->region.SetInFlight(oldest_first[i], true);
    lost->region.SetCounter(oldest_first[i], 1000 + i);
  }
  Recover(lost->session, lost->area);
  auto heads = AwaitHeads(*lost, 8);
  if (heads == oldest_first) return;
  CurrentCase().AmbigCase("completed in another order");
  std::reverse(heads.begin(), heads.end());
  EXPECT_NE(heads, oldest_first) << "the newest was resubmitted first";
}

CONFORMANCE_CASE(InFlightRecovery, CountsOnFromTheLastRequestInFlight,
                 .cites = {Req::INFL_17, Req::INFL_20}, .needs = kTrackedIo) {
  const auto lost = Interrupt(3);
  if (!lost) return;
  lost->Mark(0, 1000);
  lost->Mark(1, 1001);
  Recover(lost->session, lost->area);
  lost->ring().Kick();
  AwaitHeads(*lost, 3);
  Require(lost->session.frontend().Fence());
  EXPECT_GT(lost->region.counter(lost->heads[2]), 1001u);
}

CONFORMANCE_CASE(InFlightRecovery, DoesNotRepeatTheLastBatch,
                 .cites = {Req::INFL_21}, .needs = kTrackedIo) {
  const auto lost = Interrupt(4);
  if (!lost) return;
  MarkAll(*lost);
  LeaveInBatch(*lost, {0, 1, 2});
  Recover(lost->session, lost->area);
  ExpectTheRestCompletesOnce(*lost);
}

CONFORMANCE_CASE(InFlightRecovery, DoesNotRepeatABatchOfOne,
                 .cites = {Req::INFL_21}, .needs = kTrackedIo) {
  const auto lost = Interrupt(2);
  if (!lost) return;
  MarkAll(*lost);
  LeaveInBatch(*lost, {1});
  Recover(lost->session, lost->area);
  ExpectTheRestCompletesOnce(*lost);
}

CONFORMANCE_CASE(InFlightRecovery, DoesNotRepeatABatchOverTheWrap,
                 .cites = {Req::INFL_21}, .needs = kTrackedIo) {
  const auto lost = Interrupt(4, 65534);
  if (!lost) return;
  MarkAll(*lost);
  LeaveInBatch(*lost, {0, 1, 2});
  Recover(lost->session, lost->area);
  ExpectTheRestCompletesOnce(*lost);
}

CONFORMANCE_CASE(InFlightRecovery, RepeatsNothingThatWasUsed,
                 .cites = {Req::INFL_19, Req::INFL_21}, .needs = kTrackedIo) {
  const auto lost = Interrupt(0);
  if (!lost) return;
  Recover(lost->session, lost->area);
  ExpectIdle(lost->session, lost->ring());
  CompleteOne(lost->session);
}

CONFORMANCE_CASE(InFlightRecovery, LeavesARegionAsAfterAnyRequest,
                 .cites = {Req::INFL_16, Req::INFL_21}, .needs = kTrackedIo) {
  const auto lost = Interrupt(4);
  if (!lost) return;
  MarkAll(*lost);
  LeaveInBatch(*lost, {0, 1});
  Recover(lost->session, lost->area);
  ExpectTheRestCompletesOnce(*lost);
  EXPECT_EQ(lost->region.InFlightCount(), 0u);
  EXPECT_EQ(lost->region.used_index(), lost->ring().driver().used_index());
}

CONFORMANCE_CASE(InFlightRecovery, WorksAgainForTheSessionAfterNext,
                 .cites = {Req::INFL_10, Req::INFL_19}, .needs = kTrackedIo) {
  const auto lost = Interrupt(2);
  if (!lost) return;
  MarkAll(*lost);
  Recover(lost->session, lost->area);
  ExpectTheRestCompletesOnce(*lost);
  Require(lost->ring().Stop());
  ConnectAgain(lost->session);
  Recover(lost->session, lost->area);
  ExpectIdle(lost->session, lost->ring());
  CompleteOne(lost->session);
}

CONFORMANCE_CASE(InFlightRecovery, LosesNoRequestWhenTheBackEndIsKilled,
                 .cites = {Req::INFL_33, Req::INFL_34}, .needs = kTrackedIo) {
  Session& session = StartTracked();
  const SharedArea area = BringTracked(session);
  SessionRing& ring = IoRing(session);
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 16; ++i) PostOne(session);
    CurrentRun().peer().Kill();
    ConnectAgain(session);
    Recover(session, area);
    while (ring.driver().outstanding() != 0) Require(ring.Await());
  }
  ExpectIdle(session, ring);
}

CONFORMANCE_CASE(InFlightRecovery, OfAnUnknownVersionIsSurvived,
                 .cites = {Req::INFL_24}, .needs = kTrackedIo) {
  ExpectSurvived([](const InFlightView& region) { region.SetVersion(0xffff); });
}

CONFORMANCE_CASE(InFlightRecovery, OfTooManyEntriesIsSurvived,
                 .cites = {Req::INFL_24}, .needs = kTrackedIo) {
  ExpectSurvived(
      [](const InFlightView& region) { region.SetEntryCount(0xffff); });
}

CONFORMANCE_CASE(InFlightRecovery, OfABatchOutsideTheRegionIsSurvived,
                 .cites = {Req::INFL_24}, .needs = kTrackedIo) {
  ExpectSurvived([](const InFlightView& region) {
    region.SetUsedIndex(static_cast<std::uint16_t>(region.used_index() - 2));
    region.SetLastBatchHead(0xffff);
  });
}

CONFORMANCE_CASE(InFlightRecovery, OfABatchThatLeavesTheRegionIsSurvived,
                 .cites = {Req::INFL_24}, .needs = kTrackedIo) {
  ExpectSurvived([](const InFlightView& region) {
    region.SetUsedIndex(static_cast<std::uint16_t>(region.used_index() - 2));
    region.SetNext(region.last_batch_head(), 0xfffe);
  });
}

CONFORMANCE_CASE(InFlightRecovery, OfABatchInACircleIsSurvived,
                 .cites = {Req::INFL_24}, .needs = kTrackedIo) {
  ExpectSurvived([](const InFlightView& region) {
    region.SetUsedIndex(static_cast<std::uint16_t>(region.used_index() - 64));
    region.SetNext(region.last_batch_head(), region.last_batch_head());
  });
}

CONFORMANCE_CASE(InFlightRecovery, OfEveryEntryMarkedIsSurvived,
                 .cites = {Req::INFL_24}, .needs = kTrackedIo) {
  ExpectSurvived([](const InFlightView& region) {
    for (std::uint16_t i = 0; i < region.capacity(); ++i) {
      region.SetInFlight(i, true);
      region.SetCounter(i, ~std::uint64_t{0});
    }
  });
}

}  // namespace
}  // namespace vuspec
