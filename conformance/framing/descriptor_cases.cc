// Descriptors on messages: too many, at the wrong byte, on requests that have
// none or are refused. Pipes tell what became of them.
#include "conformance/kit/bait.h"
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"
#include "conformance/memory/memory_verbs.h"

namespace vuspec {
namespace {

using protocol::kNoFdBit;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;
using protocol::U64;
using protocol::VringState;

class Descriptors : public ConformanceCase {
 protected:
  // The request with `count` descriptors, none of which may stay open unless
  // the request was carried out.
  Outcome ProvokeWithBait(Session& session, const protocol::Message& message,
                          std::size_t count = 1) {
    Bait bait(count);
    Outcome outcome = Provoke(session, message, bait.fds());
    const bool kept = message.spec->fds.max != 0 && !outcome.refused();
    EXPECT_TRUE(kept || bait.Released()) << "after " << outcome;
    return outcome;
  }
};

constexpr Needs kReplyAck = {.protocol = Mask(ProtocolFeature::REPLY_ACK)};
constexpr std::uint32_t kNoRing = 0xfe;

CONFORMANCE_CASE(Descriptors, SurplusOneOfGetFeaturesIsClosed,
                 .cites = {Req::FD_04}) {
  RawFrontend& raw = *ConnectRaw().operator->();
  Bait bait;
  Ask(raw, HeaderOf(Request::GET_FEATURES), {}, bait.fds());
  EXPECT_TRUE(bait.Released());
}

CONFORMANCE_CASE(Descriptors, SurplusOneOfSetVringNumIsClosed,
                 .cites = {Req::FD_04}, .needs = kReplyAck) {
  const auto num = MakeRequest(Request::SET_VRING_NUM, VringState{0, 256});
  EXPECT_THAT(ProvokeWithBait(StartSession(), num), IsSurvived());
}

CONFORMANCE_CASE(Descriptors, SurplusOneOfACallIsClosed, .cites = {Req::FD_04},
                 .needs = kReplyAck) {
  Session& session = StartSession();
  const auto call = MakeRequest(Request::SET_VRING_CALL, U64{0});
  EXPECT_THAT(ProvokeWithBait(session, call, 2), IsRefused());
}

CONFORMANCE_CASE(Descriptors, OneBesideTheNoFdBitIsSurvived,
                 .cites = {Req::FD_04}, .needs = kReplyAck) {
  const auto call = MakeRequest(Request::SET_VRING_CALL, U64{kNoFdBit});
  EXPECT_THAT(ProvokeWithBait(StartSession(), call), IsSurvived());
}

CONFORMANCE_CASE(Descriptors, NineOfAMemoryTableAreClosed,
                 .cites = {Req::FD_07}, .needs = kReplyAck) {
  Session& session = StartSession();
  EXPECT_THAT(ProvokeWithBait(
                  session, RawTable(session.memory().regions()).message(), 9),
              IsRefused());
}

CONFORMANCE_CASE(Descriptors, ThirtyTwoOfAMemoryTableAreClosed,
                 .cites = {Req::FD_07}, .needs = kReplyAck) {
  Session& session = StartSession();
  EXPECT_THAT(ProvokeWithBait(
                  session, RawTable(session.memory().regions()).message(), 32),
              IsRefused());
}

CONFORMANCE_CASE(Descriptors, AsManyAsAMessageCanCarryAreClosed,
                 .cites = {Req::FD_07}, .needs = kReplyAck) {
  Session& session = StartSession();
  EXPECT_THAT(
      ProvokeWithBait(session, RawTable(session.memory().regions()).message(),
                      Connection::kMaxFdsPerMessage),
      IsRefused());
}

CONFORMANCE_CASE(Descriptors, AsManyAsGetFeaturesCanCarryAreClosed,
                 .cites = {Req::FD_04, Req::FD_07}) {
  RawFrontend& raw = *ConnectRaw().operator->();
  Bait bait(Connection::kMaxFdsPerMessage);
  Ask(raw, HeaderOf(Request::GET_FEATURES), {}, bait.fds());
  EXPECT_TRUE(bait.Released());
}

CONFORMANCE_CASE(Descriptors, HeaderBringsThemBeforeThePayload,
                 .cites = {Req::FD_02}, .needs = kReplyAck) {
  Session& session = StartSession({.share_memory = false});
  RawFrontend& raw = Raw(session);
  const auto bytes =
      BytesOf(Asking(RawTable(session.memory().regions()).message()));
  const int fd = session.memory().regions()[0].fd;
  const auto head = std::span(bytes).first(protocol::kHeaderSize);
  EXPECT_TRUE(raw.SendBytes(head, OneFd(fd), CurrentRun().ForAnswer()).ok());
  AwaitRead(raw);
  const auto rest = std::span(bytes).subspan(protocol::kHeaderSize);
  EXPECT_TRUE(raw.SendBytes(rest, {}, CurrentRun().ForAnswer()).ok());
  EXPECT_THAT(raw.Await(HeaderOf(Request::SET_MEM_TABLE, kAsking), {},
                        CurrentRun().ForAnswer()),
              IsAcked());
}

CONFORMANCE_CASE(Descriptors, ThoseOfThePayloadAreClosed, .cites = {Req::FD_03},
                 .needs = kReplyAck) {
  Session& session = StartSession();
  RawFrontend& raw = Raw(session);
  Bait bait;
  const auto bytes =
      BytesOf(Asking(RawTable(session.memory().regions()).message()));
  const auto head = std::span(bytes).first(protocol::kHeaderSize);
  EXPECT_TRUE(raw.SendBytes(head, {}, CurrentRun().ForAnswer()).ok());
  AwaitRead(raw);
  const auto rest = std::span(bytes).subspan(protocol::kHeaderSize);
  // The peer may hang up at a header without descriptors.
  (void)raw.SendBytes(rest, bait.fds(), CurrentRun().ForAnswer());
  EXPECT_THAT(raw.Fence(HeaderOf(Request::SET_MEM_TABLE, kAsking), {},
                        CurrentRun().ForAnswer()),
              IsSurvived());
  EXPECT_TRUE(bait.Released());
}

CONFORMANCE_CASE(Descriptors, ThoseInsideAHeaderAreClosedOrUsed,
                 .cites = {Req::FD_03}) {
  RawFrontend& raw = *ConnectRaw().operator->();
  Bait bait;
  const auto bytes = BytesOf(HeaderOf(Request::GET_FEATURES));
  const auto head = std::span(bytes).first(4);
  EXPECT_TRUE(raw.SendBytes(head, {}, CurrentRun().ForAnswer()).ok());
  AwaitRead(raw);
  // The peer may hang up at half a header.
  (void)raw.SendBytes(std::span(bytes).subspan(4), bait.fds(),
                      CurrentRun().ForAnswer());
  EXPECT_THAT(
      raw.Await(HeaderOf(Request::GET_FEATURES), {}, CurrentRun().ForAnswer()),
      IsSurvived());
  EXPECT_TRUE(bait.Released());
}

CONFORMANCE_CASE(Descriptors, OneOfAKickForNoRingIsClosed,
                 .cites = {Req::FD_04, Req::ACK_03}, .needs = kReplyAck) {
  if (RingCount() > kNoRing) GTEST_SKIP() << "a ring of that number may exist";
  const auto kick = MakeRequest(Request::SET_VRING_KICK, U64{kNoRing});
  EXPECT_THAT(ProvokeWithBait(StartSession(), kick), IsRefused());
}

CONFORMANCE_CASE(Descriptors, OneOfACallForNoRingIsClosed,
                 .cites = {Req::FD_04, Req::ACK_03}, .needs = kReplyAck) {
  if (RingCount() > kNoRing) GTEST_SKIP() << "a ring of that number may exist";
  const auto call = MakeRequest(Request::SET_VRING_CALL, U64{kNoRing});
  EXPECT_THAT(ProvokeWithBait(StartSession(), call), IsRefused());
}

CONFORMANCE_CASE(Descriptors, OneOfAnUnknownRequestIsClosed,
                 .cites = {Req::FD_04, Req::HDR_28}) {
  Session& session = StartSession();
  Bait bait;
  const protocol::Header unknown = {200, protocol::kVersion, 0};
  EXPECT_THAT(Ask(Raw(session), unknown, {}, bait.fds()), IsRefusedOrIgnored());
  EXPECT_TRUE(bait.Released());
}

CONFORMANCE_CASE(Descriptors, OneOfASecondMessageOfAWriteIsClosed,
                 .cites = {Req::FD_04}) {
  RawFrontend& raw = *ConnectRaw().operator->();
  auto bytes = BytesOf(HeaderOf(Request::GET_FEATURES));
  const auto again = bytes;
  bytes.insert(bytes.end(), again.begin(), again.end());
  Bait bait;
  const auto sent = raw.SendBytes(bytes, bait.fds(), CurrentRun().ForAnswer());
  // The peer may hang up at the first.
  EXPECT_TRUE(sent.ok() || absl::IsUnavailable(sent)) << sent;
  ReceiveRequestNumbers(raw, 2);
  EXPECT_TRUE(bait.Released());
}

CONFORMANCE_CASE(Descriptors, RepliesCarryNone, .cites = {Req::FD_18},
                 .needs = {.protocol = Mask(ProtocolFeature::MQ)}) {
  Frontend& frontend = StartSession().frontend();
  EXPECT_THAT(frontend.GetFeatures(), Succeeds());
  EXPECT_THAT(frontend.GetProtocolFeatures(), Succeeds());
  EXPECT_THAT(frontend.GetQueueNum(), Succeeds());
}

}  // namespace
}  // namespace vuspec
