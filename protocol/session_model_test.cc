#include "protocol/session_model.h"

#include "gmock/gmock.h"
#include "protocol/codec.h"
#include "protocol/session_test_support.h"

namespace vuspec::protocol {
namespace {

using testing::Optional;

TEST(SessionModel, EveryRowIsRefusedBeforeItsGateAndOpensWithIt) {
  for (const MessageSpec& spec : AllMessages(Channel::kMain)) {
    SCOPED_TRACE(spec.name);
    SessionModel open = Opened();
    EXPECT_FALSE(open.CheckGate(spec)) << Text(open.CheckGate(spec));
    const Gate& gate = spec.gate;
    if (gate.protocol_negotiated != 0) {
      open.ApplyRequest(MakeRequest(
          Request::SET_PROTOCOL_FEATURES,
          U64{kDefinedProtocolFeatures & ~gate.protocol_negotiated}));
      const auto wrong = open.CheckGate(spec);
      ASSERT_TRUE(wrong);
      EXPECT_EQ(wrong->relation, Relation::kNotNegotiated);
      EXPECT_EQ(wrong->req, spec.gate_cites.value_or(spec.cites));
      EXPECT_EQ(wrong->actual, gate.protocol_negotiated);
    }
    if (gate.virtio_negotiated != 0) {
      SessionModel without = Opened();
      without.ApplyRequest(
          MakeRequest(Request::SET_FEATURES, U64{~gate.virtio_negotiated}));
      ASSERT_TRUE(without.CheckGate(spec));
      EXPECT_EQ(without.CheckGate(spec)->relation, Relation::kNotNegotiated);
    }
    if ((gate.virtio_offered | gate.protocol_offered) != 0) {
      SessionModel without(DeviceLimits{.virtio_features = 0,
                                        .protocol_features = 0,
                                        .device = DeviceKind::kGpu});
      without.ApplyRequest(MakeRequest(Request::SET_OWNER));
      without.ApplyRequest(
          MakeRequest(Request::SET_FEATURES, U64{gate.virtio_negotiated}));
      ASSERT_TRUE(without.CheckGate(spec));
      EXPECT_EQ(without.CheckGate(spec)->relation, Relation::kNotOffered);
    }
  }
}

TEST(SessionModel, EveryBackendRowNeedsItsFeaturesAndTheChannel) {
  for (const MessageSpec& spec : AllMessages(Channel::kBackend)) {
    SCOPED_TRACE(spec.name);
    const SessionModel open = Opened();
    EXPECT_FALSE(open.CheckGate(spec)) << Text(open.CheckGate(spec));
    for (unsigned bit = 0; bit < 64; ++bit) {
      if (((spec.gate.protocol_negotiated >> bit) & 1) == 0) continue;
      SessionModel model = Opened();
      model.ApplyRequest(MakeRequest(
          Request::SET_PROTOCOL_FEATURES,
          U64{kDefinedProtocolFeatures & ~(std::uint64_t{1} << bit)}));
      ASSERT_TRUE(model.CheckGate(spec)) << bit;
      EXPECT_EQ(model.CheckGate(spec)->req, Req::BCH_05);
    }
    EXPECT_TRUE(
        Has(spec.gate.protocol_negotiated, ProtocolFeature::BACKEND_REQ));
  }
}

TEST(SessionModel, OnlyNegotiationMayPrecedeSetOwner) {
  SessionModel model = Negotiated();
  for (const MessageSpec& spec : AllMessages(Channel::kMain)) {
    SCOPED_TRACE(spec.name);
    const auto wrong = model.CheckGate(spec);
    if (spec.phase == Phase::kNegotiation) {
      EXPECT_FALSE(wrong) << Text(wrong);
    } else {
      ASSERT_TRUE(wrong);
      EXPECT_EQ(wrong->req, Req::OWN_08);
    }
  }
  EXPECT_FALSE(model.owned());
  Send(model, Request::SET_OWNER);
  EXPECT_TRUE(model.owned());
  EXPECT_FALSE(model.CheckGate(Spec(Request::SET_VRING_NUM)));
}

TEST(SessionModel, OffersThatARememberingFrontEndTookAreOffered) {
  SessionModel model;
  EXPECT_TRUE(model.CheckGate(Spec(Request::GET_QUEUE_NUM)));
  model.ApplyRequest(MakeRequest(Request::SET_PROTOCOL_FEATURES,
                                 U64{Mask(ProtocolFeature::MQ)}));
  EXPECT_FALSE(model.CheckGate(Spec(Request::GET_QUEUE_NUM)));
}

TEST(SessionModel, GpuMessagesAreForGpus) {
  SessionModel model{DeviceLimits{}};
  model.ApplyRequest(MakeRequest(Request::SET_OWNER));
  EXPECT_EQ(Refused(model, MakeRequest(Request::GPU_SET_SOCKET, {}, 1)),
            Req::GPU_01);
}

TEST(SessionModel, ABodyMustHaveTheNegotiatedLayout) {
  SessionModel model = Opened();
  EXPECT_EQ(Refused(model, MakeRequest(Request::SET_LOG_BASE, U64{8})),
            Req::LOG_04);
  EXPECT_EQ(Refused(model, MakeRequest(Request::SET_LOG_BASE, Log{8, 0}, 1)),
            std::nullopt);
  EXPECT_EQ(Refused(model, MakeRequest(Request::SET_VRING_NUM, U64{8})),
            Req::VNUM_08);
  EXPECT_EQ(Refused(model, MakeRequest(Request::SET_MEM_TABLE, MemoryTable{})),
            Req::MEM_17)
      << "XEN_MMAP is negotiated here";
}

TEST(SessionModel, RingsLiveByTwoBitsThatDoNotDependOnEachOther) {
  for (const bool enable_first : {false, true}) {
    SessionModel model = WithMemory();
    EXPECT_FALSE(model.ring(0).started);
    EXPECT_FALSE(model.ring(0).enabled);
    Configure(model, 0);
    if (enable_first) Send(model, Request::SET_VRING_ENABLE, VringState{0, 1});
    EXPECT_TRUE(model.suspended());
    Kick(model, 0);
    EXPECT_TRUE(model.ring(0).started);
    EXPECT_EQ(model.ring(0).enabled, enable_first);
    EXPECT_FALSE(model.suspended());
    Kick(model, 0);  // replaces the descriptor
    Send(model, Request::SET_VRING_ENABLE, VringState{0, 1});
    Send(model, Request::SET_VRING_ENABLE, VringState{0, 1});
    EXPECT_TRUE(model.ring(0).enabled);
    Stop(model, 0, 17);
    EXPECT_FALSE(model.ring(0).started);
    EXPECT_TRUE(model.ring(0).enabled) << "stopping does not disable";
    EXPECT_EQ(model.ring(0).base, 17u);
    EXPECT_EQ(model.ring(0).size, 256u) << "stopping keeps what was set";
    EXPECT_TRUE(model.suspended());
    Stop(model, 0, 17);  // asking twice is fine
    EXPECT_TRUE(model.suspended());
    Kick(model, 0);
    Send(model, Request::SET_VRING_ENABLE, VringState{0, 0});
    EXPECT_TRUE(model.ring(0).started) << "disabling does not stop";
    EXPECT_FALSE(model.ring(0).enabled);
    EXPECT_EQ(model.CheckInvariants(), "");
  }
}

TEST(SessionModel, StoppingOneRingLeavesTheOthersRunning) {
  SessionModel model = WithMemory();
  for (const std::uint32_t index : {0u, 1u}) {
    Configure(model, index);
    Kick(model, index);
  }
  Stop(model, 0, 0);
  EXPECT_TRUE(model.ring(1).started);
  EXPECT_FALSE(model.suspended());
}

TEST(SessionModel, InbandKicksStartARing) {
  SessionModel model = WithMemory();
  EXPECT_EQ(Refused(model, MakeRequest(Request::VRING_KICK, VringState{0, 0})),
            Req::KICK_13);
  Configure(model, 0);
  EXPECT_EQ(Refused(model, MakeRequest(Request::VRING_KICK, VringState{0, 1})),
            Req::INB_03);
  Send(model, Request::VRING_KICK, VringState{0, 0});
  EXPECT_TRUE(model.ring(0).started);
}

TEST(SessionModel, FeaturesWithoutBit30EnableAllRings) {
  SessionModel model = WithMemory();
  Send(model, Request::SET_FEATURES,
       U64{Mask(VirtioFeature::PROTOCOL_FEATURES)});
  EXPECT_FALSE(model.ring(3).enabled);
  Send(model, Request::SET_FEATURES, U64{Mask(VirtioFeature::VERSION_1)});
  for (std::uint32_t i = 0; i < kVringCountMax; ++i) {
    ASSERT_TRUE(model.ring(i).enabled) << i;
  }
  Send(model, Request::SET_FEATURES,
       U64{Mask(VirtioFeature::PROTOCOL_FEATURES)});
  EXPECT_TRUE(model.ring(3).enabled) << "bit 30 leaves them as they are";
}

TEST(SessionModel, RunningRingsAllowOnlyTheLogBitToChange) {
  SessionModel model = WithMemory();
  Configure(model, 0);
  Kick(model, 0);
  const std::uint64_t now = *model.features();
  const std::uint64_t log = Mask(VirtioFeature::LOG_ALL);
  Send(model, Request::SET_FEATURES, U64{now ^ log});
  Send(model, Request::SET_FEATURES, U64{now});
  const Message other = MakeRequest(Request::SET_FEATURES,
                                    U64{now ^ Mask(VirtioFeature::EVENT_IDX)});
  EXPECT_EQ(Refused(model, other), Req::FEAT_12);
  Stop(model, 0, 0);
  EXPECT_EQ(Refused(model, other), std::nullopt);
}

TEST(SessionModel, RunningRingsKeepTheirSizeBaseEndianAndAddresses) {
  SessionModel model = WithMemory();
  Configure(model, 0);
  Kick(model, 0);
  VringAddr addr = *model.ring(0).addresses;
  const auto refused = [&](Request request, Body body) {
    return Refused(model, MakeRequest(request, std::move(body)));
  };
  EXPECT_EQ(refused(Request::SET_VRING_NUM, VringState{0, 256}), Req::RING_16);
  EXPECT_EQ(refused(Request::SET_VRING_BASE, VringState{0, 0}), Req::RING_16);
  EXPECT_EQ(refused(Request::SET_VRING_ENDIAN, VringState{0, 0}), Req::RING_16);
  addr.flags ^= 1;
  addr.log = 0x1000;
  EXPECT_EQ(refused(Request::SET_VRING_ADDR, addr), std::nullopt);
  addr.used += 4096;
  EXPECT_EQ(refused(Request::SET_VRING_ADDR, addr), Req::RING_16);
  EXPECT_EQ(refused(Request::SET_VRING_NUM, VringState{1, 256}), std::nullopt)
      << "another ring, which is stopped";
}

TEST(SessionModel, AppliedWithoutCheckItStillStands) {
  // A mock with a fault carries out what it should have refused.
  SessionModel model;
  model.ApplyRequest(MakeRequest(Request::SET_VRING_KICK, U64{0}, 1));
  EXPECT_EQ(model.CheckInvariants(), "a ring is started without a size");
  model.CheckRequest(MakeRequest(Request::SET_VRING_ADDR, VringAddr{}));
  model.ApplyRequest(MakeRequest(Request::SET_OWNER));
  EXPECT_EQ(Refused(model, MakeRequest(Request::SET_VRING_ADDR,
                                       VringAddr{.descriptor = 16})),
            Req::RING_16);
}

TEST(SessionModel, ResetsDisableAndDoNotStop) {
  for (const Request reset : {Request::RESET_DEVICE, Request::RESET_OWNER}) {
    SessionModel model = WithMemory();
    Configure(model, 0);
    Send(model, Request::SET_VRING_ENABLE, VringState{0, 1});
    Kick(model, 0);
    Send(model, Request::SET_STATUS, U64{15});
    Send(model, reset);
    EXPECT_FALSE(model.ring(0).enabled);
    EXPECT_TRUE(model.ring(0).started);
    EXPECT_TRUE(model.owned());
    EXPECT_NE(model.protocol_features(), 0u);
    EXPECT_EQ(model.status(), reset == Request::RESET_DEVICE ? 0 : 15);
  }
}

TEST(SessionModel, RepliesTeachWhatTheDeviceCanDo) {
  SessionModel model;
  Ask(model, Request::GET_FEATURES, U64{0x140000000});
  EXPECT_THAT(model.limits().virtio_features, Optional(0x140000000u));
  Ask(model, Request::GET_PROTOCOL_FEATURES, U64{9});
  EXPECT_THAT(model.limits().protocol_features, Optional(9u));
  Ask(model, Request::GET_QUEUE_NUM, U64{3});
  EXPECT_EQ(model.limits().queue_count, 3u);
  Ask(model, Request::GET_QUEUE_NUM, U64{1000});
  EXPECT_EQ(model.limits().queue_count, kVringCountMax);
  Ask(model, Request::GET_MAX_MEM_SLOTS, U64{509});
  EXPECT_EQ(model.limits().slot_count, 509u);
  const Message request = MakeRequest(Request::GET_FEATURES);
  EXPECT_EQ(model.CheckReply(request, MakeReply(request, U64{1}))->req,
            Req::FEAT_02);
}

}  // namespace
}  // namespace vuspec::protocol
