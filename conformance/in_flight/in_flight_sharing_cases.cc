// SET_INFLIGHT_FD: which areas a back-end takes, and when it lets go of them.
#include <algorithm>
#include <array>

#include "conformance/in_flight/in_flight_verbs.h"
#include "conformance/kit/bait.h"
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"
#include "conformance/memory/memory_verbs.h"
#include "harness/memory/shared_access.h"

namespace vuspec {
namespace {

using protocol::Inflight;
using protocol::MakeRequest;
using protocol::Req;
using protocol::Request;

constexpr Needs kTracked = {.protocol = kInFlight};
constexpr Needs kTrackedIo = {.protocol = kInFlight, .io = true};

bool IsZero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](const std::byte& byte) {
    return Load<std::uint8_t>(&byte) == 0;
  });
}

class InFlightSharing : public InFlightCase {
 protected:
  // The area of a back-end, given back as something else.
  template <typename Spoil>
  Outcome ShareSpoilt(Spoil spoil) {
    Session& session = StartTracked();
    const SharedArea area = GetArea(session);
    Inflight description = area.description();
    spoil(description);
    const int fd = area.fd();
    return Provoke(session, MakeRequest(Request::SET_INFLIGHT_FD, description),
                   OneFd(fd));
  }

  // A file that nobody but the back-end maps, in the size that it asks for.
  static UnmappedRegion Unmapped(const Inflight& description) {
    return UnmappedRegion(0, description.mmap_size);
  }

  void ExpectUnmappedSoon(const UnmappedRegion& area) {
    const Deadline deadline = CurrentRun().ForAnswer();
    while (area.IsMapped() && !deadline.Reached()) {
      StartSession();
      Disconnect();
    }
    EXPECT_FALSE(area.IsMapped()) << "an in-flight area is still mapped";
  }
};

CONFORMANCE_CASE(InFlightSharing, IsAcceptedBeforeAnyRing,
                 .cites = {Req::INFL_10, Req::INFL_35}, .needs = kTrackedIo) {
  Session& session = StartTracked();
  const SharedArea area = GetArea(session);
  EXPECT_THAT(session.frontend().SetInflightFd(area.description(), area.fd()),
              Succeeds());
  ExpectVerifiedIo(session);
}

CONFORMANCE_CASE(InFlightSharing, RingsRunWithoutIt, .cites = {Req::INFL_36},
                 .needs = kTrackedIo) {
  ExpectVerifiedIo(StartTracked());
}

CONFORMANCE_CASE(InFlightSharing, RingsRunAlthoughTheAreaIsNotGivenBack,
                 .cites = {Req::INFL_36}, .needs = kTrackedIo) {
  Session& session = StartTracked();
  const SharedArea area = GetArea(session);
  ExpectVerifiedIo(session);
}

CONFORMANCE_CASE(InFlightSharing, WithoutADescriptorIsRefused,
                 .cites = {Req::INFL_11}, .needs = kTracked) {
  Session& session = StartTracked();
  const SharedArea area = GetArea(session);
  EXPECT_THAT(Provoke(session, MakeRequest(Request::SET_INFLIGHT_FD,
                                           area.description())),
              IsRefused());
}

CONFORMANCE_CASE(InFlightSharing, WithTwoDescriptorsIsRefused,
                 .cites = {Req::INFL_11, Req::FD_04}, .needs = kTracked) {
  Session& session = StartTracked();
  const SharedArea area = GetArea(session);
  Bait bait;
  const std::array<int, 2> fds = {area.fd(), bait.fd()};
  EXPECT_THAT(
      Provoke(session,
              MakeRequest(Request::SET_INFLIGHT_FD, area.description()), fds),
      IsRefused());
  EXPECT_TRUE(bait.Released());
}

CONFORMANCE_CASE(InFlightSharing, OfWhatIsNoMemoryIsRefused,
                 .cites = {Req::INFL_12, Req::FD_19}, .needs = kTracked) {
  Session& session = StartTracked();
  const SharedArea area = GetArea(session);
  Bait bait;
  EXPECT_THAT(Provoke(session,
                      MakeRequest(Request::SET_INFLIGHT_FD, area.description()),
                      bait.fds()),
              IsRefused());
  EXPECT_TRUE(bait.Released());
}

CONFORMANCE_CASE(InFlightSharing, OfAnAreaTooSmallForItsQueuesIsRefused,
                 .cites = {Req::INFL_12}, .needs = kTracked) {
  EXPECT_THAT(ShareSpoilt([](Inflight& area) { area.mmap_size = 16; }),
              IsRefused());
}

CONFORMANCE_CASE(InFlightSharing, OfAnEmptyAreaIsRefused,
                 .cites = {Req::INFL_12}, .needs = kTracked) {
  EXPECT_THAT(ShareSpoilt([](Inflight& area) { area.mmap_size = 0; }),
              IsRefused());
}

CONFORMANCE_CASE(InFlightSharing, OfAnAreaLargerThanItsFileIsRefused,
                 .cites = {Req::INFL_12}, .needs = kTracked) {
  EXPECT_THAT(ShareSpoilt([](Inflight& area) { area.mmap_size += kGiB; }),
              IsRefused());
}

CONFORMANCE_CASE(InFlightSharing, OfAnAreaBehindItsFileIsRefused,
                 .cites = {Req::INFL_12}, .needs = kTracked) {
  EXPECT_THAT(ShareSpoilt([](Inflight& area) { area.mmap_offset += kGiB; }),
              IsRefused());
}

CONFORMANCE_CASE(InFlightSharing, OfAnAreaThatWrapsIsRefused,
                 .cites = {Req::INFL_12}, .needs = kTracked) {
  EXPECT_THAT(
      ShareSpoilt([](Inflight& area) { area.mmap_offset = ~kPageSize + 1; }),
      IsRefused());
}

CONFORMANCE_CASE(InFlightSharing, OfMoreQueuesThanTheDeviceHasIsRefused,
                 .cites = {Req::INFL_13}, .needs = kTracked) {
  EXPECT_THAT(ShareSpoilt([](Inflight& area) { area.num_queues = 1000; }),
              IsRefused());
}

CONFORMANCE_CASE(InFlightSharing, OfNoQueuesIsRefused, .cites = {Req::INFL_08},
                 .needs = kTracked) {
  EXPECT_THAT(ShareSpoilt([](Inflight& area) { area.num_queues = 0; }),
              IsRefused());
}

CONFORMANCE_CASE(InFlightSharing, OfNoEntriesIsRefused, .cites = {Req::INFL_08},
                 .needs = kTracked) {
  EXPECT_THAT(ShareSpoilt([](Inflight& area) { area.queue_size = 0; }),
              IsRefused());
}

CONFORMANCE_CASE(InFlightSharing, OfTheLargestCountsIsRefused,
                 .cites = {Req::INFL_09, Req::INFL_12}, .needs = kTracked) {
  EXPECT_THAT(ShareSpoilt([](Inflight& area) {
                area.num_queues = area.queue_size = 0xffff;
              }),
              IsRefused());
}

CONFORMANCE_CASE(InFlightSharing, AreaMayBeginAtAnOffset,
                 .cites = {Req::INFL_10}, .needs = kTrackedIo) {
  Session& session = StartTracked();
  Inflight description = GetArea(session).description();
  description.mmap_offset = kPageSize;
  const UnmappedRegion file(0, kPageSize + description.mmap_size);
  Require(session.frontend().SetInflightFd(description, file.region().fd));
  ExpectVerifiedIo(session);
  const auto front = Require(Mapping::Create(file.region().fd, 0, kPageSize));
  EXPECT_TRUE(IsZero(front.bytes()))
      << "the file was written in front of the area";
}

CONFORMANCE_CASE(InFlightSharing, AgainMovesTheRecordsToTheNewArea,
                 .cites = {Req::INFL_32}, .needs = kTrackedIo) {
  Session& session = StartTracked();
  const SharedArea first = GetArea(session);
  SetArea(session, first);
  const SharedArea second = BringTracked(session);
  const auto region = RequestRegion(session, second);
  if (!region) return;
  EXPECT_EQ(region->version(), kInFlightVersion);
  EXPECT_TRUE(IsZero(first.bytes())) << "the area that was replaced is in use";
}

CONFORMANCE_CASE(InFlightSharing, AgainUnmapsTheAreaOfBefore,
                 .cites = {Req::INFL_32, Req::FD_15}, .needs = kTracked) {
  Session& session = StartTracked();
  const SharedArea area = GetArea(session);
  const UnmappedRegion replaced = Unmapped(area.description());
  Require(session.frontend().SetInflightFd(area.description(),
                                           replaced.region().fd));
  SetArea(session, area);
  Require(session.frontend().Fence());
  EXPECT_FALSE(replaced.IsMapped()) << "the area that was replaced is mapped";
}

CONFORMANCE_CASE(InFlightSharing, EndsWithTheSession,
                 .cites = {Req::HDR_25, Req::INFL_33}, .needs = kTrackedIo) {
  Session& session = StartTracked();
  const Inflight description = GetArea(session).description();
  const UnmappedRegion area = Unmapped(description);
  Require(session.frontend().SetInflightFd(description, area.region().fd));
  ExpectVerifiedIo(session);
  Disconnect();
  ExpectUnmappedSoon(area);
}

// AMB-inflight-running-ring.
CONFORMANCE_CASE(InFlightSharing, WhileARingRunsLeavesItRunning,
                 .cites = {Req::INFL_10}, .needs = kTrackedIo,
                 .open = {protocol::Ambiguity::kInflightRunningRing}) {
  Session& session = StartTracked();
  const SharedArea area = GetArea(session);
  Require(session.BringDevice());
  CompleteOne(session);
  const int fd = area.fd();
  const Outcome outcome = Provoke(
      session, MakeRequest(Request::SET_INFLIGHT_FD, area.description()),
      OneFd(fd));
  EXPECT_THAT(outcome, IsDecided());
  CurrentCase().AmbigCase("while a ring runs: " + ToString(outcome));
  if (!outcome.closed) CompleteOne(session);
}

// AMB-inflight-larger-ring.
CONFORMANCE_CASE(InFlightSharing, OfRegionsSmallerThanARingKeepsThemApart,
                 .cites = {Req::INFL_12},
                 .needs = {.protocol = kInFlight, .queues = 2, .device = "blk"},
                 .open = {protocol::Ambiguity::kInflightLargerRing}) {
  Session& session = StartTracked();
  const SharedArea area(Require(
      session.frontend().GetInflightFd({.num_queues = 2, .queue_size = 4})));
  SetArea(session, area);
  MarkNegative();
  const auto ring = session.StartRing(0);
  CurrentCase().AmbigCase("a ring larger than its region: " + ring.Describe());
  if (!ring.ok()) return;
  for (int i = 0; i < 8; ++i) PostOne(session);
  for (int i = 0; i < 8; ++i) Require((*ring)->Await());
  Require(session.frontend().Fence());
  EXPECT_TRUE(IsZero(area.region(1).bytes()))
      << "the region of another queue was written";
}

}  // namespace
}  // namespace vuspec
