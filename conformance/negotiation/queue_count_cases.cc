// GET_QUEUE_NUM and the use of more than one ring.
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

class QueueCount : public ConformanceCase {
 protected:
  // Where virtio-blk tells its number of queues.
  static constexpr std::uint32_t kBlkNumQueues = 34;
  // A request of the disk on any of its rings.
  void CompleteOn(Session& session, std::uint32_t queue) {
    const IoRequest request = Require(session.MakeRequest());
    Require(Perform(session, queue, request));
  }
};

constexpr std::uint64_t kMq = Mask(ProtocolFeature::MQ);
constexpr std::uint64_t kBit30 = Mask(VirtioFeature::PROTOCOL_FEATURES);
constexpr Needs kNeedsMq = {.virtio = kBit30, .protocol = kMq};
constexpr Needs kTwoDiskQueues = {
    .virtio = kBit30, .protocol = kMq, .queues = 2, .device = "blk"};

CONFORMANCE_CASE(QueueCount, IsAtLeastOne, .cites = {Req::MQ_01},
                 .needs = {.virtio = kBit30, .protocol = kMq, .queues = 0},
                 .open = {protocol::Ambiguity::kReplyList}) {
  EXPECT_GE(Require(StartSession().frontend().GetQueueNum()), 1u);
}

CONFORMANCE_CASE(QueueCount, IsToldBeforeMqIsSet,
                 .cites = {Req::MQ_01, Req::MQ_02}, .needs = kNeedsMq,
                 .open = {Ambiguity::kQueueCountGate}) {
  RawFrontend& raw = *ConnectRaw().operator->();
  Ask(raw, HeaderOf(Request::GET_PROTOCOL_FEATURES));
  EXPECT_THAT(Ask(raw, HeaderOf(Request::GET_QUEUE_NUM)), IsReplied());
}

CONFORMANCE_CASE(QueueCount, IsToldAlthoughMqIsNotSet, .cites = {Req::MQ_02},
                 .needs = kNeedsMq, .open = {Ambiguity::kQueueCountGate}) {
  Session& session = StartSession({.protocol = kPlainProtocol & ~kMq});
  const auto header = HeaderOf(Request::GET_QUEUE_NUM);
  EXPECT_THAT(Ask(Raw(session), header), IsReplied());
}

CONFORMANCE_CASE(QueueCount, IsTheSameEveryTime, .cites = {Req::MQ_01},
                 .needs = kNeedsMq) {
  Session& session = StartSession();
  const std::uint64_t count = Require(session.frontend().GetQueueNum());
  Require(session.StartRing(0));
  EXPECT_EQ(Require(session.frontend().GetQueueNum()), count);
}

CONFORMANCE_CASE(QueueCount, LastRingCanBeSetUp, .cites = {Req::MQ_03},
                 .needs = kNeedsMq) {
  EXPECT_THAT(StartSession().StartRing(LastRing()), Succeeds());
}

CONFORMANCE_CASE(QueueCount, LastRingCompletesRequests,
                 .cites = {Req::MQ_03, Req::MQ_09}, .needs = kTwoDiskQueues) {
  Session& session = StartDevice();
  Require(session.StartRing(LastRing()));
  CompleteOn(session, LastRing());
  CompleteOn(session, 0);
}

CONFORMANCE_CASE(QueueCount, EveryRingCompletesRequests,
                 .cites = {Req::MQ_03, Req::MQ_05}, .needs = kTwoDiskQueues) {
  Session& session = StartSession();
  for (std::uint32_t i = 0; i <= LastRing(); ++i) Require(session.StartRing(i));
  for (std::uint32_t i = 0; i <= LastRing(); ++i) CompleteOn(session, i);
}

CONFORMANCE_CASE(QueueCount, SetUpOfTwoRingsMayInterleave,
                 .cites = {Req::MQ_05}, .needs = kTwoDiskQueues) {
  Session& session = StartSession();
  SessionRing& first = *Require(session.MakeRing(0, {.size = 64}));
  SessionRing& second = *Require(session.MakeRing(1, {.size = 128}));
  Frontend& frontend = session.frontend();
  Require(frontend.SetVringNum(0, 64));
  Require(second.Configure());
  Require(first.Configure());
  Require(second.Start());
  Require(first.Start());
  Require(first.Enable(true));
  Require(second.Enable(true));
  CompleteOn(session, 1);
  CompleteOn(session, 0);
}

CONFORMANCE_CASE(QueueCount, StoppingOneRingLeavesTheOtherRunning,
                 .cites = {Req::MQ_05}, .needs = kTwoDiskQueues) {
  Session& session = StartDevice();
  SessionRing& second = *Require(session.StartRing(1));
  CompleteOn(session, 1);
  Require(second.Stop());
  CompleteOn(session, 0);
}

CONFORMANCE_CASE(QueueCount, DisablingOneRingLeavesTheOtherRunning,
                 .cites = {Req::MQ_05}, .needs = kTwoDiskQueues) {
  Session& session = StartDevice();
  SessionRing& second = *Require(session.StartRing(1));
  CompleteOn(session, 1);
  Require(second.Enable(false));
  CompleteOn(session, 0);
}

CONFORMANCE_CASE(QueueCount, OnlyTheSecondRingCanBeUsed, .cites = {Req::MQ_09},
                 .needs = kTwoDiskQueues) {
  Session& session = StartSession();
  Require(session.StartRing(1));
  CompleteOn(session, 1);
}

CONFORMANCE_CASE(QueueCount, AgreesWithTheConfigurationOfADisk,
                 .cites = {Req::MQ_08, Req::MQ_11},
                 .needs = {.virtio = kBit30 | std::uint64_t{1} << 12,
                           .protocol = kMq | Mask(ProtocolFeature::CONFIG),
                           .device = "blk"}) {
  Frontend& frontend = StartSession().frontend();
  const auto config = Require(frontend.GetConfig(0, kBlkNumQueues + 2));
  const std::uint32_t count =
      config.bytes[kBlkNumQueues] + 256u * config.bytes[kBlkNumQueues + 1];
  EXPECT_EQ(Require(frontend.GetQueueNum()), count);
}

CONFORMANCE_CASE(QueueCount, RingBeyondItIsRefused,
                 .cites = {Req::VNUM_07, Req::ACK_03},
                 .needs = {.virtio = kBit30,
                           .protocol = kMq | Mask(ProtocolFeature::REPLY_ACK)},
                 .open = {Ambiguity::kQueueCount}) {
  const VringState beyond = {RingCount(), 256};
  EXPECT_THAT(
      Provoke(StartSession(), MakeRequest(Request::SET_VRING_NUM, beyond)),
      IsRefused());
}

}  // namespace
}  // namespace vuspec
