// Probes about answers, negotiation, device state and sessions.
#include <algorithm>
#include <functional>
#include <span>
#include <vector>

#include "harness/backend/blk_device.h"
#include "harness/backend/fault_probe.h"
#include "harness/backend/offer.h"
#include "harness/backend/test_frontend.h"
#include "protocol/header.h"

namespace vuspec {
namespace {

using protocol::Config;
using protocol::Request;
using protocol::U64;
using protocol::VirtioFeature;
using protocol::VringState;

constexpr std::uint32_t kAsk = protocol::kVersion | protocol::kNeedReplyFlag;

Config ConfigRange(std::uint32_t offset, std::uint32_t size) {
  return {.offset = offset, .size = size, .flags = 0, .bytes = {}};
}

bool RepliesAreWellFormed(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Send(Request::GET_FEATURES, {}, {}, kAsk);
  const TestAnswer answer = frontend.Await();
  return answer.header.request == 1 &&
         answer.header.flags == (protocol::kVersion | protocol::kReplyFlag) &&
         answer.header.size == 8 && answer.fds.empty() && frontend.Fence();
}

bool RepliesComeOnce(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  frontend.Send(Request::GET_QUEUE_NUM, {}, {}, kAsk);
  const bool right = frontend.Await().u64() == BlkDevice::kQueueCount;
  const TestAnswer next = frontend.Ask(Request::GET_FEATURES);
  return right && next.header.request == 1;
}

bool RepliesNeedNoAsking(const TestServer& server) {
  TestFrontend frontend(server);
  return frontend.Fence() && frontend.Fence();
}

bool AcksAreRight(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  const TestAnswer good = frontend.Tell(Request::SET_OWNER);
  if (good.payload.size() != 8 || good.u64() != 0 || !frontend.Fence()) {
    return false;
  }
  const TestAnswer bad =
      frontend.Tell(Request::SET_VRING_NUM, VringState{99, 8});
  return bad.payload.size() == 8 && bad.u64() != 0 && frontend.Fence();
}

bool AcksOnlyWhenAsked(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Send(Request::SET_OWNER, {}, {}, kAsk);
  if (!frontend.Fence()) return false;  // not negotiated: no ack
  frontend.Negotiate();
  frontend.Send(Request::SET_OWNER);
  return frontend.Fence();
}

bool ClosesWhatItGets(const TestServer& server) {
  absl::StatusOr<Pipe> pipe = Pipe::Create();
  TestFrontend frontend(server);
  frontend.Begin();
  // Surplus, refused, and replaced, in this order.
  frontend.Tell(Request::SET_OWNER, {}, {pipe->write_fd()});
  frontend.Tell(Request::SET_VRING_CALL, U64{77}, {pipe->write_fd()});
  for (const Request each : {Request::SET_VRING_KICK, Request::SET_VRING_CALL,
                             Request::SET_VRING_ERR}) {
    frontend.Tell(each, U64{0}, {pipe->write_fd()});
    frontend.Tell(each, U64{0}, {frontend.ring(0).call.fd()});
  }
  pipe->CloseWriteEnd();
  return frontend.Fence() && pipe->HungUp();
}

bool LetsGoAtTheEnd(const TestServer& server) {
  absl::StatusOr<Pipe> pipe = Pipe::Create();
  {
    TestFrontend frontend(server);
    frontend.Begin();
    frontend.Tell(Request::SET_VRING_CALL, U64{0}, {pipe->write_fd()});
    pipe->CloseWriteEnd();
  }
  return TestFrontend(server).Fence() && pipe->HungUp();
}

bool SessionsStartAfresh(const TestServer& server) {
  {
    TestFrontend frontend(server);
    frontend.Begin();
    frontend.Tell(Request::SET_STATUS, U64{0xf});
    frontend.PostRead();
    frontend.Reap();
    frontend.Ask(Request::GET_VRING_BASE, VringState{0, 0});
  }
  TestFrontend frontend(server);
  frontend.Send(Request::SET_OWNER, {}, {}, kAsk);
  if (!frontend.Fence()) return false;
  frontend.Negotiate();
  if (frontend.Ask(Request::GET_STATUS).u64() != 0) return false;
  if (frontend.Ask(Request::GET_VRING_BASE, VringState{0, 0}).state().num !=
      0) {
    return false;
  }
  frontend.ShareMemory();
  frontend.Prepare(0);
  frontend.Kick(0);
  frontend.PostRead();
  return frontend.Idle();
}

bool ConfigIsRight(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  const TestAnswer whole =
      frontend.Ask(Request::GET_CONFIG, ConfigRange(0, 60));
  const TestAnswer part = frontend.Ask(Request::GET_CONFIG, ConfigRange(12, 4));
  if (whole.payload.size() != 72 || part.payload.size() != 16) return false;
  if (part.payload[0] != std::byte{12} || part.payload[4] != std::byte{4} ||
      part.payload[12] != std::byte{126}) {
    return false;
  }
  const TestAnswer beyond =
      frontend.Ask(Request::GET_CONFIG, ConfigRange(56, 8));
  if (!beyond.payload.empty()) return false;
  Config write = ConfigRange(BlkDevice::kWritebackOffset, 1);
  if (frontend.Tell(Request::SET_CONFIG, write).refused()) return false;
  const TestAnswer after =
      frontend.Ask(Request::GET_CONFIG, ConfigRange(32, 1));
  return after.payload.size() == 13 && after.payload[12] == std::byte{0};
}

bool StatusIsRight(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  frontend.Tell(Request::SET_STATUS, U64{0xb});
  if (frontend.Ask(Request::GET_STATUS).u64() != 0xb) return false;
  frontend.ShareMemory();
  frontend.Prepare(0);
  frontend.Kick(0);
  frontend.Enable(0);
  frontend.PostRead();
  if (!frontend.Idle()) return false;
  frontend.Tell(Request::SET_STATUS, U64{0});
  if (frontend.Ask(Request::GET_STATUS).u64() != 0) return false;
  frontend.Ask(Request::GET_VRING_BASE, VringState{0, 0});
  frontend.Send(Request::SET_FEATURES, U64{0});
  frontend.Tell(Request::SET_STATUS, U64{0xb});
  return frontend.Ask(Request::GET_STATUS).u64() == 0x3;
}

bool ResetIsRight(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Begin();
  frontend.Tell(Request::SET_STATUS, U64{0xf});
  frontend.Tell(Request::SET_CONFIG,
                ConfigRange(BlkDevice::kWritebackOffset, 1));
  if (frontend.Tell(Request::RESET_DEVICE).refused()) return false;
  if (frontend.Ask(Request::GET_STATUS).u64() != 0) return false;
  const TestAnswer config =
      frontend.Ask(Request::GET_CONFIG, ConfigRange(32, 1));
  if (config.payload.size() != 13 || config.payload[12] != std::byte{1}) {
    return false;
  }
  if (frontend.Tell(Request::SET_STATUS, U64{0xf}).refused()) return false;
  frontend.PostRead();
  return frontend.Idle();
}

bool OffersWhatItHas(const TestServer& server) {
  TestFrontend frontend(server);
  const std::uint64_t features = frontend.Ask(Request::GET_FEATURES).u64();
  return features == frontend.Ask(Request::GET_FEATURES).u64() &&
         Has(features, VirtioFeature::PROTOCOL_FEATURES) &&
         Has(features, VirtioFeature::VERSION_1) &&
         frontend.Ask(Request::GET_PROTOCOL_FEATURES).u64() ==
             OfferedProtocolFeatures(*MakeMockDevice("blk"), FaultSet()) &&
         frontend.Ask(Request::GET_QUEUE_NUM).u64() == BlkDevice::kQueueCount;
}

bool OwnerComesInEitherOrder(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Send(Request::SET_OWNER);
  return frontend.Fence();
}

bool FeaturesMayComeAgain(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  return !frontend.Tell(Request::SET_FEATURES, U64{TestFrontend::kFeatures})
              .refused();
}

bool ResetOwnerKeepsRings(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Begin();
  if (frontend.Tell(Request::RESET_OWNER).refused()) return false;
  frontend.Enable(0);  // the one thing that it may do is to disable
  frontend.PostRead();
  return frontend.Reap().has_value();
}

// A completion tells that the mock has looked at the half and gone on.
bool PiecesMakeAMessage(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Begin();
  const auto bytes = protocol::EncodeHeader({1, protocol::kVersion, 0});
  const auto halves = std::span(bytes);
  frontend.SendBytes(halves.first(6));
  frontend.PostRead();
  if (!frontend.Reap()) return false;
  frontend.SendBytes(halves.subspan(6));
  return frontend.Await().header.request == 1;
}

bool OwnerIsNeeded(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Send(Request::SET_PROTOCOL_FEATURES,
                U64{TestFrontend::kProtocolFeatures});
  return frontend.Tell(Request::SET_FEATURES, U64{TestFrontend::kFeatures})
      .refused();
}

bool SecondConnectionWaits(const TestServer& server) {
  TestFrontend first(server);
  if (!first.Fence()) return false;
  TestFrontend second(server);
  return first.Fence() && first.Fence();
}

}  // namespace

std::vector<ProbedFaults> SessionProbes() {
  using F = Fault;
  return {
      {RepliesAreWellFormed,
       {F::kReplyFlagMissing, F::kReplyVersionMissing, F::kReplyVersionTwo,
        F::kReplyReservedFlagSet, F::kReplyKeepsNeedReply, F::kReplyIdWrong,
        F::kReplyIdZero, F::kReplySizeFieldZero, F::kReplySizeFieldTooLarge,
        F::kReplyTooLong, F::kReplyTooShort, F::kReplyCarriesFd, F::kFloodsFds,
        F::kNeverAnswers, F::kClosesAfterMessage}},
      {RepliesComeOnce, {F::kReplySentTwice, F::kReplyAndAck}},
      {RepliesNeedNoAsking, {F::kReplyOnlyIfAsked}},
      {AcksAreRight,
       {F::kAckMissing, F::kAckSentTwice, F::kAckOf4Bytes, F::kAckEmpty,
        F::kAckBeforeEffect, F::kSuccessNacked, F::kRefusalAcked,
        F::kRefusalUnanswered, F::kRingIndexNotChecked, F::kRingIndexWraps}},
      {AcksOnlyWhenAsked,
       {F::kAckWithoutNeedReply, F::kAckWithoutNegotiation, F::kOwnerAnswered}},
      {FeaturesMayComeAgain, {F::kSecondFeaturesRefused}},
      {ResetOwnerKeepsRings, {F::kResetOwnerStopsRings}},
      {ClosesWhatItGets,
       {F::kSurplusFdsLeaked, F::kUnusedFdsLeaked, F::kReplacedKickFdLeaked,
        F::kReplacedCallFdLeaked, F::kReplacedErrFdLeaked}},
      {LetsGoAtTheEnd, {F::kFdsLeakedAtDisconnect, F::kOneSessionOnly}},
      {SessionsStartAfresh,
       {F::kProtocolFeaturesOutliveSession, F::kEnabledOutlivesSession,
        F::kBaseOutlivesSession, F::kStatusOutlivesSession}},
      {ConfigIsRight,
       {F::kConfigOffsetIgnored, F::kConfigOffsetNotEchoed,
        F::kConfigAlwaysWhole, F::kConfigBigEndian, F::kConfigReadPastEnd,
        F::kPartialConfigRefused, F::kConfigWriteLost}},
      {StatusIsRight,
       {F::kStatusNotStored, F::kStatusZeroIgnored, F::kFeaturesOkAlways,
        F::kRunsBeforeDriverOk}},
      {ResetIsRight,
       {F::kResetDeviceIgnored, F::kResetKeepsRingsEnabled,
        F::kResetKeepsStatus, F::kResetKeepsDeviceState,
        F::kResetForgetsProtocolFeatures}},
      {OffersWhatItHas,
       {F::kFeaturesVary, F::kBit30NotOffered, F::kVersion1NotOffered,
        F::kUndefinedProtocolFeatureOffered, F::kUnimplementedFeatureOffered,
        F::kMqNotOffered, F::kPrerequisiteNotOffered, F::kQueueNumZero,
        F::kQueueNumTooLarge, F::kQueueNumNeedsAckedBit,
        F::kProtocolFeaturesNeedAckedBit, F::kFeaturesNeedOwner}},
      {OwnerComesInEitherOrder, {F::kOwnerNeedsFeatures}},
      {PiecesMakeAMessage, {F::kSplitMessageRefused}},
      {OwnerIsNeeded, {F::kOwnerNotChecked}},
      {SecondConnectionWaits, {F::kSecondConnectionReplacesFirst}},
  };
}

}  // namespace vuspec
