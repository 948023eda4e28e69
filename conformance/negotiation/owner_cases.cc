// SET_OWNER and RESET_OWNER.
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"

namespace vuspec {
namespace {

using protocol::Ambiguity;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;
using protocol::VirtioFeature;

CONFORMANCE_SUITE(Owner);

constexpr Needs kReplyAck = {.protocol = Mask(ProtocolFeature::REPLY_ACK)};

CONFORMANCE_CASE(Owner, IsTakenWithoutAReply,
                 .cites = {Req::OWN_01, Req::HDR_11}) {
  EXPECT_THAT(Ask(*ConnectRaw().operator->(), HeaderOf(Request::SET_OWNER)),
              IsSilent());
}

CONFORMANCE_CASE(Owner, IsTakenAsTheFirstMessage,
                 .cites = {Req::OWN_01, Req::OWN_04}) {
  Frontend& frontend = StartSession({.legacy = true}).frontend();
  EXPECT_THAT(frontend.Fence(), Succeeds());
}

CONFORMANCE_CASE(Owner, IsTakenAfterTheFeatures,
                 .cites = {Req::OWN_01, Req::OWN_04}) {
  RawFrontend& raw = *ConnectRaw().operator->();
  EXPECT_THAT(raw.ExchangeNoFence(MakeRequest(Request::GET_FEATURES), {},
                                  CurrentRun().ForAnswer()),
              IsReplied());
  EXPECT_THAT(Ask(raw, HeaderOf(Request::SET_OWNER)), IsSilent());
}

CONFORMANCE_CASE(Owner, IsTakenAfterTheProtocolFeatures,
                 .cites = {Req::OWN_01, Req::OWN_04},
                 .needs = {.virtio = Mask(VirtioFeature::PROTOCOL_FEATURES)}) {
  RawFrontend& raw = *ConnectRaw().operator->();
  const auto header = HeaderOf(Request::GET_PROTOCOL_FEATURES);
  EXPECT_THAT(Ask(raw, header), IsReplied());
  EXPECT_THAT(Ask(raw, HeaderOf(Request::SET_OWNER)), IsSilent());
}

CONFORMANCE_CASE(Owner, SecondOneIsAnswered,
                 .cites = {Req::OWN_03, Req::ACK_01}, .needs = kReplyAck,
                 .open = {Ambiguity::kSecondOwner}) {
  const Outcome outcome =
      Provoke(StartSession(), MakeRequest(Request::SET_OWNER));
  EXPECT_TRUE(outcome.kind == Outcome::kAcked || outcome.refused()) << outcome;
  CurrentCase().AmbigCase("a second SET_OWNER: " + ToString(outcome));
}

CONFORMANCE_CASE(Owner, ResetIsAckedAndKeepsTheConnection,
                 .cites = {Req::OWN_05, Req::OWN_06}, .needs = kReplyAck) {
  Session& session = StartSession();
  EXPECT_THAT(session.frontend().ResetOwner(), Succeeds());
  EXPECT_THAT(session.frontend().Fence(), Succeeds());
}

CONFORMANCE_CASE(Owner, ResetHasNoReply, .cites = {Req::OWN_06}) {
  Session& session = StartSession();
  EXPECT_THAT(Ask(Raw(session), HeaderOf(Request::RESET_OWNER)), IsSilent());
}

CONFORMANCE_CASE(Owner, ResetKeepsMemoryAndFeatures, .cites = {Req::OWN_05},
                 .needs = {.io = true}, .open = {Ambiguity::kResetOwner}) {
  Session& session = StartSession();
  Require(session.frontend().ResetOwner());
  ExpectVerifiedIo(session);
}

CONFORMANCE_CASE(Owner, ResetKeepsTheIndicesOfRings, .cites = {Req::OWN_05},
                 .needs = {.io = true}, .open = {Ambiguity::kResetOwner}) {
  Session& session = StartDevice();
  for (int i = 0; i < 3; ++i) CompleteOne(session);
  Require(session.frontend().ResetOwner());
  SessionRing& ring = IoRing(session);
  EXPECT_EQ(Require(ring.Stop()).num, ring.avail_index());
}

CONFORMANCE_CASE(Owner, RingsRunAfterAResetAndAnEnable, .cites = {Req::OWN_05},
                 .needs = {.virtio = Mask(VirtioFeature::PROTOCOL_FEATURES),
                           .io = true},
                 .open = {Ambiguity::kResetOwner}) {
  Session& session = StartDevice();
  CompleteOne(session);
  Require(session.frontend().ResetOwner());
  for (const std::uint32_t queue : session.driver()->profile().queues) {
    Require(session.ring(queue).Enable(true));
  }
  CompleteOne(session);
}

}  // namespace
}  // namespace vuspec
