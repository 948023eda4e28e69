// write(2) that raises no SIGPIPE, as send(2) has MSG_NOSIGNAL for.
//
// Contract: for a descriptor that may be a pipe or a socket that nobody reads;
// the signal mask of the thread is as it was afterwards. Blocks as write(2)
// does; retries when a signal interrupts it.
#ifndef VUSPEC_HARNESS_TRANSPORT_WRITE_QUIETLY_H_
#define VUSPEC_HARNESS_TRANSPORT_WRITE_QUIETLY_H_

#include <sys/types.h>

#include <cstddef>
#include <span>

namespace vuspec {

// What write(2) returns, with errno set as it does.
ssize_t WriteQuietly(int fd, std::span<const std::byte> bytes);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_TRANSPORT_WRITE_QUIETLY_H_
