// Postcopy: a guest runs while its memory is still on its way.
#include "conformance/device/blk_verbs.h"
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"
#include "conformance/memory/memory_verbs.h"
#include "conformance/memory/postcopy_case.h"
#include "harness/device/blk_requests.h"

namespace vuspec {
namespace {

using protocol::MakeRequest;
using protocol::MemoryRegion;
using protocol::MemoryTable;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;

constexpr Needs kOffered = {.protocol = kPagefault};
constexpr Needs kOfferedAndIo = {.protocol = kPagefault, .io = true};
constexpr Needs kOfferedByADisk = {.protocol = kPagefault, .device = "blk"};

class Postcopy : public PostcopyCase {};

CONFORMANCE_CASE(Postcopy, AdviceIsAnsweredByAUserfault, .cites = {Req::PC_01},
                 .needs = kOffered) {
  Advise(StartUnshared());
}

CONFORMANCE_CASE(Postcopy, AdviceLeavesMemoryAsItWas, .cites = {Req::PC_14},
                 .needs = kOfferedByADisk) {
  Session& session = StartUnshared();
  Require(session.frontend().SetMemTable(session.memory().regions()));
  BringRings(session);
  Advise(session);
  ReadIntoAMissingPage(session);
  EXPECT_EQ(fault_count(), 0u);
}

CONFORMANCE_CASE(Postcopy, ListenHasNoReplyOfItsOwn, .cites = {Req::PC_05},
                 .needs = kOffered) {
  Session& session = StartUnshared();
  Advise(session);
  EXPECT_THAT(Ask(Raw(session), MakeRequest(Request::POSTCOPY_LISTEN)),
              IsSilent());
  EXPECT_THAT(Ask(session.raw(), MakeRequest(Request::POSTCOPY_END)),
              IsReplied());
}

CONFORMANCE_CASE(Postcopy, ATableIsAnsweredByThePlacesOfTheBackEnd,
                 .cites = {Req::PC_07}, .needs = kOffered) {
  Session& session = StartListening();
  const MemoryTable told = TellMemory(session);
  for (std::uint32_t i = 0; i < told.region_count; ++i) {
    const GuestRegion& region = session.memory().regions()[i];
    EXPECT_NE(told.regions[i].user_address, region.user_address);
    EXPECT_EQ((told.regions[i].user_address ^ region.mmap_offset) % kPageSize,
              0u);
  }
  Require(session.frontend().PostcopyAcknowledge());
}

CONFORMANCE_CASE(Postcopy, NothingIsTouchedBeforeItsPlaceIsTold,
                 .cites = {Req::PC_08}, .needs = kOffered) {
  Session& session = StartListening();
  TellMemory(session);
  EXPECT_EQ(fault_count(), 0u);
  Require(session.frontend().PostcopyAcknowledge());
}

CONFORMANCE_CASE(Postcopy, RequestsWaitUntilATableIsAcknowledged,
                 .cites = {Req::PC_08}, .needs = kOfferedAndIo) {
  Session& session = StartLateDevice();
  const IoRequest request = MakeLateRequest(session);
  const std::size_t before = fault_count();
  TellMemory(session);
  Withhold(kRequests);
  Require(IoRing(session).Post(request.segments));
  EXPECT_FALSE(pages().AwaitFaults(before + 1, CurrentRun().ForQuiet()).ok());
  Require(session.frontend().PostcopyAcknowledge());
  FinishLate(session, request);
}

CONFORMANCE_CASE(Postcopy, ARequestGoesThroughPagesThatComeLate,
                 .cites = {Req::PC_04, Req::PC_11, Req::PC_12},
                 .needs = kOfferedAndIo) {
  Session& session = StartLateDevice();
  const IoRequest request = MakeLateRequest(session);
  CompleteLate(session, request);
  for (const Segment& segment : request.segments) {
    EXPECT_TRUE(WasAskedFor(segment.guest_address)) << segment.guest_address;
  }
  ExpectEachFaultWasToldOf();
}

CONFORMANCE_CASE(Postcopy, WhatIsWrittenMayComeLate,
                 .cites = {Req::PC_04, Req::PC_12}, .needs = kOfferedByADisk) {
  Session& session = StartLateDevice();
  CompleteLate(
      session,
      MovedInto(session.memory(),
                Require(MakeBlkWrite(session.memory(), 3, seed())), kRequests));
  ExpectSectorHolds(session, IoRing(session), 3, seed());
}

CONFORMANCE_CASE(Postcopy, WhatIsReadMayHaveNoPlaceYet,
                 .cites = {Req::PC_04, Req::PC_11, Req::PC_12},
                 .needs = kOfferedByADisk) {
  Session& session = StartLateDevice();
  const std::size_t before = fault_count();
  ReadIntoAMissingPage(session);
  EXPECT_GT(fault_count(), before);
  ExpectEachFaultWasToldOf();
}

CONFORMANCE_CASE(Postcopy, RingsMayComeLate,
                 .cites = {Req::PC_04, Req::PC_11, Req::PC_12},
                 .needs = kOfferedAndIo) {
  Session& session = StartLateDevice();
  SessionRing& ring = IoRing(session);
  const IoRequest request = MakeLateRequest(session);
  const auto base = Require(ring.Stop());
  Require(ring.PostQuietly(request.segments));
  Withhold(kRings);
  Require(ring.Restart(base));
  ring.Kick();
  FinishLate(session, request);
  EXPECT_TRUE(WasAskedFor(ring.driver().guest_addresses().descriptor_table));
  ExpectEachFaultWasToldOf();
}

CONFORMANCE_CASE(Postcopy, ARequestWaitsForItsPage, .cites = {Req::PC_12},
                 .needs = kOfferedAndIo) {
  Session& session = StartLateDevice();
  const IoRequest request = MakeLateRequest(session);
  PostHeld(session, request);
  EXPECT_EQ(Require(IoRing(session).Poll()), std::nullopt);
  pages().LetGo();
  FinishLate(session, request);
}

CONFORMANCE_CASE(Postcopy, PagesThatHaveArrivedAreKept, .cites = {Req::PC_04},
                 .needs = kOfferedAndIo) {
  Session& session = StartListening();
  const IoRequest request = MakeLateRequest(session);
  TellMemory(session);
  Require(session.frontend().PostcopyAcknowledge());
  BringRings(session);
  Complete(session, request);
  for (const Segment& segment : request.segments) {
    EXPECT_FALSE(WasAskedFor(segment.guest_address)) << segment.guest_address;
  }
}

CONFORMANCE_CASE(Postcopy, APageThatCameIsNotAskedForAgain,
                 .cites = {Req::PC_04, Req::PC_12}, .needs = kOfferedAndIo) {
  Session& session = StartLateDevice();
  const IoRequest request = MakeLateRequest(session);
  CompleteLate(session, request);
  const std::size_t before = fault_count();
  Complete(session, request);
  EXPECT_EQ(fault_count(), before);
}

CONFORMANCE_CASE(
    Postcopy, AnAddedRegionIsAnsweredByItsPlace, .cites = {Req::PC_10},
    .needs = {.protocol = kPagefault |
                          Mask(ProtocolFeature::CONFIGURE_MEM_SLOTS)},
    .open = {protocol::Ambiguity::kAddedRegionAck}) {
  Session& session = StartListening(Mask(ProtocolFeature::CONFIGURE_MEM_SLOTS));
  for (const GuestRegion& region : session.memory().regions()) {
    const MemoryRegion told =
        Require(session.frontend().PostcopyAddMemReg(region));
    EXPECT_NE(told.user_address, region.user_address);
  }
  EXPECT_EQ(fault_count(), 0u);
  EXPECT_THAT(session.frontend().PostcopyEnd(), Succeeds());
}

CONFORMANCE_CASE(Postcopy, EndLeavesNothingToAskFor, .cites = {Req::PC_13},
                 .needs = kOfferedByADisk) {
  Session& session = StartLateDevice();
  EXPECT_THAT(session.frontend().PostcopyEnd(), Succeeds());
  const std::size_t before = fault_count();
  ReadIntoAMissingPage(session);
  EXPECT_EQ(fault_count(), before);
}

CONFORMANCE_CASE(Postcopy, TablesAreAckedAsUsualAfterTheEnd,
                 .cites = {Req::PC_13}, .needs = kOfferedAndIo) {
  Session& session = StartLateDevice();
  Require(session.frontend().PostcopyEnd());
  Require(session.frontend().SetMemTable(session.memory().regions()));
  CompleteOne(session);
}

CONFORMANCE_CASE(Postcopy, MayBeAdvisedAgainAfterTheEnd,
                 .cites = {Req::PC_01, Req::PC_13, Req::PC_14},
                 .needs = kOfferedByADisk) {
  Session& session = StartLateDevice();
  Require(session.frontend().PostcopyEnd());
  Advise(session);
  ReadIntoAMissingPage(session);
  EXPECT_EQ(fault_count(), 0u);
}

CONFORMANCE_CASE(Postcopy, SixtyFourMigrationsLeaveNothingBehind,
                 .cites = {Req::FD_19, Req::HDR_25, Req::PC_13},
                 .needs = {.protocol = kPagefault, .process = true}) {
  const auto before = Idle();
  for (int i = 0; i < kRepetitions; ++i) {
    Session& session = StartListening();
    TellMemory(session);
    Require(session.frontend().PostcopyAcknowledge());
    Require(session.frontend().PostcopyEnd());
    EndSession(session);
  }
  if (before) ExpectNoMoreThan(*before);
}

}  // namespace
}  // namespace vuspec
