// A device all of whose rings are stopped: it keeps still.
#include <algorithm>
#include <vector>

#include "conformance/case.h"
#include "conformance/ring_verbs.h"
#include "harness/memory/shared_access.h"

namespace vuspec {
namespace {

using protocol::Req;
using protocol::VirtioFeature;

class Suspended : public ConformanceCase {
 protected:
  // Every byte that is shared, as it is now.
  static std::vector<std::uint8_t> Snapshot(Session& session) {
    std::vector<std::uint8_t> bytes;
    for (std::size_t i = 0; i < session.memory().regions().size(); ++i) {
      for (const std::byte& byte : session.memory().RegionBytes(i)) {
        bytes.push_back(Load<std::uint8_t>(&byte));
      }
    }
    return bytes;
  }

  // Served a request, stopped, and asked for another one.
  Session& StartSuspended() {
    Session& session = StartDevice();
    CompleteOne(session);
    for (const std::uint32_t queue : session.driver()->profile().queues) {
      Require(session.ring(queue).Stop());
    }
    Settle(session, IoRing(session));
    PostOne(session);
    return session;
  }
};

CONFORMANCE_CASE(Suspended, NoMemoryIsWritten, .cites = {Req::SUSP_01},
                 .needs = {.io = true}) {
  Session& session = StartSuspended();
  const std::vector<std::uint8_t> before = Snapshot(session);
  Settle(session, IoRing(session));
  EXPECT_TRUE(Snapshot(session) == before)
      << "guest memory changed while every ring was stopped";
}

CONFORMANCE_CASE(Suspended, NoGuestIsNotified, .cites = {Req::SUSP_02},
                 .needs = {.io = true}) {
  Session& session = StartSuspended();
  ExpectNotNotified(session, IoRing(session));
}

CONFORMANCE_CASE(Suspended, ADeviceThatWasNeverStartedKeepsStill,
                 .cites = {Req::SUSP_05},
                 .needs = {.virtio = Mask(VirtioFeature::PROTOCOL_FEATURES),
                           .io = true}) {
  Session& session = StartSession();
  SessionRing& ring =
      *Require(session.MakeRing(session.driver()->profile().io_queue));
  Require(ring.Configure());
  Require(ring.Enable(true));
  PostOne(session);
  const std::vector<std::uint8_t> before = Snapshot(session);
  Settle(session, ring);
  EXPECT_TRUE(Snapshot(session) == before)
      << "guest memory changed before any ring was started";
}

}  // namespace
}  // namespace vuspec
