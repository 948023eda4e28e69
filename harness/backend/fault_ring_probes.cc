// Probes about rings and memory: what a driver sees.
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include "harness/backend/fault_probe.h"
#include "harness/backend/test_frontend.h"

namespace vuspec {
namespace {

using protocol::Request;
using protocol::U64;
using protocol::VringAddr;
using protocol::VringState;

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
  if (!frontend.Fence()) return false;
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
  return frontend.Fence() && frontend.Reap().has_value();
}

// In a place that only a ring of so many entries has.
bool LargeRingsRun(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  frontend.ShareMemory();
  frontend.Prepare(0, 2048).driver.StartAt(2000);
  frontend.Send(Request::SET_VRING_BASE, VringState{0, 2000});
  frontend.Kick(0);
  frontend.Enable(0);
  frontend.PostRead();
  return frontend.Fence() && frontend.Reap() == Completion{0, 513};
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

}  // namespace

std::vector<ProbedFaults> RingProbes() {
  using F = Fault;
  return {
      {Completes,
       {F::kUsedIdWrong, F::kUsedLengthZero, F::kUsedLengthTooLong,
        F::kUsedIndexJumps, F::kUsedIndexNotPublished, F::kCompletesTwice,
        F::kWritesPastBuffer, F::kRingAddressesTakenAsGuest,
        F::kBufferAddressesTakenAsUser, F::kEnableIgnored}},
      {FilesKeepTheirSize, {F::kSharedFileTruncated}},
      {SignalsOnce, {F::kCallNeverSignalled}},
      {FullRingIsServed, {F::kFullRingRefused, F::kIndirectRefused}},
      {IndexWraps, {F::kIndexWrapMishandled, F::kBaseAboveSizeRefused}},
      {PolledRingRuns, {F::kNoFdRingNotPolled, F::kNoFdKickRefused}},
      {StopsAndResumes,
       {F::kGetVringBaseDoesNotStop, F::kGetVringBaseReturnsAvail,
        F::kGetVringBaseReturnsZero, F::kGetVringBaseOffByOne,
        F::kGetVringBaseWrongIndex, F::kGetVringBaseUpperBitsSet,
        F::kRestartFromZero, F::kRestartRepeatsOne, F::kStopStopsAllRings}},
      {StopKeepsEnabled, {F::kStopDisablesRing}},
      {BaseCounts, {F::kBaseIgnored}},
      {LargeRingsRun, {F::kLargeRingClamped}},
      {NewTableIsFollowed,
       {F::kSecondTableIgnored, F::kSecondTableRefused,
        F::kTableOnRunningRingRefused, F::kRingsNotRebound}},
      {EveryRegionIsUsed,
       {F::kOnlyFirstRegionUsed, F::kEighthRegionDropped,
        F::kEightRegionsRefused}},
      {ReplacedFdsAreUsed,
       {F::kFirstKickFdKept, F::kFirstCallFdKept, F::kSecondKickRefused,
        F::kCallOnRunningRingRefused}},
  };
}

}  // namespace vuspec
