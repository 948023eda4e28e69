// Probes about single messages: what is refused and what is not.
#include <algorithm>
#include <functional>
#include <vector>

#include "harness/backend/fault_probe.h"
#include "harness/backend/test_frontend.h"

namespace vuspec {
namespace {

using protocol::Config;
using protocol::Request;
using protocol::U64;
using protocol::VringAddr;
using protocol::VringState;

constexpr std::uint32_t kAsk = protocol::kVersion | protocol::kNeedReplyFlag;

Config ConfigRange(std::uint32_t offset, std::uint32_t size) {
  return {.offset = offset, .size = size, .flags = 0, .bytes = {}};
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

bool ErrMayBeSet(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Begin();
  const Event err = *Event::Create();
  return !frontend.Tell(Request::SET_VRING_ERR, U64{0}, {err.fd()}).refused();
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

}  // namespace

std::vector<ProbedFaults> MessageProbes() {
  using F = Fault;
  return {
      {ErrMayBeSet, {F::kErrRefused}},
      {UnknownIsRefused, {F::kUnknownRequestAcked, F::kUnknownRequestIgnored}},
      {HugeSizeEndsTheSession, {F::kOversizeIgnored}},
      {RefusesHeader({3, kAsk ^ protocol::kVersionMask, 0}),
       {F::kVersionNotChecked}},
      {RefusesHeader({3, kAsk | protocol::kReplyFlag, 0}),
       {F::kReplyFlagNotChecked}},
      {RefusesHeader({3, kAsk | 0x20, 0}), {F::kReservedFlagsNotChecked}},
      {RefusesHeader({18, kAsk, 4}), {F::kShortPayloadAccepted}},
      {RefusesHeader({3, kAsk, 8}), {F::kLongPayloadAccepted}},
      {Refuses(Request::SET_OWNER, {}, 1), {F::kSurplusFdsAccepted}},
      {Refuses(Request::SET_VRING_KICK, U64{0}), {F::kMissingFdAccepted}},
      {Refuses(Request::SET_VRING_CALL, U64{77}, 1),
       {F::kKickIndexNotChecked, F::kKickIndexWraps}},
      {Refuses(Request::SET_VRING_ENABLE, VringState{0x100, 1}),
       {F::kRingIndexCutTo8Bits}},
      {Refuses(Request::SET_PROTOCOL_FEATURES, U64{std::uint64_t{1} << 40}),
       {F::kUnofferedProtocolFeaturesAccepted}},
      {Refuses(Request::SET_PROTOCOL_FEATURES, U64{1u << 14}),
       {F::kPrerequisitesNotChecked}},
      {Refuses(Request::SET_VRING_NUM, VringState{1, 0}),
       {F::kRingSizeZeroAccepted}},
      {Refuses(Request::SET_VRING_NUM, VringState{1, 65536}),
       {F::kRingSizeTooLargeAccepted}},
      {Refuses(Request::SET_VRING_NUM, VringState{1, 3}),
       {F::kRingSizeOddAccepted}},
      {Refuses(Request::SET_VRING_BASE, VringState{1, 65536}),
       {F::kBaseTooLargeAccepted}},
      {Refuses(Request::SET_VRING_ADDR, VringAddr{1, 2, 0, 0, 0, 0}),
       {F::kAddrFlagsNotChecked}},
      {Refuses(Request::SET_VRING_ENABLE, VringState{1, 2}),
       {F::kEnableValueNotChecked}},
      {Refuses(Request::SET_STATUS, U64{0x100}), {F::kStatusTooLargeAccepted}},
      {Refuses(Request::SET_FEATURES, U64{std::uint64_t{1} << 63}),
       {F::kUnofferedFeaturesAccepted}},
      {Refuses(Request::SET_FEATURES, U64{0}),
       {F::kFeatureChangeWhileRunningAccepted}},
      {Refuses(Request::SET_CONFIG, ConfigRange(0, 1)),
       {F::kConfigReadOnlyWritten}},
      {Refuses(Request::SET_CONFIG, ConfigRange(60, 1)),
       {F::kConfigWritePastEndAccepted}},
      {Refuses(Request::SET_CONFIG, Config{32, 1, 2, {}}),
       {F::kConfigFlagsNotChecked}},
      {Refuses(Request::SET_LOG_BASE, protocol::Log{0, 0}, 1),
       {F::kLogGeometryNotChecked}},
      {Refuses(Request::SEND_RARP, U64{0}), {F::kGatesNotChecked}},
      {Refuses(Request::REM_MEM_REG,
               protocol::SingleMemoryRegion{0, {0x1000, 0x1000, 0x1000, 0}}),
       {F::kUnknownRegionRemoved}},
      {Refuses(Request::ADD_MEM_REG,
               protocol::SingleMemoryRegion{0, {0x1000, 0, 0x1000, 0}}, 1),
       {F::kEmptyRegionAccepted}},
      {Refuses(Request::ADD_MEM_REG,
               protocol::SingleMemoryRegion{0, {~0xfffull, 0x2000, 0x1000, 0}},
               1),
       {F::kWrappingRegionAccepted}},
      {Refuses(Request::ADD_MEM_REG,
               protocol::SingleMemoryRegion{
                   0, {GuestMemory::kDefaultGuestAddress, 0x1000, 0x1000, 0}},
               1),
       {F::kOverlappingRegionAccepted}},
      {Refuses(Request::ADD_MEM_REG,
               protocol::SingleMemoryRegion{0, {0x1000, 0x1000, 0x1000, 0}}, 1),
       {F::kUnmappableTableAccepted, F::kAddedRegionUnusable}},
      {Accepts(Request::SET_VRING_NUM, VringState{1, 1}),
       {F::kSmallRingRefused}},
      {Accepts(Request::SET_VRING_CALL, U64{protocol::kNoFdBit}),
       {F::kNoFdCallRefused}},
      {Accepts(Request::SET_VRING_ERR, U64{protocol::kNoFdBit}),
       {F::kNoFdErrRefused}},
      {Accepts(Request::SET_VRING_ENABLE, VringState{0, 1}),
       {F::kRepeatedEnableRefused}},
  };
}

}  // namespace vuspec
