// The ends of connections: inside a message, between two, by half, again and
// again, and beside another one.
#include "conformance/kit/bait.h"
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"
#include "conformance/memory/memory_verbs.h"
#include "conformance/ring/disabled_ring.h"

namespace vuspec {
namespace {

using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;
using protocol::VirtioFeature;

class EndOfStream : public DisabledRingCase {
 protected:
  // Sends these bytes and no more; the peer has to close the connection.
  void ExpectClosedAfter(RawFrontend& raw, std::span<const std::byte> bytes,
                         std::span<const int> fds = {}) {
    const absl::Status sent =
        raw.SendBytes(bytes, fds, CurrentRun().ForAnswer());
    EXPECT_TRUE(sent.ok()) << sent;
    raw.HalfClose();
    ExpectClosed(raw);
  }
  void ExpectClosed(RawFrontend& raw) {
    const Outcome outcome = raw.Await({}, {}, CurrentRun().ForAnswer());
    EXPECT_EQ(outcome.kind, Outcome::kClosed) << outcome;
  }
};

CONFORMANCE_CASE(EndOfStream, InsideAHeaderEndsTheSession,
                 .cites = {Req::HDR_23, Req::HDR_34}) {
  const auto bytes = BytesOf(HeaderOf(Request::GET_FEATURES));
  ExpectClosedAfter(*ConnectRaw().operator->(), std::span(bytes).first(5));
}

CONFORMANCE_CASE(EndOfStream, AfterTheHeaderEndsTheSession,
                 .cites = {Req::HDR_24, Req::HDR_34}) {
  const auto bytes =
      BytesOf(HeaderOf(Request::SET_FEATURES, protocol::kVersion, 8));
  ExpectClosedAfter(*ConnectRaw().operator->(), bytes);
}

CONFORMANCE_CASE(EndOfStream, InsideAMemoryTableReleasesItsDescriptors,
                 .cites = {Req::HDR_24}) {
  Session& session = StartSession();
  Bait bait;
  const auto bytes = BytesOf(RawTable(session.memory().regions()).message());
  ExpectClosedAfter(Raw(session), std::span(bytes).first(bytes.size() / 2),
                    bait.fds());
  EXPECT_TRUE(bait.Released());
}

CONFORMANCE_CASE(EndOfStream, InsideAPayloadDoesNotExecuteIt,
                 .cites = {Req::HDR_24}, .needs = {.io = true}) {
  Session& session = StartDevice();
  const auto bytes = BytesOf(RawTable(session.memory().regions()).message());
  const int fd = session.memory().regions()[0].fd;
  ExpectClosedAfter(Raw(session), std::span(bytes).first(bytes.size() - 1),
                    OneFd(fd));
}

CONFORMANCE_CASE(EndOfStream, BeforeTheFirstMessageIsSurvived,
                 .cites = {Req::HDR_23, Req::HDR_34}) {
  ExpectClosedAfter(*ConnectRaw().operator->(), {});
}

CONFORMANCE_CASE(EndOfStream, HalfCloseIsAnsweredThenClosed,
                 .cites = {Req::HDR_34}) {
  RawFrontend& raw = *ConnectRaw().operator->();
  const auto bytes = BytesOf(HeaderOf(Request::GET_FEATURES));
  const absl::Status sent = raw.SendBytes(bytes, {}, CurrentRun().ForAnswer());
  ASSERT_TRUE(sent.ok()) << sent;
  raw.HalfClose();
  EXPECT_THAT(
      raw.Await(HeaderOf(Request::GET_FEATURES), {}, CurrentRun().ForAnswer()),
      IsReplied());
  ExpectClosed(raw);
}

CONFORMANCE_CASE(EndOfStream, HalfCloseWithRunningRingsEndsTheSession,
                 .cites = {Req::HDR_34}, .needs = {.io = true}) {
  Session& session = StartDevice();
  CompleteOne(session);
  Raw(session).HalfClose();
  ExpectClosed(session.raw());
}

CONFORMANCE_CASE(EndOfStream, DisconnectReleasesTheDescriptorsOfRings,
                 .cites = {Req::HDR_25}, .needs = {.io = true}) {
  Session& session = StartDevice();
  MarkNegative();
  Bait call;
  Bait err;
  const std::uint32_t index = IoRing(session).index();
  Require(session.frontend().SetVringCall(index, call.fd()));
  Require(session.frontend().SetVringErr(index, err.fd()));
  Disconnect();
  EXPECT_TRUE(call.Released());
  EXPECT_TRUE(err.Released());
}

CONFORMANCE_CASE(EndOfStream, DisconnectReleasesTheKickOfARing,
                 .cites = {Req::HDR_25}) {
  Session& session = StartSession();
  MarkNegative();
  Bait kick;
  Require(Require(session.MakeRing(0))->Configure());
  Require(session.frontend().SetVringKick(0, kick.fd()));
  Disconnect();
  EXPECT_TRUE(kick.Released());
}

CONFORMANCE_CASE(EndOfStream, NextSessionIsServedLikeTheFirst,
                 .cites = {Req::HDR_25, Req::HDR_26}, .needs = {.io = true}) {
  MarkNegative();
  for (int i = 0; i < 4; ++i) {
    ExpectVerifiedIo(StartSession());
    Disconnect();
  }
}

CONFORMANCE_CASE(EndOfStream, NextSessionBeginsWithDisabledRings,
                 .cites = {Req::HDR_26, Req::RING_04},
                 .needs = {.virtio = Mask(VirtioFeature::PROTOCOL_FEATURES),
                           .device = "blk"}) {
  CompleteOne(StartDevice());
  Disconnect();
  Session& session = StartSession();
  ExpectWriteHasNoEffect(session,
                         *Require(session.StartRing(0, {.enable = false})));
}

CONFORMANCE_CASE(EndOfStream, NextSessionBeginsAtIndexZero,
                 .cites = {Req::HDR_26}, .needs = {.io = true}) {
  Session& first = StartDevice();
  for (int i = 0; i < 3; ++i) CompleteOne(first);
  Disconnect();
  Session& session = StartDevice();
  CompleteOne(session);
  SessionRing& ring = IoRing(session);
  EXPECT_EQ(Require(ring.Stop()).num, ring.avail_index());
}

CONFORMANCE_CASE(EndOfStream, ThirtySessionsLeaveNothingBehind,
                 .cites = {Req::FD_19, Req::HDR_25},
                 .needs = {.io = true, .process = true}) {
  MarkNegative();
  for (int i = 0; i < 30; ++i) {
    StartDevice();
    Disconnect();
  }
}

CONFORMANCE_CASE(EndOfStream, SecondClientDoesNotDisturbTheFirst,
                 .cites = {Req::HDR_39}, .needs = {.io = true}) {
  Session& session = StartDevice();
  CompleteOne(session);
  MarkNegative();
  auto second = ConnectBeside();
  CompleteOne(session);
  EXPECT_THAT(session.frontend().Fence(), Succeeds());
  second.reset();
  CompleteOne(session);
  EXPECT_THAT(session.frontend().Fence(), Succeeds());
}

CONFORMANCE_CASE(EndOfStream, WordsOfASecondClientDoNotDisturbTheFirst,
                 .cites = {Req::HDR_39}, .needs = {.io = true}) {
  Session& session = StartDevice();
  auto second = ConnectBeside();
  if (second == nullptr) GTEST_SKIP() << "a second connection is refused";
  const auto bytes = BytesOf(HeaderOf(Request::GET_FEATURES));
  // It may be closed already, and need not be answered.
  (void)(*second)->SendBytes(bytes, {}, CurrentRun().ForAnswer());
  MarkNegative();
  EXPECT_THAT(session.frontend().Fence(), Succeeds());
  CompleteOne(session);
}

}  // namespace
}  // namespace vuspec
