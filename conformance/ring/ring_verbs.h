// What became of requests that need not complete.
//
// Contract: waits for a sign at most the quiet budget of the run; failures end
// the case.
#ifndef VUSPEC_CONFORMANCE_RING_RING_VERBS_H_
#define VUSPEC_CONFORMANCE_RING_RING_VERBS_H_

#include <cstdint>
#include <optional>

#include "harness/device/device_driver.h"
#include "harness/session/session.h"

namespace vuspec {

// Sends one message of the set-up of a ring: NUM, BASE, ADDR, CALL, ERR, KICK
// or ENABLE.
void SendSetUp(Frontend& frontend, SessionRing& ring,
               protocol::Request request);

// Kicks, and waits until the peer has read the kick, after which it looks at
// the ring before anything else can stop it. Of no use to a peer that polls.
void KickUntilRead(const SessionRing& ring);

enum class Fate : std::uint8_t {
  kCompleted,
  kErred,   // the err descriptor was signalled
  kClosed,  // the connection ended
  kIdle,    // no sign of anything
};

struct RingFate {
  Fate fate = Fate::kIdle;
  std::optional<Completion> completion = std::nullopt;
};

// Of what was posted last on a ring that runs, or may not.
RingFate AwaitFate(Session& session, SessionRing& ring);

// Posts and kicks a request that cannot be served: it completes with an error,
// or the ring or the session ends, or nothing comes of it.
// REQUIRES: the request's judge can tell an error (virtio-blk).
void ExpectNotServed(Session& session, const IoRequest& request);

// The next completion of a ring that has no call descriptor.
Completion AwaitPolled(Session& session, SessionRing& ring);

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_RING_RING_VERBS_H_
