// Waiting for descriptors: the only place of the harness that calls poll(2).
//
// Contract: blocking until the deadline, which Deadline::Now() turns into a
// question; signals do not end a wait; descriptors stay the caller's.
//
// Errors: kDeadlineExceeded, saying what was awaited (`awaited`, a noun such
// as "a kick"); kInternal for a descriptor that is not open.
#ifndef VUSPEC_HARNESS_TRANSPORT_POLL_H_
#define VUSPEC_HARNESS_TRANSPORT_POLL_H_

#include <cstddef>
#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/transport/deadline.h"

namespace vuspec {

// Until a read would not block: there is data, end of stream or an error.
absl::Status WaitReadable(int fd, Deadline deadline,
                          std::string_view awaited = "data");

// Until a write would not block: there is room, or an error to collect.
absl::Status WaitWritable(int fd, Deadline deadline,
                          std::string_view awaited = "room to write");

// Until nobody else can use the other end: for a socket, it was shut down in
// both directions; for a pipe, every copy of the other end was closed.
absl::Status WaitHungUp(int fd, Deadline deadline,
                        std::string_view awaited = "hang-up");

// Until one of `fds` is readable; returns the position of the first that is.
// Negative entries are skipped, so an absent descriptor keeps its position.
absl::StatusOr<std::size_t> WaitAny(std::span<const int> fds, Deadline deadline,
                                    std::string_view awaited = "data");

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_TRANSPORT_POLL_H_
