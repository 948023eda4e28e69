// Probes about the states of rings: what enables them and starts them.
#include <array>
#include <vector>

#include "harness/backend/fault_probe.h"
#include "harness/backend/test_frontend.h"

namespace vuspec {
namespace {

using protocol::Mask;
using protocol::Request;
using protocol::U64;
using protocol::VirtioFeature;

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

bool AnyKickCounts(const TestServer& server) {
  TestFrontend frontend(server);
  TestRing& ring = frontend.Begin();
  const auto buffer = frontend.memory().Allocate(17, 16);
  const auto head = ring.driver.AddChain(
      std::array{Segment{buffer->guest_address, 16, false},
                 Segment{buffer->guest_address + 16, 1, true}});
  if (!head.ok()) return false;
  ring.driver.Publish();
  ring.kick.Signal(2);
  return frontend.Reap().has_value();
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
  frontend.PostRead();
  frontend.Enable(0);
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

}  // namespace

std::vector<ProbedFaults> RingStateProbes() {
  using F = Fault;
  return {
      {DisabledMeansIdle,
       {F::kDisabledRingRuns, F::kDisabledRingDiscards, F::kDisableIgnored}},
      {AnyKickCounts, {F::kKickValueCounts}},
      {KickBeforeEnableCounts, {F::kKickBeforeEnableLost}},
      {EnableBeforeKickCounts,
       {F::kStartsWithoutKick, F::kEnableWhileStoppedForgotten,
        F::kPendingAtStartIgnored}},
      {EnableIsForOneRing, {F::kEnableIsForAllRings}},
      {Bit30Rules, {F::kBit30EnablesRings}},
      {WithoutBit30RingsRun,
       {F::kRingsStayDisabledWithoutBit30,
        F::kProtocolFeaturesDroppedWithBit30}},
      {LogAllMayChange,
       {F::kFeaturesOnRunningRingRefused, F::kFeaturesAgainDisableRings}},
  };
}

}  // namespace vuspec
