// What a disabled ring of a disk must not do.
//
// Whether it parks its requests or completes them is open (AMB-disabled-ring);
// what is not open is that a write on it never reaches the disk (RING-05).
//
// Contract: for suites with cases of device "blk". The case ends when the
// peer is lost. Earlier sessions are closed by ExpectWriteHasNoEffect.
#ifndef VUSPEC_CONFORMANCE_RING_DISABLED_RING_H_
#define VUSPEC_CONFORMANCE_RING_DISABLED_RING_H_

#include <cstdint>
#include <optional>

#include "conformance/kit/case.h"
#include "harness/device/blk_requests.h"

namespace vuspec {

class DisabledRingCase : public ConformanceCase {
 protected:
  // Posts a write on the disabled ring and lets a fresh session look for it.
  void ExpectWriteHasNoEffect(Session& session, SessionRing& ring) {
    const IoRequest write =
        Require(MakeBlkWrite(session.memory(), kSector, seed()));
    Require(ring.Post(write.segments));
    GiveTurns(session, ring);
    Disconnect();
    Session& fresh = StartDevice();
    const IoRequest read =
        Require(MakeBlkRead(fresh.memory(), kSector, seed()));
    Require(IoRing(fresh).Post(read.segments));
    EXPECT_THAT(read.judge(Require(IoRing(fresh).Await())),
                testing::Ne(std::nullopt))
        << "a write on a disabled ring reached the disk";
  }

 private:
  // A peer may answer message after message before it looks at a kick; not
  // so once it served another ring, kicked later. Of one ring only, messages
  // are all there is.
  void GiveTurns(Session& session, SessionRing& ring) {
    constexpr int kTurns = 64;
    for (int turn = 0; turn < kTurns; ++turn) {
      Require(session.frontend().Fence());
      if (Require(ring.Poll()).has_value()) return;
    }
    if (probe().queue_count < 2 || ring.index() != 0) return;
    Require(session.StartRing(1));
    const IoRequest other =
        Require(MakeBlkWrite(session.memory(), kSector + 1, seed()));
    Require(Perform(session, 1, other));
  }

  static constexpr std::uint64_t kSector = 9;
};

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_RING_DISABLED_RING_H_
