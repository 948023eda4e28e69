// GET_PROTOCOL_FEATURES and SET_PROTOCOL_FEATURES: when they are served, which
// bits may stand together, and how long they hold.
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"

namespace vuspec {
namespace {

using protocol::Ambiguity;
using protocol::kDefinedProtocolFeatures;
using protocol::ProtocolFeature;
using protocol::ProtocolFeatureNames;
using protocol::Req;
using protocol::Request;
using protocol::U64;
using protocol::VirtioFeature;

class ProtocolFeatures : public ConformanceCase {
 protected:
  // On a connection that is told how answers look from now on.
  Outcome Set(RawFrontend& raw, std::uint64_t features) {
    const auto message =
        MakeRequest(Request::SET_PROTOCOL_FEATURES, U64{features});
    Outcome outcome = Ask(raw, message);
    raw.set_context(protocol::WireContext::Of(features));
    return outcome;
  }
  Outcome SetOfSize(std::size_t size) {
    Session& session = StartSession();
    const std::vector<std::byte> payload(size);
    return Ask(Raw(session),
               HeaderOf(Request::SET_PROTOCOL_FEATURES, kAsking, size),
               payload);
  }
  Outcome AskOwner(RawFrontend& raw) {
    return Ask(raw, HeaderOf(Request::SET_OWNER, kAsking));
  }
  // A peer that heeds need_reply in any case does not show what is negotiated.
  void SkipIfAckedAnyway() {
    const Outcome outcome = AskOwner(*ConnectRaw().operator->());
    Disconnect();
    if (outcome.kind != Outcome::kAcked) return;
    const std::string reason = "need_reply is answered without REPLY_ACK";
    CurrentCase().SkipCase(reason, false);
    GTEST_SKIP() << reason;
  }
  // SET_PROTOCOL_FEATURES with need_reply over a session that has REPLY_ACK.
  Outcome Offer(std::uint64_t features) {
    const auto message =
        MakeRequest(Request::SET_PROTOCOL_FEATURES, U64{features});
    return Provoke(StartSession(), message);
  }
};

constexpr std::uint64_t kReplyAck = Mask(ProtocolFeature::REPLY_ACK);
constexpr Needs kBit30 = {.virtio = Mask(VirtioFeature::PROTOCOL_FEATURES)};
constexpr Needs kNeedsReplyAck = {
    .virtio = Mask(VirtioFeature::PROTOCOL_FEATURES), .protocol = kReplyAck};
constexpr Needs kInband = {
    .virtio = Mask(VirtioFeature::PROTOCOL_FEATURES),
    .protocol = kReplyAck | Mask(ProtocolFeature::BACKEND_REQ,
                                 ProtocolFeature::INBAND_NOTIFICATIONS)};

CONFORMANCE_CASE(ProtocolFeatures, AreToldBeforeSetFeatures,
                 .cites = {Req::PF_01, Req::PF_02}, .needs = kBit30) {
  RawFrontend& raw = *ConnectRaw().operator->();
  const Outcome outcome = Ask(raw, HeaderOf(Request::GET_PROTOCOL_FEATURES));
  EXPECT_THAT(outcome, IsReplied());
  EXPECT_EQ(outcome.value, probe().protocol_features);
}

CONFORMANCE_CASE(ProtocolFeatures, HoldBeforeSetFeatures,
                 .cites = {Req::PF_03, Req::ACK_01}, .needs = kNeedsReplyAck) {
  RawFrontend& raw = *ConnectRaw().operator->();
  Ask(raw, HeaderOf(Request::GET_PROTOCOL_FEATURES));
  EXPECT_THAT(Set(raw, kReplyAck), IsSilent());
  EXPECT_THAT(AskOwner(raw), IsAcked());
}

CONFORMANCE_CASE(ProtocolFeatures, MayBeSetWithoutHavingBeenAskedFor,
                 .cites = {Req::PF_10}, .needs = kNeedsReplyAck) {
  RawFrontend& raw = *ConnectRaw().operator->();
  const auto message =
      MakeRequest(Request::SET_PROTOCOL_FEATURES, U64{kReplyAck});
  EXPECT_TRUE(raw.Send(message, {}, CurrentRun().ForAnswer()).ok());
  raw.set_context(protocol::WireContext::Of(kReplyAck));
  EXPECT_THAT(AskOwner(raw), IsAcked());
}

CONFORMANCE_CASE(ProtocolFeatures, MayBeSetAfterTheFeaturesAlone,
                 .cites = {Req::PF_10}, .needs = kNeedsReplyAck) {
  RawFrontend& raw = *ConnectRaw().operator->();
  EXPECT_THAT(raw.ExchangeNoFence(MakeRequest(Request::GET_FEATURES), {},
                                  CurrentRun().ForAnswer()),
              IsReplied());
  EXPECT_THAT(Set(raw, kReplyAck), IsSilent());
  EXPECT_THAT(AskOwner(raw), IsAcked());
}

CONFORMANCE_CASE(ProtocolFeatures, HoldAlthoughBit30IsNotAcknowledged,
                 .cites = {Req::PF_04}, .needs = kNeedsReplyAck) {
  Session& session = StartSession();
  const std::uint64_t plain =
      session.negotiated().virtio & ~Mask(VirtioFeature::PROTOCOL_FEATURES);
  EXPECT_THAT(session.frontend().SetFeatures(plain), Succeeds());
  EXPECT_THAT(session.frontend().SetVringNum(0, 256), Succeeds());
  EXPECT_THAT(session.frontend().GetProtocolFeatures(), Succeeds());
}

CONFORMANCE_CASE(ProtocolFeatures, OnlyDefinedBitsAreOffered,
                 .cites = {Req::PF_07}, .needs = kBit30) {
  const std::uint64_t undefined =
      probe().protocol_features & ~kDefinedProtocolFeatures;
  EXPECT_EQ(undefined, 0u) << ProtocolFeatureNames(undefined);
}

CONFORMANCE_CASE(ProtocolFeatures, UnofferedBitIsRefused,
                 .cites = {Req::PF_08, Req::ACK_03}, .needs = kNeedsReplyAck,
                 .open = {Ambiguity::kUnofferedBits}) {
  std::uint64_t bit = std::uint64_t{1} << 63;
  while ((bit & probe().protocol_features) != 0) bit >>= 1;
  EXPECT_THAT(Offer(kReplyAck | bit), IsRefused());
}

CONFORMANCE_CASE(ProtocolFeatures, WhatIsOfferedIsAccepted,
                 .cites = {Req::PF_03, Req::ACK_02}, .needs = kNeedsReplyAck) {
  EXPECT_THAT(Offer(WithPrerequisites(probe().protocol_features &
                                      kDefinedProtocolFeatures)),
              IsAcked());
}

CONFORMANCE_CASE(ProtocolFeatures, EmptyPayloadIsRefused, .cites = {Req::PF_09},
                 .needs = kNeedsReplyAck) {
  EXPECT_THAT(SetOfSize(0), IsRefused());
}

CONFORMANCE_CASE(ProtocolFeatures, FourBytesAreRefused, .cites = {Req::PF_09},
                 .needs = kNeedsReplyAck) {
  EXPECT_THAT(SetOfSize(4), IsRefused());
}

CONFORMANCE_CASE(ProtocolFeatures, SixteenBytesAreRefused,
                 .cites = {Req::PF_09}, .needs = kNeedsReplyAck) {
  EXPECT_THAT(SetOfSize(16), IsRefused());
}

CONFORMANCE_CASE(
    ProtocolFeatures, BaseInflightNeedsInflightShmfd, .cites = {Req::PF_20},
    .needs = {.virtio = Mask(VirtioFeature::PROTOCOL_FEATURES),
              .protocol = kReplyAck |
                          Mask(ProtocolFeature::GET_VRING_BASE_INFLIGHT)}) {
  EXPECT_TRUE(Offers(ProtocolFeature::INFLIGHT_SHMFD));
  const auto bit = Mask(ProtocolFeature::GET_VRING_BASE_INFLIGHT);
  EXPECT_THAT(Offer(kReplyAck | bit), IsRefused());
}

CONFORMANCE_CASE(ProtocolFeatures, InbandAloneClosesTheConnection,
                 .cites = {Req::PF_12}, .needs = kInband) {
  const auto bit = Mask(ProtocolFeature::INBAND_NOTIFICATIONS);
  EXPECT_TRUE(Offer(bit).closed);
}

CONFORMANCE_CASE(ProtocolFeatures, InbandWithoutAChannelClosesTheConnection,
                 .cites = {Req::PF_12}, .needs = kInband) {
  const auto bit = Mask(ProtocolFeature::INBAND_NOTIFICATIONS);
  EXPECT_TRUE(Offer(bit | kReplyAck).closed);
}

CONFORMANCE_CASE(ProtocolFeatures, InbandWithoutAcksClosesTheConnection,
                 .cites = {Req::PF_12}, .needs = kInband) {
  const auto bits =
      Mask(ProtocolFeature::INBAND_NOTIFICATIONS, ProtocolFeature::BACKEND_REQ);
  EXPECT_TRUE(Offer(bits).closed);
}

CONFORMANCE_CASE(ProtocolFeatures, OfferedOnesFitTogether,
                 .cites = {Req::PF_14, Req::PF_20}, .needs = kBit30) {
  const std::uint64_t offered =
      probe().protocol_features & kDefinedProtocolFeatures;
  EXPECT_EQ(ProtocolFeatureNames(offered & ~WithPrerequisites(offered)), "")
      << "are offered without the features that they need";
  if (Offers(VirtioFeature::ACCESS_PLATFORM)) {
    EXPECT_TRUE(Offers(ProtocolFeature::BACKEND_REQ));
  }
}

CONFORMANCE_CASE(ProtocolFeatures, AckOfTheirOwnMessageLeavesTheStreamInStep,
                 .cites = {Req::PF_15}, .needs = kNeedsReplyAck,
                 .open = {Ambiguity::kOwnReplyAck}) {
  RawFrontend& raw = *ConnectRaw().operator->();
  raw.set_context(protocol::WireContext::Of(kReplyAck));
  const auto message =
      MakeRequest(Request::SET_PROTOCOL_FEATURES, U64{kReplyAck});
  const Outcome outcome = Ask(raw, Asking(message));
  EXPECT_TRUE(outcome.kind == Outcome::kAcked ||
              outcome.kind == Outcome::kSilent)
      << outcome;
  EXPECT_THAT(AskOwner(raw), IsAcked());
  CurrentCase().AmbigCase("SET_PROTOCOL_FEATURES that negotiates REPLY_ACK: " +
                          ToString(outcome));
}

CONFORMANCE_CASE(ProtocolFeatures, SecondSetReplacesTheFirst,
                 .cites = {Req::PF_16}, .needs = kNeedsReplyAck) {
  SkipIfAckedAnyway();
  if (IsSkipped()) return;
  RawFrontend& raw = *ConnectRaw().operator->();
  EXPECT_THAT(Set(raw, kReplyAck), IsSilent());
  EXPECT_THAT(Set(raw, 0), IsSilent());
  EXPECT_THAT(AskOwner(raw), IsSilent());
}

CONFORMANCE_CASE(ProtocolFeatures, MqIsOfferedByEveryDevice,
                 .cites = {Req::PF_17}, .needs = kBit30) {
  EXPECT_TRUE(Offers(ProtocolFeature::MQ));
}

CONFORMANCE_CASE(ProtocolFeatures, NoneIsUsedUnlessNegotiated,
                 .cites = {Req::PF_18, Req::ACK_05},
                 .needs = {.virtio = Mask(VirtioFeature::PROTOCOL_FEATURES),
                           .io = true}) {
  Session& session = StartSession({.protocol = 0});
  ExpectVerifiedIo(session);
  // Legal for a started ring and a stopped one.
  const protocol::U64 no_err{LastRing() | protocol::kNoFdBit};
  EXPECT_THAT(
      Ask(Raw(session), Asking(MakeRequest(Request::SET_VRING_ERR, no_err))),
      IsSilent());
}

}  // namespace
}  // namespace vuspec
