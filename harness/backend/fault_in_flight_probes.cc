// Probes about in-flight areas, what is recorded there, and the recovery.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <vector>

#include "harness/backend/fault_probe.h"
#include "harness/backend/in_flight_area.h"
#include "harness/backend/test_frontend.h"

namespace vuspec {
namespace {

using protocol::Inflight;
using protocol::Request;
using protocol::U64;
using protocol::VringState;

constexpr std::uint16_t kRingSize = 16;

// An area that the mock made, mapped here.
struct Area {
  Inflight description;
  UniqueFd fd;
  std::optional<Mapping> mapping;

  bool ok() const { return mapping.has_value(); }
  InFlightView region(std::size_t index = 0) const {
    const std::size_t size = InFlightRegionSize(description.queue_size);
    const std::size_t distance = mapping->size() / description.num_queues;
    return InFlightView(mapping->bytes().subspan(
        index * distance, std::min(size, mapping->size() - index * distance)));
  }
};

Area GetArea(TestFrontend& frontend, std::uint16_t num_queues = 1,
             std::uint16_t queue_size = kRingSize) {
  TestAnswer answer = frontend.Ask(
      Request::GET_INFLIGHT_FD,
      Inflight{.num_queues = num_queues, .queue_size = queue_size});
  Area area{answer.in_flight(), UniqueFd(), std::nullopt};
  if (answer.fds.size() != 1) return area;
  area.fd = std::move(answer.fds[0]);
  auto mapping = Mapping::Create(area.fd.get(), 0, area.description.mmap_size);
  if (mapping.ok()) area.mapping.emplace(*std::move(mapping));
  return area;
}

bool SetArea(TestFrontend& frontend, const Area& area) {
  return frontend
             .Tell(Request::SET_INFLIGHT_FD, area.description, {area.fd.get()})
             .u64() == 0;
}

// Ring 0 at work, and recorded.
Area BeginTracked(TestFrontend& frontend) {
  frontend.Negotiate();
  Area area = GetArea(frontend);
  if (area.ok()) SetArea(frontend, area);
  frontend.ShareMemory();
  frontend.Prepare(0, kRingSize);
  frontend.Kick(0);
  frontend.Enable(0);
  frontend.Fence();
  return area;
}

bool AreasAreAsAskedFor(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  const Area area = GetArea(frontend, 2, 256);
  return area.ok() && area.description.num_queues == 2 &&
         area.description.queue_size == 256 &&
         area.mapping->size() >= 2 * InFlightRegionSize(256) &&
         area.region().version() == 0;
}

bool AreasAreNew(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  const Area first = GetArea(frontend);
  const Area second = GetArea(frontend);
  first.region().SetVersion(9);
  return second.region().version() == 0;
}

bool WrongCountsAreRefused(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  Area area = GetArea(frontend);
  area.description.num_queues = 0;
  return !SetArea(frontend, area);
}

bool WrongGeometryIsRefused(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  Area area = GetArea(frontend);
  area.description.mmap_offset = std::uint64_t{1} << 40;
  return !SetArea(frontend, area);
}

bool OffsetsAreHeeded(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  Area area = GetArea(frontend, 2);
  area.description.num_queues = 1;
  area.description.mmap_size /= 2;
  area.description.mmap_offset = area.description.mmap_size;
  if (!SetArea(frontend, area)) return false;
  frontend.ShareMemory();
  frontend.Prepare(0, kRingSize);
  frontend.Kick(0);
  return frontend.Fence() && area.region().version() == 0;
}

bool AreasAreReplaced(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  const Area first = GetArea(frontend);
  SetArea(frontend, first);
  const Area second = BeginTracked(frontend);
  return second.ok() && second.region().version() == kInFlightVersion &&
         first.region().version() == 0;
}

bool AreasAreGivenBack(const TestServer& server) {
  const auto count_fds = [&] {
    TestFrontend frontend(server);
    return frontend.Fence() ? OpenFds().size() : 0;
  };
  const std::size_t before = count_fds();
  {
    TestFrontend frontend(server);
    BeginTracked(frontend);
  }
  return count_fds() == before;
}

bool AreasAreUnmapped(const TestServer& server) {
  const UniqueFd file(::memfd_create("area", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (::ftruncate(file.get(), 4096) != 0) return false;
  TestFrontend frontend(server);
  frontend.Negotiate();
  const Inflight area = {4096, 0, 1, kRingSize};
  frontend.Tell(Request::SET_INFLIGHT_FD, area, {file.get()});
  SetArea(frontend, GetArea(frontend));
  return ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE) == 0;
}

bool AreasComeBeforeRings(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  return SetArea(frontend, GetArea(frontend));
}

bool RingsNeedNoArea(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Begin();
  frontend.PostRead();
  return frontend.Reap().has_value();
}

bool RegionsAreApart(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  const Area area = GetArea(frontend, 2, 1);
  SetArea(frontend, area);
  frontend.ShareMemory();
  frontend.Prepare(0, kRingSize);
  frontend.Kick(0);
  // Refused, for it is larger than its region.
  if (frontend.Fence()) return false;
  TestFrontend again(server);
  again.Negotiate();
  const Area other = GetArea(again, 2);
  SetArea(again, other);
  again.ShareMemory();
  again.Prepare(1, kRingSize);
  again.Kick(1);
  return again.Fence() && other.region(0).version() == 0 &&
         other.region(1).version() == kInFlightVersion;
}

bool RecordsAreKept(const TestServer& server) {
  TestFrontend frontend(server);
  const Area area = BeginTracked(frontend);
  const std::uint16_t first = frontend.PostRead();
  const std::uint16_t second = frontend.PostRead();
  if (!frontend.Reap() || !frontend.Reap() || !frontend.Fence()) return false;
  const InFlightView region = area.region();
  return region.version() == kInFlightVersion &&
         region.entry_count() == kRingSize && region.InFlightCount() == 0 &&
         region.used_index() == 2 && region.last_batch_head() == second &&
         region.counter(first) < region.counter(second);
}

// Three requests are available, and in flight as the region has it: oldest is
// the highest head, and the oldest `batch` are in the used ring, which the
// region does not know. Returns the others, oldest first.
std::vector<std::uint16_t> Recover(TestFrontend& frontend, Area& area,
                                   std::size_t batch, std::uint16_t base) {
  frontend.Negotiate();
  area = GetArea(frontend);
  frontend.ShareMemory();
  SplitDriver& driver = frontend.Prepare(0, kRingSize).driver;
  driver.StartAt(base);
  std::vector<std::uint16_t> heads;
  for (int i = 0; i < 3; ++i) heads.push_back(frontend.PostRead());
  const InFlightView region = area.region();
  region.SetVersion(kInFlightVersion);
  region.SetEntryCount(kRingSize);
  region.SetUsedIndex(base);
  std::sort(heads.begin(), heads.end(), std::greater<>());
  for (std::size_t i = 0; i < heads.size(); ++i) {
    region.SetInFlight(heads[i], true);
    region.SetCounter(heads[i], 100 + i);
    if (i >= batch) continue;
    region.SetNext(heads[i], region.last_batch_head());
    region.SetLastBatchHead(heads[i]);
    driver.view().SetUsedElement(static_cast<std::uint16_t>(base + i),
                                 {heads[i], 0});
    driver.view().SetUsedIndex(static_cast<std::uint16_t>(base + i + 1));
    (void)driver.PopUsed();
  }
  frontend.ring(0).kick.TryConsume();
  const std::uint16_t used = driver.view().used_index();
  frontend.Send(Request::SET_VRING_BASE, VringState{0, used});
  SetArea(frontend, area);
  frontend.Kick(0);
  frontend.Enable(0);
  heads.erase(heads.begin(), heads.begin() + static_cast<long>(batch));
  return heads;
}

bool WhatWasInFlightIsResubmitted(const TestServer& server) {
  TestFrontend frontend(server);
  Area area;
  for (const std::uint16_t head : Recover(frontend, area, 0, 0)) {
    const auto done = frontend.Reap();
    if (!done || done->head != head) return false;
  }
  if (!frontend.Idle()) return false;
  const std::uint16_t next = frontend.PostRead();
  return frontend.Reap() && frontend.Fence() &&
         area.region().counter(next) > 100;
}

bool TheLastBatchIsNotRepeated(const TestServer& server, std::uint16_t base) {
  TestFrontend frontend(server);
  Area area;
  const auto heads = Recover(frontend, area, 2, base);
  const auto done = frontend.Reap();
  return done && done->head == heads[0] && frontend.Idle();
}

// Stops ring 0 with two requests available that nobody kicked for; says how
// many of them were fetched.
std::optional<unsigned> StopWithTwoAvailable(TestFrontend& frontend) {
  frontend.PostRead();
  if (!frontend.Reap() || !frontend.Fence()) return std::nullopt;
  const SplitDriver& driver = frontend.ring(0).driver;
  // Without a kick.
  driver.view().SetAvailEntry(1, 0);
  driver.view().SetAvailEntry(2, 3);
  driver.view().SetAvailIndex(3);
  const auto base =
      frontend.Ask(Request::GET_VRING_BASE, VringState{0, 0}).state();
  return base.num - driver.view().used_index();
}

bool StopsCompleteAll(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Begin();
  return StopWithTwoAvailable(frontend) == 0u;
}

bool StopsCompleteAllUnasked(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate(
      TestFrontend::kFeatures,
      TestFrontend::kProtocolFeatures &
          ~Mask(protocol::ProtocolFeature::GET_VRING_BASE_INFLIGHT));
  const Area area = GetArea(frontend);
  SetArea(frontend, area);
  frontend.ShareMemory();
  frontend.Prepare(0, kRingSize);
  frontend.Kick(0);
  frontend.Enable(0);
  return StopWithTwoAvailable(frontend) == 0u;
}

bool StopsRecordTheRest(const TestServer& server) {
  TestFrontend frontend(server);
  const Area area = BeginTracked(frontend);
  return StopWithTwoAvailable(frontend) == 2u &&
         area.region().InFlightCount() == 2;
}

}  // namespace

std::vector<ProbedFaults> InFlightProbes() {
  const auto batch_from = [](std::uint16_t base) {
    return [base](const TestServer& server) {
      return TheLastBatchIsNotRepeated(server, base);
    };
  };
  return {
      {AreasAreAsAskedFor,
       {Fault::kInFlightFdMissing, Fault::kInFlightCountsNotEchoed,
        Fault::kInFlightAreaOfOneQueue, Fault::kInFlightFileTooShort,
        Fault::kInFlightAreaNotCleared}},
      {AreasAreNew, {Fault::kInFlightAreaMadeOnce}},
      {WrongCountsAreRefused, {Fault::kInFlightCountsNotChecked}},
      {WrongGeometryIsRefused, {Fault::kInFlightGeometryNotChecked}},
      {OffsetsAreHeeded, {Fault::kInFlightOffsetIgnored}},
      {AreasAreReplaced, {Fault::kSecondInFlightAreaIgnored}},
      {AreasAreGivenBack, {Fault::kInFlightFdsLeaked}},
      {AreasAreUnmapped, {Fault::kInFlightAreasStayMapped}},
      {AreasComeBeforeRings, {Fault::kInFlightAreaNeedsRings}},
      {RingsNeedNoArea, {Fault::kRingsNeedInFlightArea}},
      {RegionsAreApart,
       {Fault::kInFlightRegionsShared, Fault::kInFlightRegionNotBounded}},
      {RecordsAreKept,
       {Fault::kInFlightNotInitialised, Fault::kInFlightNotCleared,
        Fault::kInFlightUsedIndexStale, Fault::kInFlightCounterStuck,
        Fault::kInFlightBatchNotLinked}},
      {WhatWasInFlightIsResubmitted,
       {Fault::kInFlightNotResubmitted, Fault::kInFlightResubmittedByHead,
        Fault::kInFlightFetchedAgain, Fault::kResubmitsOnlyWithNewRequests,
        Fault::kInFlightCounterForgotten}},
      {batch_from(0),
       {Fault::kInFlightBatchRepeated, Fault::kInFlightBatchOfOne}},
      {batch_from(65535), {Fault::kInFlightBatchWrapMishandled}},
      {StopsCompleteAll, {Fault::kSuspendsWithoutArea}},
      {StopsCompleteAllUnasked, {Fault::kSuspendsUnasked}},
      {StopsRecordTheRest,
       {Fault::kSuspendedNotRecorded, Fault::kInFlightNotMarked}},
  };
}

}  // namespace vuspec
