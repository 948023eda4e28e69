#include "conformance/memory/postcopy_case.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "conformance/device/blk_verbs.h"
#include "conformance/kit/matchers.h"
#include "conformance/memory/memory_verbs.h"
#include "harness/suite/context.h"

namespace vuspec {

using protocol::MemoryRegion;
using protocol::MemoryTable;

void PostcopyCase::SetUp() {
  const absl::Status& allowed = Userfault::Allowed();
  if (!allowed.ok()) {
    CurrentCase().SkipCase(std::string(allowed.message()), false);
    GTEST_SKIP() << allowed.message();
  }
  LeakCase::SetUp();
}

void PostcopyCase::TearDown() {
  pages_.reset();
  EndPostcopy();
  LeakCase::TearDown();
}

// As the document says; where a case failed already, only to see what else is
// left of it.
void PostcopyCase::EndPostcopy() {
  if (session_ == nullptr || !session_->frontend().LinkUp()) return;
  if (session_->frontend().model().postcopy() !=
      protocol::Postcopy::kListening) {
    return;
  }
  const Reply<Done> ended = session_->frontend().PostcopyEnd();
  if (HasFailure()) return;
  EXPECT_THAT(ended, Succeeds());
}

Session& PostcopyCase::StartUnshared(std::uint64_t more_protocol) {
  std::vector<RegionSpec> regions = RegionsOfCount(3);
  for (RegionSpec& region : regions) {
    region.size = 64 * kPageSize;
    // Each in another place of its file.
    region.mmap_offset = kPageSize << (&region - regions.data());
  }
  session_ =
      &StartSession({.protocol = kPlainProtocol | kPagefault | more_protocol,
                     .regions = std::move(regions),
                     .share_memory = false});
  return *session_;
}

void PostcopyCase::Advise(Session& session) {
  UniqueFd fd = Require(session.frontend().PostcopyAdvise());
  [&] {
    ASSERT_TRUE(Userfault::IsOne(fd))
        << "POSTCOPY_ADVISE was not answered by a userfaultfd";
  }();
  pages_.reset();
  pages_.emplace(Userfault(std::move(fd)), session.memory());
}

Session& PostcopyCase::StartListening(std::uint64_t more_protocol) {
  Session& session = StartUnshared(more_protocol);
  Advise(session);
  Require(session.frontend().PostcopyListen());
  return session;
}

MemoryTable PostcopyCase::TellMemory(Session& session) {
  const MemoryTable told = Require(
      session.frontend().PostcopySetMemTable(session.memory().regions()));
  for (std::uint32_t i = 0; i < told.region_count; ++i) {
    const MemoryRegion& region = told.regions[i];
    pages_->Learn(region.guest_address, region.memory_size,
                  region.user_address);
  }
  return told;
}

Session& PostcopyCase::StartLateDevice() {
  Session& session = StartListening();
  TellMemory(session);
  Require(session.frontend().PostcopyAcknowledge());
  BringRings(session);
  return session;
}

void PostcopyCase::BringRings(Session& session) {
  Require(session.BringDevice({.region_indices = std::array<std::size_t, 3>{
                                   kRings, kRings, kUsedRings}}));
}

IoRequest PostcopyCase::MakeLateRequest(Session& session) {
  return RequestIn(session, kRequests);
}

void PostcopyCase::CompleteLate(Session& session, const IoRequest& request) {
  Withhold(kRequests);
  Require(IoRing(session).Post(request.segments));
  FinishLate(session, request);
}

void PostcopyCase::FinishLate(Session& session, const IoRequest& request) {
  const Completion completion = Require(IoRing(session).Await());
  pages_->Restore();
  const auto wrong = request.judge(completion);
  EXPECT_FALSE(wrong.has_value()) << ToString(*wrong);
}

void PostcopyCase::Withhold(Region region) {
  const absl::Status taken = pages_->Withhold(region);
  [&] { ASSERT_TRUE(taken.ok()) << taken; }();
}

void PostcopyCase::PostHeld(Session& session, const IoRequest& request) {
  const std::size_t before = fault_count();
  Withhold(kRequests);
  pages_->Hold();
  Require(IoRing(session).Post(request.segments));
  const absl::Status asked =
      pages_->AwaitFaults(before + 1, CurrentRun().ForAnswer());
  [&] { ASSERT_TRUE(asked.ok()) << "no page was asked for: " << asked; }();
}

void PostcopyCase::ReadIntoAMissingPage(Session& session) {
  BlkParts read = MakeBlkParts(session.memory(), kBlkIn, 0, 0);
  // As large as a page, so that the canaries are in its neighbours.
  read.data =
      Require(session.memory().AllocateIn(kRequests, kPageSize, kPageSize));
  read.device_writes_data = true;
  EXPECT_EQ(StatusOf(IoRing(session), read), kBlkOk);
}

bool PostcopyCase::WasAskedFor(std::uint64_t guest_address) const {
  const std::uint64_t page = guest_address & ~(kPageSize - 1);
  for (const PageServer::Fault& fault : pages_->faults()) {
    if (fault.guest_address == page) return true;
  }
  return false;
}

void PostcopyCase::ExpectEachFaultWasToldOf() const {
  for (const PageServer::Fault& fault : pages_->faults()) {
    EXPECT_TRUE(fault.guest_address.has_value())
        << "the peer waits for a page at 0x" << std::hex << fault.peer_address
        << ", which lies in no region that it told of";
  }
}

void PostcopyCase::EndSession(Session& session) {
  session.Close();
  pages_.reset();
  session_ = nullptr;
  Disconnect();
}

}  // namespace vuspec
