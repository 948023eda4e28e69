// Probes about shared memory and the dirty log: what stays mapped, what can be
// used, what is marked.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include "harness/backend/fault_probe.h"
#include "harness/backend/offer.h"
#include "harness/backend/test_frontend.h"

namespace vuspec {
namespace {

using protocol::Mask;
using protocol::Request;
using protocol::SingleMemoryRegion;
using protocol::U64;
using protocol::VirtioFeature;
using protocol::VringAddr;
using protocol::VringState;

constexpr std::uint64_t kPage = 4096;

UniqueFd MakeFile(std::uint64_t size) {
  UniqueFd fd(::memfd_create("probe", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(::ftruncate(fd.get(), static_cast<off_t>(size)), 0);
  return fd;
}

// The kernel seals a file against writing only when nobody maps it.
bool IsMapped(const UniqueFd& file) {
  return ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_WRITE) != 0;
}

protocol::MemoryTable OnePage(std::uint64_t guest_address) {
  protocol::MemoryTable table;
  table.region_count = 1;
  table.regions[0] = {guest_address, kPage, guest_address, 0};
  return table;
}

// Distinct pages, far from the memory of the rings.
SingleMemoryRegion Slot(std::uint64_t number, std::uint64_t offset = 0) {
  const std::uint64_t address = (number + 1) * 0x10000;
  return {0, {address, kPage, address, offset}};
}

bool OldTableIsUnmapped(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  const UniqueFd old_file = MakeFile(kPage);
  const UniqueFd new_file = MakeFile(kPage);
  frontend.Tell(Request::SET_MEM_TABLE, OnePage(0x1000), {old_file.get()});
  frontend.Tell(Request::SET_MEM_TABLE, OnePage(0x1000), {new_file.get()});
  return frontend.Fence() && !IsMapped(old_file);
}

bool MemoryGoesWithTheSession(const TestServer& server) {
  const UniqueFd file = MakeFile(kPage);
  {
    TestFrontend frontend(server);
    frontend.Negotiate();
    frontend.Tell(Request::SET_MEM_TABLE, OnePage(0x1000), {file.get()});
  }
  return TestFrontend(server).Fence() && !IsMapped(file);
}

bool RemovedRegionIsUnmapped(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  const UniqueFd file = MakeFile(2 * kPage);
  frontend.Tell(Request::ADD_MEM_REG, Slot(0, kPage), {file.get()});
  // The offset is no part of what names a region.
  return !frontend.Tell(Request::REM_MEM_REG, Slot(0)).refused() &&
         !IsMapped(file);
}

// A file that nobody but the mock could still hold open.
std::function<bool(const TestServer&)> ClosesFdOf(Request request) {
  return [=](const TestServer& server) {
    absl::StatusOr<Pipe> pipe = Pipe::Create();
    const auto pair = SocketPair();
    TestFrontend frontend(server);
    frontend.Negotiate();
    const protocol::Body body = request == Request::ADD_MEM_REG
                                    ? protocol::Body(Slot(0))
                                    : protocol::Body(OnePage(0x1000));
    // A pipe cannot be mapped: refused, and closed all the same.
    frontend.Tell(request, body, {pipe->write_fd()});
    pipe->CloseWriteEnd();
    return frontend.Fence() && pipe->HungUp();
  };
}

bool ChannelIsReplaced(const TestServer& server) {
  absl::StatusOr<Pipe> pipe = Pipe::Create();
  TestFrontend frontend(server);
  frontend.Negotiate();
  frontend.Tell(Request::SET_BACKEND_REQ_FD, {}, {pipe->write_fd()});
  const auto pair = SocketPair();
  frontend.Tell(Request::SET_BACKEND_REQ_FD, {}, {pair->first->PollFd()});
  pipe->CloseWriteEnd();
  return frontend.Fence() && pipe->HungUp();
}

bool SlotsAreAsManyAsSaid(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  const std::uint64_t count = frontend.Ask(Request::GET_MAX_MEM_SLOTS).u64();
  const UniqueFd file = MakeFile(kPage);
  for (std::uint64_t i = 0; i < count; ++i) {
    if (frontend.Tell(Request::ADD_MEM_REG, Slot(i), {file.get()}).refused()) {
      return false;
    }
  }
  return frontend.Tell(Request::ADD_MEM_REG, Slot(count), {file.get()})
      .refused();
}

bool OffsetCounts(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  const RegionSpec spec = {
      .guest_address = 0x100000, .size = 1 << 20, .mmap_offset = 1 << 16};
  frontend.ShareMemory(std::span(&spec, 1));
  frontend.Prepare(0);
  frontend.Kick(0);
  frontend.Enable(0);
  if (!frontend.Fence()) return false;
  frontend.PostRead();
  return frontend.Reap().has_value();
}

bool OverlapIsRefused(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  const UniqueFd file = MakeFile(kPage);
  protocol::MemoryTable table = OnePage(0x1000);
  table.regions[table.region_count++] = table.regions[0];
  return frontend.Tell(Request::SET_MEM_TABLE, table, {file.get(), file.get()})
      .refused();
}

// One read into a buffer of two pages, with a log of one page whose first page
// is not ours; `log_all` and `log_used` as negotiated.
struct LogSeen {
  bool data = false;    // every page of the buffer is marked
  bool used = false;    // the page of the used ring's log address is
  bool before = false;  // something in front of the log is marked
  bool completed = false;
};
LogSeen Log(const TestServer& server, bool log_all) {
  constexpr std::uint64_t kUsedLogPage = 3;
  TestFrontend frontend(server);
  frontend.Negotiate(TestFrontend::kFeatures |
                     (log_all ? Mask(VirtioFeature::LOG_ALL) : 0));
  const RegionSpec spec = {.guest_address = 0x100000, .size = 1 << 20};
  frontend.ShareMemory(std::span(&spec, 1));
  const UniqueFd file = MakeFile(2 * kPage);
  frontend.Send(Request::SET_LOG_BASE, protocol::Log{kPage, kPage},
                {file.get()});
  LogSeen seen;
  if (frontend.Await().closed) return seen;
  frontend.Prepare(0);
  const SplitRingAddresses& at = frontend.ring(0).driver.user_addresses();
  frontend.Send(Request::SET_VRING_ADDR,
                VringAddr{0, 1, at.descriptor_table, at.used, at.available,
                          kUsedLogPage * kPage});
  frontend.Kick(0);
  frontend.Enable(0);
  if (!frontend.Fence()) return seen;
  const auto header = frontend.memory().Allocate(16, 16);
  const auto data = frontend.memory().Allocate(2 * kPage + 1, kPage);
  const auto head = frontend.ring(0).driver.AddChain(
      std::array{Segment{header->guest_address, 16, false},
                 Segment{data->guest_address, 2 * kPage + 1, true}});
  frontend.ring(0).driver.Publish();
  frontend.ring(0).kick.Signal();
  seen.completed = head.ok() && frontend.Reap().has_value();
  std::array<std::uint8_t, 2 * kPage> bytes{};
  EXPECT_EQ(::pread(file.get(), bytes.data(), bytes.size(), 0),
            static_cast<ssize_t>(bytes.size()));
  const auto marked = [&](std::uint64_t page) {
    return (bytes[kPage + page / 8] >> (page % 8) & 1) != 0;
  };
  const std::uint64_t first = data->guest_address / kPage;
  seen.data = marked(first) && marked(first + 1) && marked(first + 2);
  seen.used = marked(kUsedLogPage);
  seen.before = std::any_of(bytes.begin(), bytes.begin() + kPage,
                            [](std::uint8_t byte) { return byte != 0; });
  return seen;
}

bool LogTellsAllWrites(const TestServer& server) {
  const LogSeen seen = Log(server, true);
  return seen.completed && seen.data && seen.used && !seen.before;
}

bool LogTellsNothingUnasked(const TestServer& server) {
  const LogSeen seen = Log(server, false);
  return seen.completed && !seen.data && !seen.used;
}

}  // namespace

std::vector<ProbedFaults> MemoryProbes() {
  using F = Fault;
  return {
      {OldTableIsUnmapped, {F::kOldTableStaysMapped}},
      {MemoryGoesWithTheSession, {F::kMemoryLeakedAtDisconnect}},
      {RemovedRegionIsUnmapped,
       {F::kRemovedRegionStaysMapped, F::kRemoveComparesOffset}},
      {ClosesFdOf(Request::SET_MEM_TABLE), {F::kTableFdsLeaked}},
      {ClosesFdOf(Request::ADD_MEM_REG), {F::kAddedRegionFdLeaked}},
      {ChannelIsReplaced, {F::kBackendChannelLeaked}},
      {SlotsAreAsManyAsSaid,
       {F::kLastSlotRefused, F::kSlotsOverstated, F::kSlotLimitNotChecked}},
      {OffsetCounts, {F::kMmapOffsetIgnored, F::kSmallRegionRefused}},
      {OverlapIsRefused, {F::kOverlappingTableAccepted}},
      {LogTellsAllWrites,
       {F::kNothingLogged, F::kLogOffsetIgnored, F::kOnlyFirstPageLogged,
        F::kUsedRingNotLogged}},
      {LogTellsNothingUnasked, {F::kLogsWithoutLogAll}},
  };
}

}  // namespace vuspec
