// Connections between vuspec and a peer, made in either direction.
//
// Contract: every descriptor is close-on-exec; waits end at the deadline;
// errors as in harness/transport/unix_socket.h.
#ifndef VUSPEC_HARNESS_PEER_DIAL_H_
#define VUSPEC_HARNESS_PEER_DIAL_H_

#include <string>

#include "absl/status/statusor.h"
#include "harness/transport/deadline.h"
#include "harness/transport/unique_fd.h"
#include "harness/transport/unix_socket.h"

namespace vuspec {

// Connects to the socket at `path`.
absl::StatusOr<UniqueFd> Dial(const std::string& path, Deadline deadline);

// Accepts a connection that is still up: one that the peer has closed again
// is skipped, since Open vSwitch drops its first one while it sets itself up.
// kFailedPrecondition when the process behind `pidfd` (-1: none) exits first.
absl::StatusOr<UniqueFd> AcceptLive(UnixListener& listener, int pidfd,
                                    Deadline deadline);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_PEER_DIAL_H_
