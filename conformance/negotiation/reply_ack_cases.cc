// REPLY_ACK: when an ack is due, what it says, and what it stands for.
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"
#include "conformance/memory/memory_verbs.h"
#include "conformance/ring/disabled_ring.h"
#include "conformance/ring/ring_verbs.h"

namespace vuspec {
namespace {

using protocol::Ambiguity;
using protocol::kNoFdBit;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;
using protocol::U64;
using protocol::VirtioFeature;
using protocol::VringState;

class ReplyAck : public DisabledRingCase {
 protected:
  // A request with a reply of its own, with need_reply.
  Outcome AskOf(Request request, protocol::Body body = protocol::Empty{}) {
    RawFrontend& raw = Raw(StartSession());
    raw.set_fence(request == Request::GET_FEATURES
                      ? Request::GET_PROTOCOL_FEATURES
                      : Request::GET_FEATURES);
    return Ask(raw, Asking(MakeRequest(request, std::move(body))));
  }
  // An index that no peer has a ring for: SET_VRING_NUM is refused for it.
  static protocol::Message BadRing() {
    return MakeRequest(Request::SET_VRING_NUM, VringState{0xffff, 256});
  }
};

constexpr Needs kReplyAck = {.protocol = Mask(ProtocolFeature::REPLY_ACK)};
constexpr Needs kReplyAckAndIo = {.protocol = Mask(ProtocolFeature::REPLY_ACK),
                                  .io = true};

CONFORMANCE_CASE(ReplyAck, SuccessIsZero, .cites = {Req::ACK_01, Req::ACK_02},
                 .needs = kReplyAck) {
  Session& session = StartSession();
  for (const auto& message :
       {MakeRequest(Request::SET_FEATURES, U64{session.negotiated().virtio}),
        MakeRequest(Request::SET_VRING_NUM, VringState{0, 256}),
        MakeRequest(Request::SET_VRING_BASE, VringState{0, 0}),
        MakeRequest(Request::SET_VRING_CALL, U64{kNoFdBit}),
        MakeRequest(Request::SET_VRING_ERR, U64{kNoFdBit})}) {
    EXPECT_THAT(Provoke(session, message), IsAcked()) << message.spec->name;
  }
}

CONFORMANCE_CASE(ReplyAck, MemoryTableIsAcked,
                 .cites = {Req::ACK_01, Req::ACK_02}, .needs = kReplyAck) {
  Session& session = StartSession({.share_memory = false});
  const RawTable table(session.memory().regions());
  EXPECT_THAT(Provoke(session, table.message(), table.fds), IsAcked());
}

CONFORMANCE_CASE(ReplyAck, WholeSetUpIsAcked,
                 .cites = {Req::ACK_01, Req::ACK_02}, .needs = kReplyAckAndIo) {
  ExpectVerifiedIo(StartSession({.acks = Acks::kWherePossible}));
}

CONFORMANCE_CASE(ReplyAck, SetUpWithoutAcksWorksAsWell, .cites = {Req::ACK_04},
                 .needs = kReplyAckAndIo) {
  ExpectVerifiedIo(StartSession({.acks = Acks::kNever}));
}

CONFORMANCE_CASE(ReplyAck, SetUpWithTheAcksOfVirtioUserWorksAsWell,
                 .cites = {Req::ACK_01, Req::ACK_04}, .needs = kReplyAckAndIo) {
  ExpectVerifiedIo(StartSession({.acks = Acks::kSeed}));
}

CONFORMANCE_CASE(ReplyAck, BadRingIsNotAckedWithZero, .cites = {Req::ACK_03},
                 .needs = kReplyAck, .open = {Ambiguity::kRefusal}) {
  EXPECT_THAT(Provoke(StartSession(), BadRing()), IsRefused());
}

CONFORMANCE_CASE(ReplyAck, RefusalIsNeverAckedWithZeroFirst,
                 .cites = {Req::ACK_03}, .needs = kReplyAck,
                 .open = {Ambiguity::kRefusal}) {
  const Outcome outcome = Provoke(StartSession(), BadRing());
  EXPECT_NE(outcome.kind, Outcome::kAcked) << outcome;
  CurrentCase().AmbigCase("a ring that does not exist: " + ToString(outcome));
}

CONFORMANCE_CASE(ReplyAck, NothingIsAckedUnasked, .cites = {Req::ACK_04},
                 .needs = kReplyAck) {
  Session& session = StartSession();
  RawFrontend& raw = Raw(session);
  for (const auto& message :
       {MakeRequest(Request::SET_FEATURES, U64{session.negotiated().virtio}),
        MakeRequest(Request::SET_VRING_NUM, VringState{0, 256}),
        MakeRequest(Request::SET_VRING_BASE, VringState{0, 0}),
        MakeRequest(Request::SET_VRING_CALL, U64{kNoFdBit})}) {
    EXPECT_THAT(Ask(raw, message), IsSilent()) << message.spec->name;
  }
}

CONFORMANCE_CASE(ReplyAck, RefusalIsNotToldUnasked, .cites = {Req::ACK_04},
                 .needs = kReplyAck) {
  const Outcome outcome = Ask(Raw(StartSession()), BadRing());
  EXPECT_TRUE(outcome.kind == Outcome::kSilent ||
              outcome.kind == Outcome::kClosed)
      << outcome;
}

CONFORMANCE_CASE(ReplyAck, NothingIsAckedBeforeItIsNegotiated,
                 .cites = {Req::ACK_05}) {
  RawFrontend& raw = *ConnectRaw().operator->();
  EXPECT_THAT(Ask(raw, HeaderOf(Request::SET_OWNER, kAsking)), IsSilent());
}

CONFORMANCE_CASE(ReplyAck, NothingIsAckedWithoutIt, .cites = {Req::ACK_05}) {
  Session& session = StartSession(
      {.protocol = kPlainProtocol & ~Mask(ProtocolFeature::REPLY_ACK)});
  const auto num = MakeRequest(Request::SET_VRING_NUM, VringState{0, 256});
  EXPECT_THAT(Ask(Raw(session), Asking(num)), IsSilent());
}

CONFORMANCE_CASE(ReplyAck, FeaturesAreAnsweredOnce, .cites = {Req::ACK_06},
                 .needs = kReplyAck) {
  const Outcome outcome = AskOf(Request::GET_FEATURES);
  EXPECT_THAT(outcome, IsReplied());
  EXPECT_EQ(outcome.value, probe().virtio_features);
}

CONFORMANCE_CASE(ReplyAck, ProtocolFeaturesAreAnsweredOnce,
                 .cites = {Req::ACK_06}, .needs = kReplyAck) {
  const Outcome outcome = AskOf(Request::GET_PROTOCOL_FEATURES);
  EXPECT_THAT(outcome, IsReplied());
  EXPECT_EQ(outcome.value, probe().protocol_features);
}

CONFORMANCE_CASE(ReplyAck, QueueCountIsAnsweredOnce, .cites = {Req::ACK_06},
                 .needs = {.protocol = Mask(ProtocolFeature::REPLY_ACK,
                                            ProtocolFeature::MQ)}) {
  EXPECT_THAT(AskOf(Request::GET_QUEUE_NUM), IsReplied());
}

CONFORMANCE_CASE(ReplyAck, ConfigIsAnsweredOnce, .cites = {Req::ACK_06},
                 .needs = {.protocol = Mask(ProtocolFeature::REPLY_ACK,
                                            ProtocolFeature::CONFIG),
                           .device = "blk"}) {
  EXPECT_THAT(AskOf(Request::GET_CONFIG, protocol::Config{.size = 8}),
              IsReplied());
}

CONFORMANCE_CASE(ReplyAck, VringBaseIsAnsweredOnce, .cites = {Req::ACK_06},
                 .needs = kReplyAckAndIo) {
  Session& session = StartDevice();
  const VringState ring = {IoRing(session).index(), 0};
  EXPECT_THAT(
      Ask(Raw(session), Asking(MakeRequest(Request::GET_VRING_BASE, ring))),
      IsReplied());
}

CONFORMANCE_CASE(ReplyAck, DisableTookEffectWhenItIsAcked,
                 .cites = {Req::ACK_07},
                 .needs = {.virtio = Mask(VirtioFeature::PROTOCOL_FEATURES),
                           .protocol = Mask(ProtocolFeature::REPLY_ACK),
                           .device = "blk"}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  const VringState off = {ring.index(), 0};
  EXPECT_THAT(Provoke(session, MakeRequest(Request::SET_VRING_ENABLE, off)),
              IsAcked());
  ExpectWriteHasNoEffect(session, ring);
}

CONFORMANCE_CASE(ReplyAck, CallTookEffectWhenItIsAcked, .cites = {Req::ACK_07},
                 .needs = kReplyAckAndIo) {
  Session& session = StartDevice();
  const Event call = Require(Event::Create());
  Require(session.frontend().SetVringCall(IoRing(session).index(), call.fd()));
  call.TryConsume();
  PostOne(session);
  EXPECT_TRUE(call.Wait(CurrentRun().ForAnswer()).ok());
}

CONFORMANCE_CASE(ReplyAck, ReplacedCallIsUnusedWhenItIsAcked,
                 .cites = {Req::ACK_07}, .needs = kReplyAckAndIo) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  CompleteOne(session);
  Require(session.frontend().SetVringCall(ring.index(), kNoFd));
  ring.call().TryConsume();
  PostOne(session);
  AwaitPolled(session, ring);
  Require(session.frontend().Fence());
  EXPECT_EQ(ring.call().TryConsume(), 0u);
}

CONFORMANCE_CASE(ReplyAck, AddedRegionTookEffectWhenItIsAcked,
                 .cites = {Req::ACK_07},
                 .needs = {
                     .protocol = Mask(ProtocolFeature::REPLY_ACK,
                                      ProtocolFeature::CONFIGURE_MEM_SLOTS),
                     .io = true}) {
  Session& session = StartSession(
      {.protocol = kPlainProtocol | Mask(ProtocolFeature::CONFIGURE_MEM_SLOTS),
       .regions = RegionsOfCount(2),
       .share_memory = false});
  const auto regions = session.memory().regions();
  Require(session.frontend().SetMemTable(regions.first(1)));
  Require(session.BringDevice());
  Require(session.frontend().AddMemReg(regions[1]));
  Complete(session, RequestIn(session, 1));
}

CONFORMANCE_CASE(ReplyAck, NackLeavesTheSessionUsable, .cites = {Req::ACK_08},
                 .needs = kReplyAckAndIo, .open = {Ambiguity::kAfterRefusal}) {
  Session& session = StartDevice();
  CompleteOne(session);
  const Outcome outcome = Provoke(session, BadRing());
  EXPECT_THAT(outcome, IsRefused());
  if (outcome.closed) {
    CurrentCase().AmbigCase("a refusal ends the session: " + ToString(outcome));
    return;
  }
  EXPECT_THAT(session.frontend().SetVringErr(LastRing(), kNoFd), Succeeds());
  CompleteOne(session);
}

CONFORMANCE_CASE(ReplyAck, BackendChannelIsAcked,
                 .cites = {Req::BCH_01, Req::ACK_02},
                 .needs = {.protocol = Mask(ProtocolFeature::REPLY_ACK,
                                            ProtocolFeature::BACKEND_REQ)}) {
  Session& session = StartSession(
      {.protocol = kPlainProtocol | Mask(ProtocolFeature::BACKEND_REQ)});
  EXPECT_THAT(session.frontend().OpenBackendChannel(), Succeeds());
}

CONFORMANCE_CASE(ReplyAck, MissingBackendChannelIsNotAckedWithZero,
                 .cites = {Req::BCH_01, Req::ACK_03},
                 .needs = {.protocol = Mask(ProtocolFeature::REPLY_ACK,
                                            ProtocolFeature::BACKEND_REQ)}) {
  Session& session = StartSession(
      {.protocol = kPlainProtocol | Mask(ProtocolFeature::BACKEND_REQ)});
  EXPECT_THAT(Provoke(session, MakeRequest(Request::SET_BACKEND_REQ_FD)),
              IsRefused());
}

CONFORMANCE_CASE(ReplyAck, MtuIsAcked, .cites = {Req::MTU_01, Req::ACK_02},
                 .needs = {.virtio = std::uint64_t{1} << 3,
                           .protocol = Mask(ProtocolFeature::REPLY_ACK,
                                            ProtocolFeature::MTU),
                           .device = "net"}) {
  Session& session =
      StartSession({.virtio = kPlainVirtio | std::uint64_t{1} << 3,
                    .protocol = kPlainProtocol | Mask(ProtocolFeature::MTU)});
  EXPECT_THAT(session.frontend().NetSetMtu(1500), Succeeds());
}

CONFORMANCE_CASE(ReplyAck, AcksDoNotDependOnBit30, .cites = {Req::PF_04},
                 .needs = kReplyAckAndIo) {
  Session& session = StartSession();
  const std::uint64_t plain =
      session.negotiated().virtio & ~Mask(VirtioFeature::PROTOCOL_FEATURES);
  Require(session.frontend().SetFeatures(plain));
  const auto num = MakeRequest(Request::SET_VRING_NUM, VringState{0, 256});
  EXPECT_THAT(Provoke(session, num), IsAcked());
}

}  // namespace
}  // namespace vuspec
