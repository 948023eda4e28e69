// GET_INFLIGHT_FD: the area that a back-end makes to record what it has in
// flight.
#include <array>

#include "conformance/in_flight/in_flight_verbs.h"
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"
#include "harness/memory/shared_access.h"
#include "protocol/codec.h"

namespace vuspec {
namespace {

using protocol::Inflight;
using protocol::MakeRequest;
using protocol::Req;
using protocol::Request;

constexpr Needs kTracked = {.protocol = kInFlight};
constexpr Needs kTrackedIo = {.protocol = kInFlight, .io = true};

class InFlightArea : public InFlightCase {
 protected:
  SharedArea AreaOf(std::uint16_t num_queues, std::uint16_t queue_size) {
    return SharedArea(Require(StartTracked().frontend().GetInflightFd(
        {.num_queues = num_queues, .queue_size = queue_size})));
  }

  // What a request was answered with. Nothing for a refusal, and for the answer
  // that there is no such area: a size of 0.
  std::optional<Inflight> AnswerTo(const Inflight& wanted) {
    const Outcome outcome =
        Provoke(StartTracked(), MakeRequest(Request::GET_INFLIGHT_FD, wanted));
    if (outcome.refused()) return std::nullopt;
    [&] { ASSERT_THAT(outcome, IsReplied()); }();
    const auto body = protocol::DecodeBody(protocol::Payload::kInflight,
                                           outcome.reply->payload, {});
    const auto& area = std::get<Inflight>(*body);
    if (area.mmap_size == 0) return std::nullopt;
    return area;
  }

  // A request whose payload was cut or filled up to this size.
  Outcome GetWithSize(std::size_t size) {
    Session& session = StartTracked();
    auto bytes =
        BytesOf(MakeRequest(Request::GET_INFLIGHT_FD,
                            Inflight{.num_queues = 1, .queue_size = 128}));
    bytes.resize(protocol::kHeaderSize + size);
    return Ask(Raw(session),
               HeaderOf(Request::GET_INFLIGHT_FD, protocol::kVersion, size),
               std::span(bytes).subspan(protocol::kHeaderSize));
  }
};

CONFORMANCE_CASE(InFlightArea, ComesWithItsDescriptorAndTheCountsAskedFor,
                 .cites = {Req::INFL_01, Req::INFL_02}, .needs = kTracked,
                 .open = {protocol::Ambiguity::kInflightReply,
                          protocol::Ambiguity::kInflightSize}) {
  const SharedArea area = AreaOf(1, 64);
  EXPECT_EQ(area.description().num_queues, 1);
  EXPECT_EQ(area.description().queue_size, 64);
}

CONFORMANCE_CASE(InFlightArea, CanBeMappedAndWritten, .cites = {Req::INFL_03},
                 .needs = kTracked) {
  const SharedArea area = AreaOf(1, 64);
  for (std::byte* const at : {&area.bytes().front(), &area.bytes().back()}) {
    Store<std::uint8_t>(at, 0x5a);
    EXPECT_EQ(Load<std::uint8_t>(at), 0x5a);
  }
}

CONFORMANCE_CASE(InFlightArea, HasRoomForRingsOfEverySize,
                 .cites = {Req::INFL_03, Req::INFL_04}, .needs = kTracked) {
  constexpr std::array<std::uint16_t, 5> kSizes = {1, 2, 128, 1024, 32768};
  for (const std::uint16_t size : kSizes) {
    EXPECT_GE(AreaOf(1, size).bytes().size(), InFlightRegionSize(size));
    Disconnect();
  }
}

CONFORMANCE_CASE(InFlightArea, HasRoomForEveryQueue,
                 .cites = {Req::INFL_03, Req::INFL_04},
                 .needs = {.protocol = kInFlight, .queues = 2}) {
  EXPECT_GE(AreaOf(2, 256).bytes().size(), 2 * InFlightRegionSize(256));
}

CONFORMANCE_CASE(InFlightArea, IsUninitialisedAtFirst, .cites = {Req::INFL_05},
                 .needs = kTracked) {
  EXPECT_EQ(AreaOf(1, 128).region(0).version(), 0);
}

CONFORMANCE_CASE(InFlightArea, IsANewOneEachTime, .cites = {Req::INFL_31},
                 .needs = kTracked) {
  Session& session = StartTracked();
  const SharedArea first = GetArea(session);
  const SharedArea second = GetArea(session);
  Store<std::uint8_t>(&first.bytes().front(), 0x5a);
  EXPECT_EQ(Load<std::uint8_t>(&second.bytes().front()), 0);
}

// As after a reset of the virtual machine.
CONFORMANCE_CASE(InFlightArea, IsCleanAlthoughOneWasUsed,
                 .cites = {Req::INFL_31}, .needs = kTrackedIo) {
  Session& session = StartTracked();
  const SharedArea used = BringTracked(session);
  EXPECT_EQ(GetArea(session).region(0).version(), 0);
  CompleteOne(session);
}

CONFORMANCE_CASE(InFlightArea, OfNoQueuesIsNotMade, .cites = {Req::INFL_08},
                 .needs = kTracked) {
  EXPECT_FALSE(AnswerTo({.num_queues = 0, .queue_size = 128}).has_value());
}

CONFORMANCE_CASE(InFlightArea, OfNoEntriesIsNotMade, .cites = {Req::INFL_08},
                 .needs = kTracked) {
  EXPECT_FALSE(AnswerTo({.num_queues = 1, .queue_size = 0}).has_value());
}

CONFORMANCE_CASE(InFlightArea, OfTheLargestCountsIsNotMadeTooSmall,
                 .cites = {Req::INFL_09}, .needs = kTracked) {
  const auto area = AnswerTo({.num_queues = 0xffff, .queue_size = 0xffff});
  if (!area) return;
  EXPECT_GE(area->mmap_size, 0xffff * InFlightRegionSize(0xffff));
}

CONFORMANCE_CASE(InFlightArea, IsRefusedForPayloadsOfOtherSizes,
                 .cites = {Req::INFL_07}, .needs = kTracked) {
  for (const std::size_t size : {8u, 12u, 40u}) {
    EXPECT_THAT(GetWithSize(size), IsRefused()) << size << " bytes";
    Disconnect();
  }
}

CONFORMANCE_CASE(InFlightArea, IsMadeForAPayloadWithPadding,
                 .cites = {Req::INFL_01, Req::INFL_07}, .needs = kTracked) {
  EXPECT_THAT(GetWithSize(24), IsReplied());
}

// AMB-inflight-size.
CONFORMANCE_CASE(InFlightArea, IsAnsweredForAPayloadWithoutPadding,
                 .cites = {Req::INFL_07}, .needs = kTracked) {
  const Outcome outcome = GetWithSize(20);
  EXPECT_TRUE(outcome.kind == Outcome::kReplied || outcome.closed) << outcome;
  CurrentCase().AmbigCase("20 bytes: " + ToString(outcome));
}

}  // namespace
}  // namespace vuspec
