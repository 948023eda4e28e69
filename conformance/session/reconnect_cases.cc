// One session after the other: nothing of the first is left in the second,
// whenever and however the first ended.
#include "conformance/device/blk_verbs.h"
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"
#include "conformance/ring/disabled_ring.h"
#include "harness/device/buffers.h"

namespace vuspec {
namespace {

using protocol::MakeRequest;
using protocol::Message;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;
using protocol::U64;

class Reconnect : public DisabledRingCase {};

constexpr std::uint64_t kReplyAck = Mask(ProtocolFeature::REPLY_ACK);
constexpr std::uint64_t kStatus = Mask(ProtocolFeature::STATUS);

CONFORMANCE_CASE(Reconnect, NeedReplyIsOffAgain,
                 .cites = {Req::PF_19, Req::HDR_26},
                 .needs = {.protocol = kReplyAck}) {
  Session& session = StartSession();
  Require(session.frontend().SetVringNum(0, 64));
  Disconnect();
  RawConnection& raw = ConnectRaw();
  EXPECT_THAT(Ask(*raw.operator->(), Asking(MakeRequest(Request::SET_OWNER))),
              IsSilent());
}

CONFORMANCE_CASE(Reconnect, RingsAreDisabledAgain,
                 .cites = {Req::HDR_26, Req::RING_01},
                 .needs = {
                     .virtio = Mask(protocol::VirtioFeature::PROTOCOL_FEATURES),
                     .device = "blk"}) {
  StartDevice();
  Disconnect();
  Session& session = StartSession();
  ExpectWriteHasNoEffect(session,
                         *Require(session.StartRing(0, {.enable = false})));
}

CONFORMANCE_CASE(Reconnect, RingsBeginAtZeroAgain,
                 .cites = {Req::HDR_26, Req::VBASE_09},
                 .needs = {.device = "blk"}) {
  CompleteOne(StartDevice({}, {.base = 5}));
  Disconnect();
  Session& session = StartSession();
  SessionRing& ring = *Require(session.MakeRing(0));
  Require(session.frontend().SetVringNum(0, ring.options().size));
  Require(session.frontend().SetVringAddr(ring.Addresses()));
  Require(session.frontend().SetVringCall(0, ring.call().fd()));
  Require(ring.Start());
  Require(ring.Enable(true));
  CompleteOne(session);
}

CONFORMANCE_CASE(Reconnect, TheStatusIsZeroAgain,
                 .cites = {Req::HDR_26, Req::STAT_01},
                 .needs = {.protocol = kStatus}) {
  StartSession({.protocol = kPlainProtocol | kStatus});
  Disconnect();
  Session& session = StartSession();
  const std::uint64_t features = session.negotiated().protocol | kStatus;
  Require(session.frontend().SetProtocolFeatures(features));
  EXPECT_EQ(Require(session.frontend().GetStatus()), 0);
}

CONFORMANCE_CASE(Reconnect, WorksAfterAnEndAtAnyStepOfTheHandshake,
                 .cites = {Req::HDR_25, Req::HDR_26}, .needs = {.io = true}) {
  const std::vector<Message> steps = {
      MakeRequest(Request::SET_OWNER), MakeRequest(Request::GET_FEATURES),
      MakeRequest(Request::GET_PROTOCOL_FEATURES),
      MakeRequest(Request::SET_PROTOCOL_FEATURES, U64{kReplyAck}),
      MakeRequest(Request::SET_FEATURES, U64{kPlainVirtio})};
  for (std::size_t count = 0; count <= steps.size(); ++count) {
    RawConnection& raw = ConnectRaw();
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_TRUE(raw->Send(steps[i], {}, CurrentRun().ForAnswer()).ok());
    }
    Disconnect();
  }
  ExpectVerifiedIo(StartSession());
}

CONFORMANCE_CASE(Reconnect, WorksAfterAnEndAtAnyStepOfTheRingSetUp,
                 .cites = {Req::HDR_25, Req::HDR_26}, .needs = {.io = true}) {
  for (int count = 0; count < 5; ++count) {
    Session& session = StartSession();
    SessionRing& ring = *Require(session.MakeRing(0));
    if (count > 0) Require(session.frontend().SetVringNum(0, 128));
    if (count > 1) Require(session.frontend().SetVringAddr(ring.Addresses()));
    if (count > 2) Require(session.frontend().SetVringBase(0, 0));
    if (count > 3) Require(ring.Start());
    Disconnect();
  }
  ExpectVerifiedIo(StartSession());
}

CONFORMANCE_CASE(Reconnect, WorksAfterAnEndUnderLoad,
                 .cites = {Req::HDR_25, Req::HDR_26}, .needs = {.io = true}) {
  for (int round = 0; round < 8; ++round) {
    Session& session = StartDevice();
    for (int i = 0; i < 32; ++i) PostOne(session);
    Disconnect();
  }
  ExpectVerifiedIo(StartSession());
}

CONFORMANCE_CASE(Reconnect, EverySessionHasItsOwnMemory,
                 .cites = {Req::HDR_26, Req::MEM_05}, .needs = {.io = true}) {
  for (const std::uint64_t address :
       {0x1000'0000u, 0x4000'0000u, 0x1000'0000u}) {
    Session& session = StartSession(
        {.regions = {{.guest_address = address, .size = 8u << 20}}});
    ExpectVerifiedIo(session);
    Disconnect();
  }
}

CONFORMANCE_CASE(Reconnect, ASecondConnectionDoesNotDisturbTheFirst,
                 .cites = {Req::HDR_39}, .needs = {.io = true}) {
  Session& session = StartDevice();
  CompleteOne(session);
  auto beside = ConnectBeside();
  CompleteOne(session);
  beside.reset();
  CompleteOne(session);
  EXPECT_THAT(session.frontend().Fence(), Succeeds());
}

CONFORMANCE_CASE(Reconnect, TheDiskOutlivesTheSession,
                 .cites = {Req::HDR_26, Req::BLK_10},
                 .needs = {.device = "blk"}) {
  Session& first = StartDevice();
  BlkParts write = MakeBlkParts(first.memory(), kBlkOut, 12, kSectorSize);
  FillPattern(write.data.bytes, seed());
  ASSERT_EQ(StatusOf(IoRing(first), write), kBlkOk);
  Disconnect();
  Session& second = StartDevice();
  ExpectSectorHolds(second, IoRing(second), 12, seed());
}

// What was refused leaves nothing in the way of the next set-up.
CONFORMANCE_CASE(Reconnect, WorksAfterARefusal,
                 .cites = {Req::HDR_26, Req::HDR_31}, .needs = {.io = true}) {
  Session& session = StartSession();
  const Outcome outcome = Provoke(
      session, MakeRequest(Request::SET_VRING_NUM, protocol::VringState{0, 3}));
  if (!outcome.closed) ExpectVerifiedIo(session);
  Disconnect();
  ExpectVerifiedIo(StartSession());
}

}  // namespace
}  // namespace vuspec
