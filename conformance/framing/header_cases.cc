// The header: what its fields say in replies, and what becomes of requests
// whose request number, flags or size no row of the document describes.
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"

namespace vuspec {
namespace {

using protocol::Ambiguity;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;
using protocol::VirtioFeature;
using protocol::VringState;

class Header : public ConformanceCase {
 protected:
  // Fenced by a request that is not the one in question.
  RawFrontend& ConnectFenced() {
    RawFrontend& raw = *ConnectRaw().operator->();
    raw.set_fence(Request::GET_PROTOCOL_FEATURES);
    return raw;
  }
  Outcome GetFeaturesWithFlags(std::uint32_t flags) {
    return Ask(ConnectFenced(), HeaderOf(Request::GET_FEATURES, flags));
  }
  // A request of a number that no row has, over a negotiated session.
  Outcome AskUnknown(std::uint32_t number, std::uint32_t flags) {
    Session& session = StartSession();
    return Ask(Raw(session), protocol::Header{number, flags, 0});
  }
};

// Version 1 and every bit that has no meaning.
constexpr std::uint32_t kUndefinedFlags =
    protocol::kVersion | ~protocol::kDefinedFlags;
constexpr Needs kBit30 = {.virtio = Mask(VirtioFeature::PROTOCOL_FEATURES)};
constexpr Needs kReplyAck = {.protocol = Mask(ProtocolFeature::REPLY_ACK)};

CONFORMANCE_CASE(Header, RepliesNameTheRequestThatTheyAnswer,
                 .cites = {Req::HDR_01, Req::HDR_02, Req::HDR_03, Req::HDR_04,
                           Req::HDR_05, Req::HDR_07},
                 .needs = kBit30) {
  Frontend& frontend = StartSession().frontend();
  EXPECT_THAT(frontend.GetFeatures(), Succeeds());
  EXPECT_THAT(frontend.GetProtocolFeatures(), Succeeds());
}

CONFORMANCE_CASE(Header, AcksHaveTheHeaderOfAReply,
                 .cites = {Req::HDR_03, Req::HDR_04, Req::HDR_05, Req::HDR_07},
                 .needs = kReplyAck) {
  EXPECT_THAT(StartSession().frontend().SetVringNum(0, 256), Succeeds());
}

CONFORMANCE_CASE(Header, RepliesDoNotRepeatNeedReply, .cites = {Req::HDR_07},
                 .needs = kReplyAck) {
  Session& session = StartSession();
  RawFrontend& raw = Raw(session);
  raw.set_fence(Request::GET_PROTOCOL_FEATURES);
  const Outcome outcome = Ask(raw, HeaderOf(Request::GET_FEATURES, kAsking));
  ASSERT_TRUE(outcome.reply.has_value()) << outcome;
  EXPECT_EQ(outcome.reply->header.flags,
            protocol::kVersion | protocol::kReplyFlag);
}

CONFORMANCE_CASE(Header, BackEndSaysNothingUnasked, .cites = {Req::HDR_10},
                 .needs = {.io = true}) {
  Session& session = StartDevice();
  for (int i = 0; i < 8; ++i) CompleteOne(session);
  Require(session.frontend().Fence());
  const Received received = session.raw().Receive(Deadline::Now());
  EXPECT_TRUE(absl::IsDeadlineExceeded(received.status()))
      << "a message, or the end of the stream: " << received.status();
}

CONFORMANCE_CASE(Header, RequestWithoutReplyIsNotAnswered,
                 .cites = {Req::HDR_11}) {
  Session& session = StartSession();
  RawFrontend& raw = Raw(session);
  const auto num = MakeRequest(Request::SET_VRING_NUM, VringState{0, 256});
  EXPECT_THAT(Ask(raw, num), IsSilent());
  const auto base = MakeRequest(Request::SET_VRING_BASE, VringState{0, 0});
  EXPECT_THAT(Ask(raw, base), IsSilent());
}

CONFORMANCE_CASE(Header, Version0IsNotExecuted, .cites = {Req::HDR_16},
                 .needs = kBit30) {
  EXPECT_THAT(GetFeaturesWithFlags(0), IsRefused());
}

CONFORMANCE_CASE(Header, Version2IsNotExecuted, .cites = {Req::HDR_16},
                 .needs = kBit30) {
  EXPECT_THAT(GetFeaturesWithFlags(2), IsRefused());
}

CONFORMANCE_CASE(Header, Version3IsNotExecuted, .cites = {Req::HDR_16},
                 .needs = kBit30) {
  EXPECT_THAT(GetFeaturesWithFlags(3), IsRefused());
}

CONFORMANCE_CASE(Header, Version2ChangesNothing, .cites = {Req::HDR_16},
                 .needs = kReplyAck) {
  Session& session = StartSession();
  const auto num = MakeRequest(Request::SET_VRING_NUM, VringState{0, 256});
  EXPECT_THAT(
      Ask(Raw(session), num, {}, {.flags = 2 | protocol::kNeedReplyFlag}),
      IsRefused());
}

CONFORMANCE_CASE(Header, RequestWithReplyFlagIsNotAnswered,
                 .cites = {Req::HDR_18}, .needs = kBit30) {
  EXPECT_THAT(GetFeaturesWithFlags(protocol::kVersion | protocol::kReplyFlag),
              IsRefusedOrIgnored());
}

CONFORMANCE_CASE(Header, UndefinedFlagsLeaveTheStreamInStep,
                 .cites = {Req::HDR_19}, .needs = kBit30,
                 .open = {Ambiguity::kUndefinedFlags}) {
  const Outcome outcome = GetFeaturesWithFlags(kUndefinedFlags);
  EXPECT_TRUE(outcome.kind == Outcome::kReplied || outcome.refused())
      << outcome;
  CurrentCase().AmbigCase("undefined flags: " + ToString(outcome));
  if (outcome.reply) {
    EXPECT_EQ(outcome.reply->payload.size(), 8u);
  }
}

CONFORMANCE_CASE(Header, RepliesDoNotRepeatUndefinedFlags,
                 .cites = {Req::HDR_07}, .needs = kBit30) {
  const Outcome outcome = GetFeaturesWithFlags(kUndefinedFlags);
  if (outcome.refused()) return;
  EXPECT_THAT(outcome, IsReplied());
}

CONFORMANCE_CASE(Header, UnknownRequest45IsRefused, .cites = {Req::HDR_27},
                 .needs = kReplyAck, .open = {Ambiguity::kUnknownRequest}) {
  const Outcome outcome = AskUnknown(45, kAsking);
  EXPECT_THAT(outcome, IsRefused());
  CurrentCase().AmbigCase("request 45: " + ToString(outcome));
}

CONFORMANCE_CASE(Header, UnknownRequest200IsRefused, .cites = {Req::HDR_27},
                 .needs = kReplyAck, .open = {Ambiguity::kUnknownRequest}) {
  EXPECT_THAT(AskUnknown(200, kAsking), IsRefused());
}

CONFORMANCE_CASE(Header, UnknownRequestOfAllOnesIsRefused,
                 .cites = {Req::HDR_27}, .needs = kReplyAck,
                 .open = {Ambiguity::kUnknownRequest}) {
  EXPECT_THAT(AskUnknown(0xffffffff, kAsking), IsRefused());
}

CONFORMANCE_CASE(Header, UnknownRequest45IsNotAnswered,
                 .cites = {Req::HDR_28}) {
  EXPECT_THAT(AskUnknown(45, protocol::kVersion), IsRefusedOrIgnored());
}

CONFORMANCE_CASE(Header, UnknownRequest200IsNotAnswered,
                 .cites = {Req::HDR_28}) {
  EXPECT_THAT(AskUnknown(200, protocol::kVersion), IsRefusedOrIgnored());
}

CONFORMANCE_CASE(Header, UnknownRequestOfAllOnesIsNotAnswered,
                 .cites = {Req::HDR_28}) {
  EXPECT_THAT(AskUnknown(0xffffffff, protocol::kVersion), IsRefusedOrIgnored());
}

CONFORMANCE_CASE(Header, Request0IsUnknown, .cites = {Req::HDR_27, Req::HDR_29},
                 .needs = kReplyAck) {
  EXPECT_THAT(AskUnknown(0, kAsking), IsRefused());
}

CONFORMANCE_CASE(Header, Request0DoesNotEndTheProcess,
                 .cites = {Req::HDR_28, Req::HDR_29}) {
  EXPECT_THAT(AskUnknown(0, protocol::kVersion), IsRefusedOrIgnored());
}

CONFORMANCE_CASE(Header, UnknownRequestIsReadWithItsPayload,
                 .cites = {Req::HDR_01, Req::HDR_28}) {
  Session& session = StartSession();
  // Read as a header of its own, the payload would be answered.
  const auto payload = BytesOf(HeaderOf(Request::GET_PROTOCOL_FEATURES));
  const protocol::Header header = {200, protocol::kVersion, 12};
  EXPECT_THAT(Ask(Raw(session), header, payload), IsRefusedOrIgnored());
}

CONFORMANCE_CASE(Header, NextMessageAfterANackIsReadWhole,
                 .cites = {Req::HDR_31}, .needs = kReplyAck,
                 .open = {Ambiguity::kAfterRefusal}) {
  Session& session = StartSession();
  const auto bad = MakeRequest(Request::SET_VRING_NUM, VringState{0xffff, 256});
  const Outcome outcome = Provoke(session, bad);
  EXPECT_THAT(outcome, IsRefused());
  if (outcome.closed) return;
  const auto good = MakeRequest(Request::SET_VRING_NUM, VringState{0, 256});
  EXPECT_THAT(Provoke(session, good), IsAcked());
}

CONFORMANCE_CASE(Header, SizeOf4096ForSetFeaturesIsRefused,
                 .cites = {Req::HDR_20}) {
  Session& session = StartSession();
  const auto header = BytesOf(HeaderOf(Request::GET_PROTOCOL_FEATURES));
  std::vector<std::byte> payload;
  while (payload.size() + header.size() <= 4096) {
    payload.insert(payload.end(), header.begin(), header.end());
  }
  payload.resize(4096);
  const auto flags = Asking(MakeRequest(Request::SET_FEATURES)).flags;
  EXPECT_THAT(
      Ask(Raw(session), HeaderOf(Request::SET_FEATURES, flags, 4096), payload),
      IsRefused());
}

CONFORMANCE_CASE(Header, PayloadOfGetFeaturesIsNotReadAsAHeader,
                 .cites = {Req::HDR_38}, .needs = kBit30) {
  const auto payload = BytesOf(HeaderOf(Request::GET_QUEUE_NUM));
  const Outcome outcome =
      Ask(ConnectFenced(),
          HeaderOf(Request::GET_FEATURES, protocol::kVersion, payload.size()),
          payload);
  if (outcome.refused()) return;
  EXPECT_THAT(outcome, IsReplied());
}

CONFORMANCE_CASE(Header, SizeOfAllOnesIsSurvived, .cites = {Req::HDR_21}) {
  Session& session = StartSession();
  const auto payload = std::vector<std::byte>(16);
  const Outcome outcome = SendAndHalfClose(
      Raw(session),
      HeaderOf(Request::SET_FEATURES, protocol::kVersion, 0xffffffff), payload);
  EXPECT_TRUE(outcome.closed) << outcome;
}

}  // namespace
}  // namespace vuspec
