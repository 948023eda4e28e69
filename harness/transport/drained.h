// Whether the peer has read all that was sent to it.
#ifndef VUSPEC_HARNESS_TRANSPORT_DRAINED_H_
#define VUSPEC_HARNESS_TRANSPORT_DRAINED_H_

#include "harness/transport/deadline.h"

namespace vuspec {

// Until the peer has read every byte, or can read no more. There is no event
// to wait for: asks again and again, yielding. False when the deadline is
// reached. `fd`: a socket, or -1 for a channel without one.
bool AwaitDrained(int fd, Deadline deadline);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_TRANSPORT_DRAINED_H_
