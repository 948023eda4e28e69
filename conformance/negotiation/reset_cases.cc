// RESET_DEVICE and RESET_OWNER: what they end and what they leave.
#include "conformance/device/blk_verbs.h"
#include "conformance/kit/case.h"
#include "conformance/ring/disabled_ring.h"
#include "harness/device/blk_requests.h"

namespace vuspec {
namespace {

using protocol::MakeRequest;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;

constexpr std::uint64_t kReset = Mask(ProtocolFeature::RESET_DEVICE);
constexpr std::uint64_t kConfig = Mask(ProtocolFeature::CONFIG);

class ResetDevice : public DisabledRingCase {
 protected:
  Session& StartForReset(std::uint64_t virtio = kPlainVirtio) {
    return StartDevice({.virtio = virtio, .protocol = kPlainProtocol | kReset});
  }
};

CONFORMANCE_CASE(ResetDevice, DisablesEveryRing,
                 .cites = {Req::RST_01, Req::RST_05},
                 .needs = {.protocol = kReset, .device = "blk"}) {
  Session& session = StartForReset();
  SessionRing& ring = IoRing(session);
  CompleteOne(session);
  Require(session.frontend().ResetDevice());
  ExpectWriteHasNoEffect(session, ring);
}

CONFORMANCE_CASE(ResetDevice, LeavesADeviceThatCanBeSetUpAgain,
                 .cites = {Req::RST_02, Req::RST_03},
                 .needs = {.protocol = kReset, .io = true},
                 .open = {protocol::Ambiguity::kResetExtent}) {
  Session& session = StartForReset();
  CompleteOne(session);
  Require(session.frontend().ResetDevice());
  for (const std::uint32_t queue : session.driver()->profile().queues) {
    Require(session.ring(queue).Stop());
  }
  Require(session.frontend().SetFeatures(session.negotiated().virtio));
  Require(session.frontend().SetMemTable(session.memory().regions()));
  Require(session.BringDevice());
  ExpectVerifiedIo(session);
}

CONFORMANCE_CASE(ResetDevice, KeepsTheProtocolFeatures, .cites = {Req::RST_08},
                 .needs = {.protocol = kReset |
                                       Mask(ProtocolFeature::REPLY_ACK)},
                 .open = {protocol::Ambiguity::kResetExtent}) {
  Session& session = StartSession({.protocol = kPlainProtocol | kReset});
  Require(session.frontend().ResetDevice());
  EXPECT_THAT(session.frontend().SetVringNum(0, 64), Succeeds());
}

CONFORMANCE_CASE(ResetDevice, ReturnsTheConfigurationToItsDefault,
                 .cites = {Req::RST_06},
                 .needs = {.virtio = kBlkFeatureFlush | kBlkFeatureConfigWce,
                           .protocol = kReset | kConfig,
                           .device = "blk"}) {
  Session& session =
      StartForReset(kPlainVirtio | kBlkFeatureFlush | kBlkFeatureConfigWce);
  const auto before = Require(session.frontend().GetConfig(32, 1));
  const std::array<std::uint8_t, 1> other = {
      static_cast<std::uint8_t>(before.bytes[0] ^ 1)};
  Require(session.frontend().SetConfig(32, other));
  Require(session.frontend().ResetDevice());
  EXPECT_EQ(Require(session.frontend().GetConfig(32, 1)).bytes[0],
            before.bytes[0]);
}

CONFORMANCE_CASE(ResetDevice, ReturnsTheStatusToZero,
                 .cites = {Req::RST_02, Req::RST_06},
                 .needs = {.protocol = kReset |
                                       Mask(ProtocolFeature::STATUS)}) {
  Session& session = StartSession(
      {.protocol = kPlainProtocol | kReset | Mask(ProtocolFeature::STATUS)});
  Require(session.frontend().ResetDevice());
  EXPECT_EQ(Require(session.frontend().GetStatus()), 0);
}

CONFORMANCE_CASE(ResetDevice, MayNeedItsFeatureNegotiated,
                 .cites = {Req::PF_18},
                 .needs = {.protocol = kReset |
                                       Mask(ProtocolFeature::REPLY_ACK)},
                 .open = {protocol::Ambiguity::kOfferedOrNegotiated}) {
  Session& session = StartSession();
  const Outcome outcome = Provoke(session, MakeRequest(Request::RESET_DEVICE));
  EXPECT_THAT(outcome, IsDecided());
  CurrentCase().AmbigCase("RESET_DEVICE that was offered only: " +
                          ToString(outcome));
}

CONFORMANCE_CASE(ResetDevice, IsRefusedWhereItIsNotOffered,
                 .cites = {Req::RST_04},
                 .needs = {.protocol = Mask(ProtocolFeature::REPLY_ACK)}) {
  if (SkipWhereOffered(ProtocolFeature::RESET_DEVICE)) return;
  EXPECT_THAT(Provoke(StartSession(), MakeRequest(Request::RESET_DEVICE)),
              IsRefused());
}

CONFORMANCE_SUITE(ResetOwner);

CONFORMANCE_CASE(ResetOwner, KeepsTheConnection, .cites = {Req::OWN_06}) {
  Session& session = StartSession();
  EXPECT_THAT(session.frontend().ResetOwner(), Succeeds());
  EXPECT_THAT(session.frontend().Fence(), Succeeds());
}

CONFORMANCE_CASE(ResetOwner, KeepsMemoryAndRings, .cites = {Req::OWN_05},
                 .needs = {
                     .virtio = Mask(protocol::VirtioFeature::PROTOCOL_FEATURES),
                     .io = true}) {
  Session& session = StartDevice();
  CompleteOne(session);
  Require(session.frontend().ResetOwner());
  for (const std::uint32_t queue : session.driver()->profile().queues) {
    Require(session.ring(queue).Enable(true));
  }
  CompleteOne(session);
}

CONFORMANCE_CASE(ResetOwner, KeepsTheRingIndex, .cites = {Req::OWN_05},
                 .needs = {.io = true}) {
  Session& session = StartDevice();
  CompleteOne(session);
  Require(session.frontend().ResetOwner());
  SessionRing& ring = IoRing(session);
  EXPECT_EQ(Require(ring.Stop()).num, ring.avail_index());
}

}  // namespace
}  // namespace vuspec
