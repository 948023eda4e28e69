// Rings as only a hostile driver writes them: one generated case per row of
// harness/ring/hostile_ring.h.
//
// What a device makes of a bad chain is open: an error completion, a ring that
// stands still, an err signal, the end of the session. What is not open: it
// lives, it writes nowhere else, another ring of the session runs on unless
// the session ended, and a fresh session works.
#include <string>

#include "conformance/kit/case.h"
#include "conformance/ring/ring_verbs.h"
#include "harness/ring/hostile_ring.h"

namespace vuspec {
namespace {

using protocol::Has;
using protocol::Req;
using protocol::VirtioFeature;

constexpr std::uint64_t kIndirect = Mask(VirtioFeature::INDIRECT_DESC);

std::uint64_t NeededFeatures(const HostileRingRow& row) {
  return row.indirect == IndirectNeed::kNegotiated ? kIndirect : 0;
}

class HostileRingCase : public ConformanceCase {
 public:
  explicit HostileRingCase(const HostileRingRow& row) : row_(row) {}

  void TestBody() override {
    MarkNegative();
    Session& session =
        StartDevice({.virtio = kPlainVirtio | NeededFeatures(row_)});
    SessionRing& ring = IoRing(session);
    CompleteOne(session);
    SessionRing* other = StartAnother(session);
    const HostileParts parts = {Buffer(session, false), Buffer(session, true)};
    Require(PostHostileRing(row_.kind, ring.driver(), session.memory(), parts));
    KickUntilRead(ring);
    ExpectAnswers(session.raw());
    if (other != nullptr) ExpectRunsOn(session, *other);
  }

 private:
  // Where every ring takes the same requests.
  SessionRing* StartAnother(Session& session) {
    if (CurrentRun().device() != "blk" || probe().queue_count < 2) {
      return nullptr;
    }
    return Require(session.StartRing(1));
  }

  static Segment Buffer(Session& session, bool device_writable) {
    const GuestBuffer buffer = Require(session.memory().Allocate(256, 16));
    return {buffer.guest_address, 256, device_writable};
  }

  // RING-20: one bad ring stops itself or the session, and nothing between.
  static void ExpectRunsOn(Session& session, SessionRing& other) {
    if (!session.frontend().LinkUp()) return;
    const IoRequest request = Require(session.MakeRequest());
    Require(other.Post(request.segments));
    const auto completion = other.Await();
    if (!session.frontend().LinkUp()) return;
    EXPECT_THAT(completion, Succeeds())
        << "the other ring of the session stands still";
  }

  const HostileRingRow& row_;
};

std::string CaseName(const HostileRingRow& row) {
  return "Survives" + std::string(row.name.substr(1));
}

[[maybe_unused]] const bool registered = [] {
  for (const HostileRingRow& row : AllHostileRings()) {
    const std::string name = CaseName(row);
    RegisterCase({.id = "HostileRing." + name,
                  .cites = {row.req, Req::RING_20},
                  .needs = {.virtio = NeededFeatures(row), .io = true},
                  .generated = true,
                  .file = "conformance/ring/hostile_ring_cases.cc"});
    testing::RegisterTest(
        "HostileRing", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
        [&row]() -> ConformanceCase* { return new HostileRingCase(row); });
  }
  return true;
}();

CONFORMANCE_SUITE(BadRing);

CONFORMANCE_CASE(BadRing, IsReportedByItsErrDescriptor, .cites = {Req::ERR_02},
                 .needs = {.io = true}) {
  Session& session = StartDevice();
  MarkNegative();
  SessionRing& ring = IoRing(session);
  Require(PostHostileRing(HostileRing::kHeadBeyondSize, ring.driver(),
                          session.memory(), {}));
  ring.Kick();
  EXPECT_TRUE(ring.err().Wait(CurrentRun().ForAnswer()).ok())
      << "a ring with a head beyond its size was not reported";
}

CONFORMANCE_CASE(BadRing, NeedsNoErrDescriptor, .cites = {Req::ERR_08},
                 .needs = {.io = true}) {
  Session& session = StartDevice();
  MarkNegative();
  SessionRing& ring = IoRing(session);
  Require(session.frontend().SetVringErr(ring.index(), kNoFd));
  Require(PostHostileRing(HostileRing::kHeadBeyondSize, ring.driver(),
                          session.memory(), {}));
  KickUntilRead(ring);
  ExpectAnswers(session.raw());
}

// A guest that is loaded again after it spoilt its ring.
CONFORMANCE_CASE(BadRing, WorksAgainAfterAFreshStart,
                 .cites = {Req::RING_20, Req::KICK_17},
                 .needs = {.device = "blk"}) {
  Session& session = StartDevice();
  MarkNegative();
  SessionRing& ring = IoRing(session);
  Require(PostHostileRing(HostileRing::kHeadBeyondSize, ring.driver(),
                          session.memory(), {}));
  KickUntilRead(ring);
  ExpectAnswers(session.raw());
  if (!session.frontend().LinkUp()) return;
  if (!ring.Stop().ok()) return;  // the session ends here: allowed
  ring.driver().StartAt(0);
  Require(ring.Restart({ring.index(), 0}));
  CompleteOne(session);
}

CONFORMANCE_CASE(BadRing, IsAnnouncedByTheStatus, .cites = {Req::STAT_09},
                 .needs = {.protocol = Mask(protocol::ProtocolFeature::STATUS),
                           .device = "blk"}) {
  Session& session = StartDevice(
      {.protocol = kPlainProtocol | Mask(protocol::ProtocolFeature::STATUS)});
  MarkNegative();
  SessionRing& ring = IoRing(session);
  Require(PostHostileRing(HostileRing::kHeadBeyondSize, ring.driver(),
                          session.memory(), {}));
  ring.Kick();
  ASSERT_TRUE(ring.err().Wait(CurrentRun().ForAnswer()).ok());
  EXPECT_EQ(Require(session.frontend().GetStatus()) & 64, 64);
}

}  // namespace
}  // namespace vuspec
