// The peer under test, as the conformance cases see it.
//
// Three kinds: ProcessPeer (process_peer.h) starts and owns a process,
// SocketPeer (socket_peer.h) talks to one that somebody else runs, and the
// mock back-end in process is one of the room that has it.
//
// Contract: not thread-safe; one Peer belongs to one worker. Everything that
// waits takes a Deadline. A Status says that our world failed (not started,
// nobody listens, no connection in time); what the peer did wrong to itself
// (crash, limit, sanitizer) is a PeerHealth.
//
// Example:
//   absl::StatusOr<UniqueFd> fd =
//       peer.Connect(Deadline::After(peer.manifest().limits.deadline));
//   ... a session over *fd, which is closed at the end ...
//   PeerHealth health = peer.Settle();
//   if (!health.ok()) report(health.detail);
#ifndef VUSPEC_HARNESS_PEER_PEER_H_
#define VUSPEC_HARNESS_PEER_PEER_H_

#include <chrono>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/peer/health.h"
#include "harness/peer/manifest.h"
#include "harness/peer/proc_stats.h"
#include "harness/transport/deadline.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {

class Peer {
 public:
  virtual ~Peer() = default;

  virtual const Manifest& manifest() const = 0;

  // A fresh connection to a peer that is up: starts it if it does not run,
  // and waits for its wished exit first where it exits after a disconnect.
  // Start and exit have budgets of their own (limits.start, limits.stop); the
  // deadline is for the connection.
  // REQUIRES: every earlier connection is closed.
  // Errors: kUnavailable (could not be started, died while starting, refuses
  // the connection: says exit status and last output), kDeadlineExceeded.
  virtual absl::StatusOr<UniqueFd> Connect(Deadline deadline) = 0;

  // A connection beside one that is up; never starts or restarts anything.
  // kUnavailable is an answer here: see Manifest::second_connection.
  virtual absl::StatusOr<UniqueFd> ConnectBeside(Deadline deadline) = 0;

  // The state now, and the first thing that went wrong since the last Check
  // or Settle, over all lives of the process. Waits only for a process that
  // is already dying, so that a crash belongs to the case that caused it.
  virtual PeerHealth Check() = 0;

  // Check for the end of a case: waits until a peer that exits after a
  // disconnect has done so (limits.stop), since leak reports come at exit.
  // REQUIRES: every connection is closed.
  virtual PeerHealth Settle() = 0;

  // What the process holds now; nullopt when it is not ours or not running.
  // `known`: see ReadResourceUse.
  virtual std::optional<ResourceUse> Resources(const ResourceUse& known) = 0;
  std::optional<ResourceUse> Resources() { return Resources({}); }

  // CPU time of all threads in this life; nullopt as above.
  virtual std::optional<std::chrono::nanoseconds> CpuTime() = 0;

  // The end of what the process wrote in this life; "" when it is not ours.
  virtual std::string StderrTail() = 0;

  // Ends the process at once, without a verdict for it. No-op when not ours.
  virtual void Kill() = 0;

  // For the end of a run: ends the process politely (by force after
  // limits.stop) and judges what it says then, such as leaks.
  virtual PeerHealth Stop() = 0;

  // Stop, whose verdict comes with the next Check, and a new start.
  // kFailedPrecondition when it is not ours.
  virtual absl::Status Restart() = 0;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_PEER_PEER_H_
