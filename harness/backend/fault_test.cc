// Each defect changes what a front-end sees: a probe that the correct mock
// passes fails.
#include <sys/stat.h>

#include <functional>
#include <ostream>

#include "gtest/gtest.h"
#include "harness/backend/blk_device.h"
#include "harness/backend/offer.h"
#include "harness/backend/test_frontend.h"

namespace vuspec {
namespace {

using protocol::Config;
using protocol::Mask;
using protocol::Request;
using protocol::U64;
using protocol::VirtioFeature;
using protocol::VringAddr;
using protocol::VringState;

constexpr std::uint32_t kAsk = protocol::kVersion | protocol::kNeedReplyFlag;

// --- Probes: true for a mock that does what is right. ---

bool RepliesAreWellFormed(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Send(Request::GET_FEATURES, {}, {}, kAsk);
  const TestAnswer answer = frontend.Await();
  return answer.header.request == 1 &&
         answer.header.flags == (protocol::kVersion | protocol::kReplyFlag) &&
         answer.header.size == 8 && answer.fd_count == 0 && frontend.Fence();
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

bool Completes(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Begin();
  for (int i = 0; i < 3; ++i) {
    const std::uint16_t head = frontend.PostRead();
    const auto done = frontend.Reap();
    if (done != Completion{head, 513} || !frontend.Idle()) return false;
  }
  return frontend.memory().CheckCanaries().empty();
}

bool SignalsOnce(const TestServer& server) {
  TestFrontend frontend(server);
  TestRing& ring = frontend.Begin();
  frontend.PostRead();
  return frontend.Fence() && ring.call.TryConsume() == 1;
}

bool FullRingIsServed(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  frontend.ShareMemory();
  frontend.Prepare(0, 4);
  frontend.Enable(0);
  TestRing& ring = frontend.ring(0);
  const auto buffer = frontend.memory().Allocate(17, 16);
  for (int i = 0; i < 4; ++i) {
    // One indirect descriptor each, so that four chains fill the ring.
    const auto head = ring.driver.AddChain(
        std::array{Segment{buffer->guest_address, 16, false},
                   Segment{buffer->guest_address + 16, 1, true}},
        {.indirect = true});
    if (!head.ok()) return false;
  }
  ring.driver.Publish();
  frontend.Kick(0);
  for (int i = 0; i < 4; ++i) {
    if (!frontend.Reap()) return false;
  }
  return true;
}

bool IndexWraps(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  frontend.ShareMemory();
  frontend.Prepare(0);
  frontend.ring(0).driver.StartAt(65535);
  frontend.Send(Request::SET_VRING_BASE, VringState{0, 65535});
  frontend.Kick(0);
  frontend.Enable(0);
  for (int i = 0; i < 3; ++i) {
    frontend.PostRead();
    if (!frontend.Reap()) return false;
  }
  return true;
}

bool PolledRingRuns(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  frontend.ShareMemory();
  frontend.Prepare(0);
  frontend.Enable(0);
  frontend.Tell(Request::SET_VRING_KICK, U64{protocol::kNoFdBit});
  frontend.PostRead();
  return frontend.Reap().has_value();
}

bool StopsAndResumes(const TestServer& server) {
  TestFrontend frontend(server);
  TestRing& ring = frontend.Begin();
  frontend.Prepare(1);
  frontend.Kick(1);
  frontend.Enable(1);
  for (int i = 0; i < 2; ++i) {
    frontend.PostRead();
    if (!frontend.Reap()) return false;
  }
  frontend.Enable(0, false);
  if (!frontend.Fence()) return false;
  const std::uint16_t head = frontend.PostRead();
  const auto base = frontend.Ask(Request::GET_VRING_BASE, VringState{0, 0});
  frontend.Enable(0);
  if (base.state() != VringState{0, 2} || !frontend.Idle()) return false;
  ring.kick.Signal();
  if (!frontend.Idle()) return false;
  frontend.Kick(0);
  const auto done = frontend.Reap();
  if (done != Completion{head, 513} || !frontend.Idle()) return false;
  frontend.PostRead(1);
  return frontend.Reap(1).has_value();
}

bool StopKeepsEnabled(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Begin();
  frontend.Ask(Request::GET_VRING_BASE, VringState{0, 0});
  frontend.Kick(0);
  frontend.PostRead();
  return frontend.Reap().has_value();
}

bool BaseCounts(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  frontend.ShareMemory();
  frontend.Prepare(0);
  frontend.ring(0).driver.StartAt(7);
  frontend.Send(Request::SET_VRING_BASE, VringState{0, 7});
  frontend.Kick(0);
  frontend.Enable(0);
  frontend.PostRead();
  return frontend.Reap().has_value();
}

bool DisabledMeansIdle(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Begin();
  frontend.Enable(0, false);
  if (!frontend.Fence()) return false;
  frontend.PostRead();
  if (!frontend.Idle()) return false;
  frontend.Enable(0);
  const auto done = frontend.Reap();
  return done && done->length == 513;
}

bool KickBeforeEnableCounts(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  frontend.ShareMemory();
  frontend.Prepare(0);
  frontend.Kick(0);
  if (!frontend.Fence()) return false;
  frontend.PostRead();
  if (!frontend.Idle()) return false;
  frontend.Enable(0);
  return frontend.Reap().has_value();
}

bool EnableBeforeKickCounts(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  frontend.ShareMemory();
  frontend.Prepare(0);
  frontend.Enable(0);
  frontend.PostRead();
  if (!frontend.Idle()) return false;
  frontend.ring(0).kick.TryConsume();  // what is there must suffice
  frontend.Kick(0);
  return frontend.Reap().has_value();
}

bool EnableIsForOneRing(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  frontend.ShareMemory();
  frontend.Prepare(1);
  frontend.Kick(1);
  frontend.Enable(0);
  frontend.PostRead(1);
  return frontend.Idle(1);
}

bool Bit30Rules(const TestServer& server) {
  TestFrontend with(server);
  with.Negotiate();
  with.ShareMemory();
  with.Prepare(0);
  with.Kick(0);
  with.PostRead();
  return with.Idle();
}

bool WithoutBit30RingsRun(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate(Mask(VirtioFeature::VERSION_1));
  frontend.ShareMemory();
  frontend.Prepare(0);
  frontend.Kick(0);
  frontend.PostRead();
  return frontend.Reap().has_value() &&
         frontend.Tell(Request::SET_OWNER).u64() == 0;
}

bool LogAllMayChange(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Begin();
  const std::uint64_t features =
      TestFrontend::kFeatures | Mask(VirtioFeature::LOG_ALL);
  if (frontend.Tell(Request::SET_FEATURES, U64{features}).refused()) {
    return false;
  }
  frontend.PostRead();
  return frontend.Reap().has_value();
}

bool NewTableIsFollowed(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Begin();
  auto other = GuestMemory::CreateDefault(1);
  std::ranges::copy(frontend.memory().RegionBytes(0),
                    other->RegionBytes(0).begin());
  if (frontend
          .Tell(Request::SET_MEM_TABLE, frontend.TableOf(*other),
                frontend.FdsOf(*other))
          .refused()) {
    return false;
  }
  frontend.PostRead();
  return frontend.Idle();
}

bool FilesKeepTheirSize(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  const RegionSpec spec = {.size = 1 << 20, .sealed = false};
  const auto memory = GuestMemory::Create(std::span(&spec, 1));
  frontend.Tell(Request::SET_MEM_TABLE, frontend.TableOf(*memory),
                frontend.FdsOf(*memory));
  struct stat file = {};
  return ::fstat(memory->regions()[0].fd, &file) == 0 &&
         file.st_size == 1 << 20;
}

bool EveryRegionIsUsed(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  frontend.ShareMemory(8);
  for (const std::size_t region : {0u, 7u}) {
    const auto index = static_cast<std::uint32_t>(region & 1);
    auto driver = SplitDriver::Create(
        frontend.memory(), 8, {.region_indices = {{region, region, region}}});
    const SplitRingAddresses& at = driver->user_addresses();
    frontend.Send(Request::SET_VRING_NUM, VringState{index, 8});
    if (frontend
            .Tell(Request::SET_VRING_ADDR,
                  VringAddr{index, 0, at.descriptor_table, at.used,
                            at.available, 0})
            .refused()) {
      return false;
    }
    const Event kick = *Event::Create();
    if (frontend.Tell(Request::SET_VRING_KICK, U64{index}, {kick.fd()})
            .refused()) {
      return false;
    }
  }
  return true;
}

// A message that must be refused, with the connection still in step.
std::function<bool(const TestServer&)> Refuses(Request request,
                                               protocol::Body body,
                                               int fd_count = 0) {
  return [=](const TestServer& server) {
    TestFrontend frontend(server);
    frontend.Begin();
    const Event event = *Event::Create();
    return frontend
        .Tell(request, body,
              std::vector<int>(static_cast<std::size_t>(fd_count), event.fd()))
        .refused();
  };
}

// A message that must be acked with 0.
std::function<bool(const TestServer&)> Accepts(Request request,
                                               protocol::Body body,
                                               int fd_count = 0) {
  return [=](const TestServer& server) {
    TestFrontend frontend(server);
    frontend.Begin();
    const Event event = *Event::Create();
    return !frontend
                .Tell(request, body,
                      std::vector<int>(static_cast<std::size_t>(fd_count),
                                       event.fd()))
                .refused();
  };
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

bool ReplacedFdsAreUsed(const TestServer& server) {
  TestFrontend frontend(server);
  TestRing& ring = frontend.Begin();
  const Event call = *Event::Create();
  if (frontend.Tell(Request::SET_VRING_CALL, U64{0}, {call.fd()}).refused()) {
    return false;
  }
  ring.kick = *Event::Create();
  if (frontend.Tell(Request::SET_VRING_KICK, U64{0}, {ring.kick.fd()})
          .refused()) {
    return false;
  }
  frontend.PostRead();
  return frontend.Fence() && call.TryConsume() == 1 &&
         ring.call.TryConsume() == 0;
}

bool ErrMayBeSet(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Begin();
  const Event err = *Event::Create();
  return !frontend.Tell(Request::SET_VRING_ERR, U64{0}, {err.fd()}).refused();
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

Config ConfigRange(std::uint32_t offset, std::uint32_t size) {
  return {.offset = offset, .size = size, .flags = 0, .bytes = {}};
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
             TestFrontend::kProtocolFeatures &&
         frontend.Ask(Request::GET_QUEUE_NUM).u64() == BlkDevice::kQueueCount;
}

bool OwnerComesInEitherOrder(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Send(Request::SET_OWNER);
  return frontend.Fence();
}

bool UnknownIsRefused(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Begin();
  frontend.SendRaw({200, kAsk, 0});
  return frontend.Await().refused();
}

// A header that is wrong in one way, before and behind a sound payload.
std::function<bool(const TestServer&)> RefusesHeader(protocol::Header header) {
  return [=](const TestServer& server) {
    TestFrontend frontend(server);
    frontend.Begin();
    frontend.SendRaw(header, std::vector<std::byte>(header.size));
    return frontend.Await().refused();
  };
}

bool HugeSizeEndsTheSession(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.SendRaw({1, protocol::kVersion, 0xffffffff});
  return frontend.Await().closed;
}

struct Row {
  Fault fault;
  std::function<bool(const TestServer&)> probe;
};

std::ostream& operator<<(std::ostream& out, const Row& row) {
  return out << Describe(row.fault).name;
}

std::vector<Row> Rows() {
  std::vector<Row> rows;
  const auto add = [&](std::function<bool(const TestServer&)> probe,
                       std::initializer_list<Fault> faults) {
    for (const Fault fault : faults) rows.push_back({fault, probe});
  };
  using F = Fault;
  add(RepliesAreWellFormed,
      {F::kReplyFlagMissing, F::kReplyVersionMissing, F::kReplyVersionTwo,
       F::kReplyReservedFlagSet, F::kReplyKeepsNeedReply, F::kReplyIdWrong,
       F::kReplyIdZero, F::kReplySizeFieldZero, F::kReplySizeFieldTooLarge,
       F::kReplyTooLong, F::kReplyTooShort, F::kReplyCarriesFd, F::kFloodsFds,
       F::kNeverAnswers, F::kClosesAfterMessage});
  add(RepliesComeOnce, {F::kReplySentTwice, F::kReplyAndAck});
  add(RepliesNeedNoAsking, {F::kReplyOnlyIfAsked});
  add(AcksAreRight,
      {F::kAckMissing, F::kAckSentTwice, F::kAckOf4Bytes, F::kAckEmpty,
       F::kAckBeforeEffect, F::kSuccessNacked, F::kRefusalAcked,
       F::kRefusalUnanswered, F::kRingIndexNotChecked, F::kRingIndexWraps});
  add(AcksOnlyWhenAsked, {F::kAckWithoutNeedReply, F::kAckWithoutNegotiation});
  add(Completes,
      {F::kUsedIdWrong, F::kUsedLengthZero, F::kUsedLengthTooLong,
       F::kUsedIndexJumps, F::kUsedIndexNotPublished, F::kCompletesTwice,
       F::kWritesPastBuffer, F::kRingAddressesTakenAsGuest,
       F::kBufferAddressesTakenAsUser, F::kEnableIgnored});
  add(FilesKeepTheirSize, {F::kSharedFileTruncated});
  add(SignalsOnce, {F::kCallSignalledTwice, F::kCallNeverSignalled});
  add(FullRingIsServed, {F::kFullRingRefused, F::kIndirectRefused});
  add(IndexWraps, {F::kIndexWrapMishandled, F::kBaseAboveSizeRefused});
  add(PolledRingRuns, {F::kNoFdRingNotPolled, F::kNoFdKickRefused});
  add(StopsAndResumes,
      {F::kGetVringBaseDoesNotStop, F::kGetVringBaseReturnsAvail,
       F::kGetVringBaseReturnsZero, F::kGetVringBaseOffByOne,
       F::kGetVringBaseWrongIndex, F::kGetVringBaseUpperBitsSet,
       F::kRestartFromZero, F::kRestartRepeatsOne, F::kStopDropsCall,
       F::kStopStopsAllRings});
  add(StopKeepsEnabled, {F::kStopDisablesRing});
  add(BaseCounts, {F::kBaseIgnored});
  add(DisabledMeansIdle,
      {F::kDisabledRingRuns, F::kDisabledRingDiscards, F::kDisableIgnored});
  add(KickBeforeEnableCounts, {F::kKickBeforeEnableLost});
  add(EnableBeforeKickCounts,
      {F::kStartsWithoutKick, F::kEnableWhileStoppedForgotten,
       F::kPendingAtStartIgnored});
  add(EnableIsForOneRing, {F::kEnableIsForAllRings});
  add(Bit30Rules, {F::kBit30EnablesRings});
  add(WithoutBit30RingsRun, {F::kRingsStayDisabledWithoutBit30,
                             F::kProtocolFeaturesDroppedWithBit30});
  add(LogAllMayChange,
      {F::kFeaturesOnRunningRingRefused, F::kFeaturesAgainDisableRings});
  add(NewTableIsFollowed, {F::kSecondTableIgnored, F::kSecondTableRefused,
                           F::kTableOnRunningRingRefused, F::kRingsNotRebound});
  add(EveryRegionIsUsed, {F::kOnlyFirstRegionUsed, F::kEighthRegionDropped,
                          F::kEightRegionsRefused});
  add(ClosesWhatItGets,
      {F::kSurplusFdsLeaked, F::kUnusedFdsLeaked, F::kReplacedKickFdLeaked,
       F::kReplacedCallFdLeaked, F::kReplacedErrFdLeaked});
  add(ReplacedFdsAreUsed,
      {F::kFirstKickFdKept, F::kFirstCallFdKept, F::kSecondKickRefused,
       F::kCallOnRunningRingRefused});
  add(ErrMayBeSet, {F::kErrRefused});
  add(LetsGoAtTheEnd, {F::kFdsLeakedAtDisconnect, F::kOneSessionOnly});
  add(SessionsStartAfresh,
      {F::kProtocolFeaturesOutliveSession, F::kEnabledOutlivesSession,
       F::kBaseOutlivesSession, F::kStatusOutlivesSession});
  add(ConfigIsRight,
      {F::kConfigOffsetIgnored, F::kConfigOffsetNotEchoed,
       F::kConfigAlwaysWhole, F::kConfigBigEndian, F::kConfigReadPastEnd,
       F::kPartialConfigRefused, F::kConfigWriteLost});
  add(StatusIsRight, {F::kStatusNotStored, F::kStatusZeroIgnored,
                      F::kFeaturesOkAlways, F::kRunsBeforeDriverOk});
  add(ResetIsRight,
      {F::kResetDeviceIgnored, F::kResetKeepsRingsEnabled, F::kResetKeepsStatus,
       F::kResetKeepsDeviceState, F::kResetForgetsProtocolFeatures});
  add(OffersWhatItHas,
      {F::kFeaturesVary, F::kBit30NotOffered, F::kVersion1NotOffered,
       F::kUndefinedProtocolFeatureOffered, F::kUnimplementedFeatureOffered,
       F::kQueueNumTooLarge, F::kQueueNumNeedsAckedBit,
       F::kProtocolFeaturesNeedAckedBit, F::kFeaturesNeedOwner});
  add(OwnerComesInEitherOrder, {F::kOwnerNeedsFeatures});
  add(UnknownIsRefused, {F::kUnknownRequestAcked, F::kUnknownRequestIgnored});
  add(HugeSizeEndsTheSession, {F::kOversizeIgnored});
  add(RefusesHeader({3, kAsk ^ protocol::kVersionMask, 0}),
      {F::kVersionNotChecked});
  add(RefusesHeader({3, kAsk | protocol::kReplyFlag, 0}),
      {F::kReplyFlagNotChecked});
  add(RefusesHeader({3, kAsk | 0x20, 0}), {F::kReservedFlagsNotChecked});
  add(RefusesHeader({18, kAsk, 4}), {F::kShortPayloadAccepted});
  add(RefusesHeader({3, kAsk, 8}), {F::kLongPayloadAccepted});

  add(Refuses(Request::SET_OWNER, {}, 1), {F::kSurplusFdsAccepted});
  add(Refuses(Request::SET_VRING_KICK, U64{0}), {F::kMissingFdAccepted});
  add(Refuses(Request::SET_VRING_CALL, U64{77}, 1),
      {F::kKickIndexNotChecked, F::kKickIndexWraps});
  add(Refuses(Request::SET_VRING_ENABLE, VringState{0x100, 1}),
      {F::kRingIndexCutTo8Bits});
  add(Refuses(Request::SET_PROTOCOL_FEATURES, U64{1u << 14}),
      {F::kUnofferedProtocolFeaturesAccepted});
  add(Refuses(Request::SET_VRING_NUM, VringState{1, 0}),
      {F::kRingSizeZeroAccepted});
  add(Refuses(Request::SET_VRING_NUM, VringState{1, 65536}),
      {F::kRingSizeTooLargeAccepted});
  add(Refuses(Request::SET_VRING_NUM, VringState{1, 3}),
      {F::kRingSizeOddAccepted});
  add(Refuses(Request::SET_VRING_NUM, VringState{0, 8}),
      {F::kRunningRingReconfigured});
  add(Refuses(Request::SET_VRING_BASE, VringState{1, 65536}),
      {F::kBaseTooLargeAccepted});
  add(Refuses(Request::SET_VRING_ADDR, VringAddr{1, 0, 0, 0, 0, 0}),
      {F::kUnmappedRingAccepted});
  add(Refuses(Request::SET_VRING_ADDR, VringAddr{1, 0, 8, 0, 0, 0}),
      {F::kMisalignedRingAccepted});
  add(Refuses(Request::SET_VRING_ADDR, VringAddr{1, 2, 0, 0, 0, 0}),
      {F::kAddrFlagsNotChecked});
  add(Refuses(Request::SET_VRING_KICK, U64{1}, 1),
      {F::kKickBeforeSetUpAccepted});
  add(Refuses(Request::SET_VRING_ENABLE, VringState{1, 2}),
      {F::kEnableValueNotChecked});
  add(Refuses(Request::SET_STATUS, U64{0x100}), {F::kStatusTooLargeAccepted});
  add(Refuses(Request::SET_FEATURES, U64{std::uint64_t{1} << 63}),
      {F::kUnofferedFeaturesAccepted});
  add(Refuses(Request::SET_FEATURES, U64{0}),
      {F::kFeatureChangeWhileRunningAccepted});
  add(Refuses(Request::SET_CONFIG, ConfigRange(0, 1)),
      {F::kConfigReadOnlyWriteAccepted});
  add(Refuses(Request::SET_CONFIG, ConfigRange(60, 1)),
      {F::kConfigWritePastEndAccepted});
  add(Refuses(Request::SET_CONFIG, Config{32, 1, 2, {}}),
      {F::kConfigFlagsNotChecked});
  add(Refuses(Request::SET_LOG_BASE, protocol::Log{0, 0}, 1),
      {F::kLogGeometryNotChecked});
  add(Refuses(Request::SEND_RARP, U64{0}), {F::kGatesNotChecked});
  add(Refuses(Request::REM_MEM_REG,
              protocol::SingleMemoryRegion{0, {0x1000, 0x1000, 0x1000, 0}}),
      {F::kUnknownRegionRemoved});
  add(Refuses(Request::ADD_MEM_REG,
              protocol::SingleMemoryRegion{0, {0x1000, 0, 0x1000, 0}}, 1),
      {F::kEmptyRegionAccepted});
  add(Refuses(Request::ADD_MEM_REG,
              protocol::SingleMemoryRegion{0, {~0xfffull, 0x2000, 0x1000, 0}},
              1),
      {F::kWrappingRegionAccepted});
  add(Refuses(Request::ADD_MEM_REG,
              protocol::SingleMemoryRegion{
                  0, {GuestMemory::kDefaultGuestAddress, 0x1000, 0x1000, 0}},
              1),
      {F::kOverlappingRegionAccepted});
  add(Refuses(Request::ADD_MEM_REG,
              protocol::SingleMemoryRegion{0, {0x1000, 0x1000, 0x1000, 0}}, 1),
      {F::kUnmappableTableAccepted, F::kAddedRegionUnusable});

  add(Accepts(Request::SET_VRING_NUM, VringState{1, 1}),
      {F::kSmallRingRefused});
  add(Accepts(Request::SET_VRING_NUM, VringState{1, 32768}),
      {F::kLargeRingRefused});
  add(Accepts(Request::SET_VRING_CALL, U64{protocol::kNoFdBit}),
      {F::kNoFdCallRefused});
  add(Accepts(Request::SET_VRING_ERR, U64{protocol::kNoFdBit}),
      {F::kNoFdErrRefused});
  add(Accepts(Request::SET_VRING_ENABLE, VringState{0, 1}),
      {F::kRepeatedEnableRefused});
  return rows;
}

class FaultTest : public testing::TestWithParam<Row> {};

TEST_P(FaultTest, IsSeenByAProbeThatTheCorrectMockPasses) {
  const TestServer correct;
  EXPECT_TRUE(GetParam().probe(correct));
  const TestServer faulty(GetParam().fault);
  EXPECT_FALSE(GetParam().probe(faulty));
}

INSTANTIATE_TEST_SUITE_P(All, FaultTest, testing::ValuesIn(Rows()),
                         [](const auto& param_info) {
                           return std::string(
                               Describe(param_info.param.fault).name);
                         });

TEST(FaultNamesTest, AreFoundWithAndWithoutTheirPrefix) {
  for (const FaultRow& row : AllFaults()) {
    EXPECT_EQ(FindFault(row.name), row.fault);
    EXPECT_EQ(FindFault("k" + std::string(row.name)), row.fault);
    EXPECT_FALSE(row.text.empty());
  }
  EXPECT_EQ(FindFault("NoSuchFault"), std::nullopt);
  EXPECT_EQ(FindFault(""), std::nullopt);
}

TEST(FaultNamesTest, OnesThatEndAProcessAreRefusedByAThread) {
  for (const FaultRow& row : AllFaults()) {
    EXPECT_EQ(FaultSet(row.fault).process_only(), row.process_only);
  }
  const auto server = MockServer::Start(
      {.device = "blk", .faults = FaultSet(Fault::kExitsOnRefusal)},
      "/nowhere/vu.sock");
  EXPECT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace vuspec
