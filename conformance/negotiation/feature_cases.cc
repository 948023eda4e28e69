// GET_FEATURES and SET_FEATURES: what is offered, what may be accepted, and
// what bit 30 does to rings.
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"
#include "conformance/ring/disabled_ring.h"

namespace vuspec {
namespace {

using protocol::Ambiguity;
using protocol::Has;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;
using protocol::U64;
using protocol::VirtioFeature;

class Features : public DisabledRingCase {
 protected:
  Outcome SetFeaturesOfSize(std::size_t size) {
    Session& session = StartSession();
    // Legal but for its size.
    auto payload = BytesOf(
        MakeRequest(Request::SET_FEATURES, U64{session.negotiated().virtio}));
    payload.erase(payload.begin(), payload.begin() + protocol::kHeaderSize);
    payload.resize(size);
    return Ask(Raw(session), HeaderOf(Request::SET_FEATURES, kAsking, size),
               payload);
  }
};

constexpr std::uint64_t kBit30 = Mask(VirtioFeature::PROTOCOL_FEATURES);
constexpr std::uint64_t kEventIdx = Mask(VirtioFeature::EVENT_IDX);
constexpr Needs kReplyAck = {.protocol = Mask(ProtocolFeature::REPLY_ACK)};

CONFORMANCE_CASE(Features, FirstMessageMayAskForThem,
                 .cites = {Req::FEAT_01, Req::FEAT_03}) {
  const Outcome outcome =
      (*ConnectRaw().operator->())
          .ExchangeNoFence(MakeRequest(Request::GET_FEATURES), {},
                           CurrentRun().ForAnswer());
  EXPECT_THAT(outcome, IsReplied());
  EXPECT_EQ(outcome.value, probe().virtio_features);
}

CONFORMANCE_CASE(Features, AreTheSameEveryTime, .cites = {Req::FEAT_02},
                 .needs = {.io = true}) {
  Session& session = StartSession();
  EXPECT_EQ(Require(session.frontend().GetFeatures()), probe().virtio_features);
  Require(session.BringDevice());
  EXPECT_EQ(Require(session.frontend().GetFeatures()), probe().virtio_features);
  CompleteOne(session);
  EXPECT_EQ(Require(session.frontend().GetFeatures()), probe().virtio_features);
}

CONFORMANCE_CASE(Features, Bit30TellsOfProtocolFeatures,
                 .cites = {Req::FEAT_04}) {
  RawFrontend& raw = *ConnectRaw().operator->();
  const Outcome outcome = Ask(raw, HeaderOf(Request::GET_PROTOCOL_FEATURES));
  if (Offers(VirtioFeature::PROTOCOL_FEATURES)) {
    EXPECT_THAT(outcome, IsReplied());
  } else {
    EXPECT_THAT(outcome, IsRefusedOrIgnored());
  }
}

CONFORMANCE_CASE(Features, OldFrontEndsAreServed,
                 .cites = {Req::FEAT_05, Req::FEAT_09}, .needs = {.io = true}) {
  Session& session = StartSession({.legacy = true});
  ExpectVerifiedIo(session);
}

CONFORMANCE_CASE(Features, RingsNeedNoEnableWithoutBit30,
                 .cites = {Req::FEAT_09},
                 .needs = {.virtio = kBit30, .io = true}) {
  Session& session = StartSession();
  Require(
      session.frontend().SetFeatures(session.negotiated().virtio & ~kBit30));
  Require(session.BringDevice({.enable = false}));
  CompleteOne(session);
}

CONFORMANCE_CASE(Features, Version1AloneIsAccepted, .cites = {Req::FEAT_06},
                 .needs = {.virtio = Mask(VirtioFeature::VERSION_1),
                           .io = true}) {
  ExpectVerifiedIo(StartSession({.virtio = Mask(VirtioFeature::VERSION_1)}));
}

CONFORMANCE_CASE(Features, AnySubsetIsAccepted,
                 .cites = {Req::FEAT_06, Req::VC_04}, .needs = {.io = true}) {
  const std::uint64_t ring_bits =
      Mask(VirtioFeature::EVENT_IDX, VirtioFeature::INDIRECT_DESC);
  for (std::uint64_t bits : {ring_bits, kEventIdx, ring_bits & ~kEventIdx}) {
    ExpectVerifiedIo(StartSession({.virtio = kPlainVirtio | bits}));
    Disconnect();
  }
}

CONFORMANCE_CASE(Features, Version1IsOffered, .cites = {Req::VC_01}) {
  EXPECT_TRUE(Offers(VirtioFeature::VERSION_1));
}

// SR_IOV, NOTIFICATION_DATA, NOTIF_CONFIG_DATA and ADMIN_VQ are of other
// transports; 44 to 49 have no meaning yet.
CONFORMANCE_CASE(Features, OnlyUsableBitsAreOffered, .cites = {Req::VC_03}) {
  for (const unsigned bit :
       {37u, 38u, 39u, 41u, 44u, 45u, 46u, 47u, 48u, 49u}) {
    EXPECT_EQ(probe().virtio_features >> bit & 1, 0u) << "bit " << bit;
  }
}

CONFORMANCE_CASE(Features, UnofferedBitIsRefused,
                 .cites = {Req::FEAT_07, Req::ACK_03}, .needs = kReplyAck,
                 .open = {Ambiguity::kUnofferedBits}) {
  Session& session = StartSession();
  // The highest of the reserved bits below 64 that nobody offers.
  std::uint64_t bit = std::uint64_t{1} << 63;
  while ((bit & probe().virtio_features) != 0) bit >>= 1;
  const U64 features = {session.negotiated().virtio | bit};
  EXPECT_THAT(Provoke(session, MakeRequest(Request::SET_FEATURES, features)),
              IsRefused());
}

CONFORMANCE_CASE(Features, OfferedBitsAreAccepted,
                 .cites = {Req::FEAT_06, Req::ACK_02}, .needs = kReplyAck) {
  Session& session = StartSession();
  EXPECT_THAT(session.frontend().SetFeatures(session.negotiated().virtio),
              Succeeds());
}

CONFORMANCE_CASE(Features, EmptyPayloadIsRefused, .cites = {Req::FEAT_08},
                 .needs = kReplyAck) {
  EXPECT_THAT(SetFeaturesOfSize(0), IsRefused());
}

CONFORMANCE_CASE(Features, FourBytesAreRefused, .cites = {Req::FEAT_08},
                 .needs = kReplyAck) {
  EXPECT_THAT(SetFeaturesOfSize(4), IsRefused());
}

CONFORMANCE_CASE(Features, SixteenBytesAreRefused, .cites = {Req::FEAT_08},
                 .needs = kReplyAck) {
  EXPECT_THAT(SetFeaturesOfSize(16), IsRefused());
}

CONFORMANCE_CASE(Features, EnabledRingStaysSoWhenFeaturesFollow,
                 .cites = {Req::FEAT_10},
                 .needs = {.virtio = kBit30, .device = "blk"}) {
  Session& session = StartSession();
  Require(session.frontend().SetVringEnable(0, true));
  Require(session.frontend().SetFeatures(session.negotiated().virtio));
  Require(session.StartRing(0, {.enable = false}));
  CompleteOne(session);
}

CONFORMANCE_CASE(Features, LogAllIsOfferedWithLogShmfd, .cites = {Req::FEAT_15},
                 .needs = {.virtio = Mask(VirtioFeature::LOG_ALL)}) {
  EXPECT_TRUE(Offers(ProtocolFeature::LOG_SHMFD));
}

CONFORMANCE_CASE(Features, ChangeOnARunningRingIsAnswered,
                 .cites = {Req::FEAT_12},
                 .needs = {.virtio = kEventIdx,
                           .protocol = Mask(ProtocolFeature::REPLY_ACK),
                           .io = true},
                 .open = {Ambiguity::kFeatureChange}) {
  Session& session = StartDevice();
  CompleteOne(session);
  const U64 more = {session.negotiated().virtio | kEventIdx};
  const Outcome outcome =
      Provoke(session, MakeRequest(Request::SET_FEATURES, more));
  EXPECT_TRUE(outcome.kind == Outcome::kAcked || outcome.refused()) << outcome;
  CurrentCase().AmbigCase("EVENT_IDX while a ring runs: " + ToString(outcome));
}

CONFORMANCE_CASE(Features, WithoutVersion1TheChoiceIsThePeers,
                 .cites = {Req::FEAT_13}, .needs = kReplyAck,
                 .open = {Ambiguity::kNoVersion1}) {
  Session& session = StartSession();
  const U64 features = {session.negotiated().virtio &
                        ~Mask(VirtioFeature::VERSION_1)};
  const Outcome outcome =
      Provoke(session, MakeRequest(Request::SET_FEATURES, features));
  EXPECT_TRUE(outcome.kind == Outcome::kAcked || outcome.refused()) << outcome;
  CurrentCase().AmbigCase("SET_FEATURES without VERSION_1: " +
                          ToString(outcome));
}

CONFORMANCE_CASE(Features, LaterOnesCountOnceAllRingsStopped,
                 .cites = {Req::FEAT_14, Req::FEAT_18},
                 .needs = {.virtio = kEventIdx, .io = true}) {
  Session& session = StartDevice({.virtio = kPlainVirtio | kEventIdx});
  CompleteOne(session);
  for (const std::uint32_t queue : session.driver()->profile().queues) {
    Require(session.ring(queue).Stop());
  }
  const std::uint64_t plain = session.negotiated().virtio & ~kEventIdx;
  EXPECT_THAT(session.frontend().SetFeatures(plain), Succeeds());
  EXPECT_THAT(session.frontend().SetFeatures(plain | kEventIdx), Succeeds());
}

}  // namespace
}  // namespace vuspec
