// What a region may be backed by. What cannot back one stands in
// MemoryDescriptors.
#include <fcntl.h>
#include <unistd.h>

#include "conformance/kit/case.h"
#include "conformance/memory/memory_verbs.h"
#include "conformance/ring/ring_verbs.h"

namespace vuspec {
namespace {

using protocol::Req;

constexpr std::uint64_t kBeside = 4 * kGiB;

class MemoryBacking : public ConformanceCase {
 protected:
  // A table with a region of this descriptor beside that of the session.
  Outcome Share(Session& session, int fd, std::uint64_t size = kPageSize) {
    const GuestRegion region = {
        .fd = fd,
        .guest_address = kBeside,
        .size = size,
        .user_address = kBeside + GuestMemory::kUserAddressDistance};
    const RawTable table(With(session.memory().regions(), region));
    return Provoke(session, table.message(), table.fds);
  }
};

CONFORMANCE_CASE(MemoryBacking, MemfdWithoutSealsIsUsable,
                 .cites = {Req::MEM_59}, .needs = {.io = true}) {
  RegionSpec spec = RegionAt(GuestMemory::kDefaultGuestAddress);
  spec.sealed = false;
  ExpectVerifiedIo(StartDevice({.regions = {spec}}));
}

CONFORMANCE_CASE(MemoryBacking, FileOnTmpfsCanBeMapped,
                 .cites = {Req::MEM_59}) {
  const UniqueFd file(
      ::open("/dev/shm", O_TMPFILE | O_RDWR | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (!file) GTEST_SKIP() << "no tmpfs at /dev/shm";
  ASSERT_EQ(::ftruncate(file.get(), kPageSize), 0);
  EXPECT_THAT(Share(StartSession(), file.get()), testing::Not(IsRefused()));
}

CONFORMANCE_CASE(MemoryBacking, FileLongerThanItsRegionIsUsable,
                 .cites = {Req::MEM_59}, .needs = {.io = true}) {
  std::vector<RegionSpec> specs = RegionsOfCount(2);
  specs[0].size = kPageSize * 64;
  specs[1].mmap_offset = GuestMemory::kDefaultRegionSize;
  specs[1].same_file_as = 0;
  Session& session = StartDevice({.regions = specs});
  Complete(session, RequestIn(session, 0));
}

// The page behind the end faults in whoever touches it.
CONFORMANCE_CASE(MemoryBacking, FileThatEndsBeforeItsRegionIsSurvived,
                 .cites = {Req::MEM_22}, .needs = {.io = true}) {
  Session& session = StartDevice();
  const UnmappedRegion file(kBeside, kPageSize);
  const Outcome outcome = Share(session, file.region().fd, 64 * kPageSize);
  EXPECT_THAT(outcome, IsDecided());
  if (outcome.refused() || outcome.closed) return;
  IoRequest request = Require(session.MakeRequest());
  for (Segment& segment : request.segments) {
    segment.guest_address = kBeside + 32 * kPageSize;
  }
  Require(IoRing(session).Post(request.segments));
  KickUntilRead(IoRing(session));
  AwaitFate(session, IoRing(session));
}

}  // namespace
}  // namespace vuspec
