// Probes about postcopy.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "harness/backend/fault_probe.h"
#include "harness/backend/test_frontend.h"
#include "harness/memory/page_server.h"
#include "harness/memory/shared_access.h"
#include "harness/transport/test_support.h"

namespace vuspec {
namespace {

using protocol::MemoryTable;
using protocol::ProtocolFeature;
using protocol::Request;

// Each region lies in the middle of its file. Rings and headers are in the
// first, data of reads in the last.
constexpr std::uint64_t kRegionSize = 64 * 4096;
constexpr std::array<RegionSpec, 2> kRegions = {{
    {.guest_address = 0x4000'0000, .size = kRegionSize, .mmap_offset = 8192},
    {.guest_address = 0x5000'0000, .size = kRegionSize, .mmap_offset = 8192},
}};

// A front-end in postcopy, and the source of its pages.
class Migration {
 public:
  explicit Migration(const TestServer& server) : frontend_(server) {
    frontend_.Negotiate(
        TestFrontend::kFeatures,
        TestFrontend::kProtocolFeatures | Mask(ProtocolFeature::PAGEFAULT));
  }

  bool Advise() {
    TestAnswer advice = frontend_.Ask(Request::POSTCOPY_ADVISE);
    if (advice.fds.size() != 1) return false;
    userfault_ = std::move(advice.fds[0]);
    return Userfault::IsOne(userfault_);
  }
  bool Listen() {
    const bool advised = Advise();
    frontend_.Send(Request::POSTCOPY_LISTEN);
    return advised;
  }
  // From now on pages come when they are asked for.
  void ServePages() {
    pages_.emplace(Userfault(std::move(userfault_)), frontend_.memory());
  }
  // A table and the places that answer it.
  bool TellMemory() {
    frontend_.ShareMemory(kRegions);
    ServePages();
    return LearnPlaces();
  }
  bool TellMemoryAgain() {
    frontend_.Send(Request::SET_MEM_TABLE,
                   frontend_.TableOf(frontend_.memory()),
                   frontend_.FdsOf(frontend_.memory()));
    return LearnPlaces();
  }
  void Acknowledge() { frontend_.Send(Request::SET_MEM_TABLE, MemoryTable{}); }

  void StartRing() {
    frontend_.Prepare(0, 256);
    frontend_.Kick(0);
    frontend_.Enable(0);
  }
  // Listening, with a ring at work.
  bool Begin() {
    if (!Listen() || !TellMemory()) return false;
    Acknowledge();
    StartRing();
    return frontend_.Fence();
  }
  bool End() { return frontend_.Ask(Request::POSTCOPY_END).u64() == 0; }

  // A read of a disk into a page that nobody has touched: its guest address.
  std::uint64_t PostReadIntoAMissingPage() {
    GuestMemory& memory = frontend_.memory();
    const auto header = memory.Allocate(16, 16);
    const auto data = memory.AllocateIn(
        kRegions.size() - 1, Userfault::PageSize(), Userfault::PageSize());
    const auto status = memory.Allocate(1, 1);
    const auto head = frontend_.ring(0).driver.AddChain(std::array{
        Segment{header->guest_address, 16, false},
        Segment{data->guest_address,
                static_cast<std::uint32_t>(data->bytes.size()), true},
        Segment{status->guest_address, 1, true}});
    EXPECT_TRUE(head.ok()) << head.status();
    frontend_.ring(0).driver.Publish();
    frontend_.ring(0).kick.Signal();
    return data->guest_address;
  }

  TestFrontend& frontend() { return frontend_; }
  PageServer& pages() { return *pages_; }
  bool WasAskedFor(std::uint64_t guest_address) const {
    const auto faults = pages_->faults();
    return std::any_of(faults.begin(), faults.end(), [&](const auto& fault) {
      return fault.guest_address == guest_address;
    });
  }

 private:
  bool LearnPlaces() {
    const TestAnswer answer = frontend_.Await();
    auto table = protocol::DecodeBody(protocol::Payload::kMemoryTable,
                                      answer.payload, {"table"});
    if (!table.ok()) return false;
    const auto& told = std::get<MemoryTable>(*table);
    for (std::uint32_t i = 0; i < told.region_count; ++i) {
      pages_->Learn(told.regions[i].guest_address, told.regions[i].memory_size,
                    told.regions[i].user_address);
    }
    return true;
  }

  TestFrontend frontend_;
  UniqueFd userfault_;  // until pages are served
  std::optional<PageServer> pages_;
};

bool AdviceAndListenAreAnswered(const TestServer& server) {
  Migration migration(server);
  return migration.Listen() && migration.frontend().Fence();
}

bool AdviceLeavesMemoryAsItWas(const TestServer& server) {
  Migration migration(server);
  migration.frontend().ShareMemory(kRegions);
  migration.StartRing();
  if (!migration.Advise()) return false;
  migration.ServePages();
  migration.PostReadIntoAMissingPage();
  return migration.frontend().Reap() && migration.pages().faults().empty();
}

bool PagesAreAskedForWhereTheyWereToldToBe(const TestServer& server) {
  Migration migration(server);
  if (!migration.Listen() || !migration.TellMemory()) return false;
  if (!migration.pages().faults().empty()) return false;
  migration.Acknowledge();
  migration.StartRing();
  const std::uint64_t data = migration.PostReadIntoAMissingPage();
  return migration.frontend().Reap() && migration.WasAskedFor(data);
}

bool PagesThatHaveArrivedAreKept(const TestServer& server) {
  Migration migration(server);
  if (!migration.Begin()) return false;
  std::byte* const last = migration.frontend().memory().RegionBytes(1).data();
  Store<std::uint8_t>(last, 0x5a);
  return migration.TellMemoryAgain() && Load<std::uint8_t>(last) == 0x5a;
}

bool RingsWaitForTheAcknowledgement(const TestServer& server) {
  Migration migration(server);
  if (!migration.Begin() || !migration.TellMemoryAgain()) return false;
  migration.PostReadIntoAMissingPage();
  if (!migration.frontend().Idle()) return false;
  migration.Acknowledge();
  return migration.frontend().Reap().has_value();
}

bool TheEndIsObeyed(const TestServer& server) {
  Migration migration(server);
  if (!migration.Listen() || !migration.End()) return false;
  migration.frontend().ShareMemory();
  return migration.frontend().Fence();
}

bool NoPageIsAskedForAfterTheEnd(const TestServer& server) {
  Migration migration(server);
  if (!migration.Begin() || !migration.End()) return false;
  const std::size_t before = migration.pages().faults().size();
  migration.PostReadIntoAMissingPage();
  return migration.frontend().Reap() &&
         migration.pages().faults().size() == before;
}

// The mock is in this process: what it has open, we have open.
std::ptrdiff_t CountUserfaults() {
  const std::set<int> fds = OpenFds();
  return std::count_if(fds.begin(), fds.end(), [](int fd) {
    return Userfault::IsOne(UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)));
  });
}

bool TheEndClosesTheUserfault(const TestServer& server) {
  const std::ptrdiff_t before = CountUserfaults();
  {
    Migration migration(server);
    if (!migration.Listen() || !migration.End()) return false;
  }
  return CountUserfaults() == before;
}

// The mock, which is at its request, learns of the end all the same.
bool NoPageIsAwaitedFromTheDead(const TestServer& server) {
  std::optional<Migration> migration(std::in_place, server);
  if (!migration->Begin()) return false;
  const std::size_t before = migration->pages().faults().size();
  migration->pages().Hold();
  migration->PostReadIntoAMissingPage();
  if (!migration->pages().AwaitFaults(before + 1, Soon()).ok()) return false;
  migration->pages().Die();
  migration.reset();
  return TestFrontend(server).Fence();
}

bool AddedRegionsAreToldOf(const TestServer& server) {
  Migration migration(server);
  if (!migration.Listen()) return false;
  const UniqueFd file(::memfd_create("region", MFD_CLOEXEC));
  if (::ftruncate(file.get(), 65536) != 0) return false;
  TestFrontend& frontend = migration.frontend();
  const protocol::MemoryRegion region = {0x1000, 65536, 0x1000, 0};
  frontend.Send(Request::ADD_MEM_REG, protocol::SingleMemoryRegion{0, region},
                {file.get()});
  return frontend.Await().payload.size() == 40;
}

}  // namespace

std::vector<ProbedFaults> PostcopyProbes() {
  std::vector<ProbedFaults> probes = {
      {AdviceAndListenAreAnswered,
       {Fault::kUserfaultMissing, Fault::kListenAlwaysAnswered}},
      {AdviceLeavesMemoryAsItWas, {Fault::kWatchedFromTheAdvice}},
      {PagesAreAskedForWhereTheyWereToldToBe,
       {Fault::kPostcopyMemoryNotWatched, Fault::kOnlyFirstRegionWatched,
        Fault::kForeignPlacesTold, Fault::kPlacesIgnoreOffset,
        Fault::kTouchedBeforeTold}},
      {PagesThatHaveArrivedAreKept, {Fault::kArrivedPagesDropped}},
      {RingsWaitForTheAcknowledgement, {Fault::kAcknowledgementNotAwaited}},
      {TheEndIsObeyed, {Fault::kEndAnswersFailure, Fault::kEndNotObeyed}},
      {NoPageIsAskedForAfterTheEnd, {Fault::kUserfaultOutlivesEnd}},
      {TheEndClosesTheUserfault, {Fault::kUserfaultLeaked}},
      {NoPageIsAwaitedFromTheDead, {Fault::kWaitsForPagesOfTheDead}},
      {AddedRegionsAreToldOf, {Fault::kAddedPlaceNotTold}},
  };
  for (ProbedFaults& row : probes) row.possible = Userfault::Allowed();
  return probes;
}

}  // namespace vuspec
