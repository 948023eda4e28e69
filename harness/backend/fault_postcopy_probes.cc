// Probes about postcopy.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "harness/backend/fault_probe.h"
#include "harness/backend/test_frontend.h"
#include "harness/memory/page_server.h"

namespace vuspec {
namespace {

using protocol::MemoryTable;
using protocol::ProtocolFeature;
using protocol::Request;

// A front-end that listens, and the source of its pages.
class Migration {
 public:
  explicit Migration(const TestServer& server) : frontend_(server) {
    frontend_.Negotiate(
        TestFrontend::kFeatures,
        TestFrontend::kProtocolFeatures | Mask(ProtocolFeature::PAGEFAULT));
    TestAnswer advice = frontend_.Ask(Request::POSTCOPY_ADVISE);
    if (advice.fds.size() == 1) userfault_ = std::move(advice.fds[0]);
    frontend_.Send(Request::POSTCOPY_LISTEN);
  }

  bool is_advised() const { return Userfault::IsOne(userfault_); }

  // The reply to a table of one region that lies in the middle of its file.
  std::optional<MemoryTable> ShareMemory() {
    constexpr std::uint64_t kSize = 64 * 4096;
    frontend_.ShareMemory(std::vector<RegionSpec>{
        {.guest_address = 0x4000'0000, .size = kSize, .mmap_offset = 8192}});
    pages_.emplace(Userfault(std::move(userfault_)), frontend_.memory());
    const TestAnswer answer = frontend_.Await();
    auto table = protocol::DecodeBody(protocol::Payload::kMemoryTable,
                                      answer.payload, {"table"});
    if (!table.ok()) return std::nullopt;
    const auto& told = std::get<MemoryTable>(*table);
    pages_->Learn(0x4000'0000, kSize, told.regions[0].user_address);
    return told;
  }

  TestFrontend& frontend() { return frontend_; }
  std::vector<PageServer::Fault> faults() const { return pages_->faults(); }

 private:
  TestFrontend frontend_;
  UniqueFd userfault_;
  std::optional<PageServer> pages_;
};

bool AdviceAndListenAreAnswered(const TestServer& server) {
  Migration migration(server);
  return migration.is_advised() && migration.frontend().Fence();
}

// A read of a disk, through rings and buffers that nobody has touched but the
// driver: its data has no page yet.
bool PagesAreAskedForWhereTheyWereToldToBe(const TestServer& server) {
  Migration migration(server);
  if (!migration.is_advised() || !migration.ShareMemory()) return false;
  if (!migration.faults().empty()) return false;
  TestFrontend& frontend = migration.frontend();
  frontend.Send(Request::SET_MEM_TABLE, MemoryTable{});
  frontend.Prepare(0, 256);
  frontend.Kick(0);
  frontend.Enable(0);
  const auto header = frontend.memory().Allocate(16, 16);
  const auto data = frontend.memory().Allocate(4096, 4096);
  const auto status = frontend.memory().Allocate(1, 1);
  const auto head = frontend.ring(0).driver.AddChain(
      std::array{Segment{header->guest_address, 16, false},
                 Segment{data->guest_address, 4096, true},
                 Segment{status->guest_address, 1, true}});
  frontend.ring(0).driver.Publish();
  frontend.ring(0).kick.Signal();
  if (!head.ok() || !frontend.Reap(0)) return false;
  const auto faults = migration.faults();
  return std::any_of(faults.begin(), faults.end(), [&](const auto& fault) {
    return fault.guest_address == data->guest_address;
  });
}

bool TheEndIsObeyed(const TestServer& server) {
  Migration migration(server);
  TestFrontend& frontend = migration.frontend();
  if (frontend.Ask(Request::POSTCOPY_END).u64() != 0) return false;
  frontend.ShareMemory();
  return frontend.Fence();
}

bool AddedRegionsAreToldOf(const TestServer& server) {
  Migration migration(server);
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
  if (!Userfault::Allowed().ok()) return {};
  return {
      {AdviceAndListenAreAnswered,
       {Fault::kUserfaultMissing, Fault::kListenAlwaysAnswered}},
      {PagesAreAskedForWhereTheyWereToldToBe,
       {Fault::kPostcopyMemoryNotWatched, Fault::kForeignPlacesTold,
        Fault::kPlacesIgnoreOffset, Fault::kTouchedBeforeTold}},
      {TheEndIsObeyed, {Fault::kEndAnswersFailure, Fault::kEndNotObeyed}},
      {AddedRegionsAreToldOf, {Fault::kAddedPlaceNotTold}},
  };
}

}  // namespace vuspec
