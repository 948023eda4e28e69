// Events (eventfd) for kicks and calls, and pipes as leak oracles.
//
// Contract: an Event or Pipe owns its descriptors, which are close-on-exec.
// Signal and TryConsume never block; waits block until their deadline and
// consume nothing. Copies of the descriptors may be with a peer, so another
// process may signal or consume at any time. Any thread may use an Event.
//
// Errors: as in poll.h and errno_status.h.
//
// Not for: a kick or call descriptor received from a peer, which can be
// anything; that is what SignalFd and ConsumeFd are for.
#ifndef VUSPEC_HARNESS_TRANSPORT_EVENT_FD_H_
#define VUSPEC_HARNESS_TRANSPORT_EVENT_FD_H_

#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/transport/deadline.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {

class Event {
 public:
  // An event that is not signalled.
  static absl::StatusOr<Event> Create();

  int fd() const { return fd_.get(); }

  // Adds `value` to the counter; a counter without room for it stays, since
  // the event is signalled already. REQUIRES: value < 2^64 - 1.
  void Signal(std::uint64_t value = 1) const;

  // Returns the counter and sets it to 0; 0 if the event was not signalled.
  std::uint64_t TryConsume() const;

  absl::Status Wait(Deadline deadline) const;

  // Signals, and waits until somebody consumes that.
  absl::Status SignalUntilConsumed(Deadline deadline) const;

 private:
  explicit Event(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// Signal and TryConsume for a descriptor of a peer's making, which should be
// an eventfd but may be a pipe, a file or worse. Raise no SIGPIPE; block only
// if a third process races for a blocking descriptor.
// Errors: kUnavailable if nobody can read what SignalFd writes.
absl::Status SignalFd(int fd, std::uint64_t value = 1);
absl::StatusOr<std::uint64_t> ConsumeFd(int fd);

// A pipe that tells when all copies of its write end are gone. Give a peer a
// copy in place of a descriptor that it has to close, close ours, and wait:
//   absl::StatusOr<Pipe> oracle = Pipe::Create();
//   Send(..., {oracle->write_fd()});
//   oracle->CloseWriteEnd();
//   EXPECT_TRUE(oracle->WaitHangUp(deadline).ok());
class Pipe {
 public:
  static absl::StatusOr<Pipe> Create();

  int read_fd() const { return read_end_.get(); }
  int write_fd() const { return write_end_.get(); }

  void CloseWriteEnd() { write_end_.reset(); }
  UniqueFd TakeWriteEnd() { return std::move(write_end_); }

  // True when no process holds the write end, whatever is left to read.
  bool HungUp() const;
  absl::Status WaitHangUp(Deadline deadline) const;

 private:
  Pipe(UniqueFd read_end, UniqueFd write_end)
      : read_end_(std::move(read_end)), write_end_(std::move(write_end)) {}

  UniqueFd read_end_;
  UniqueFd write_end_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_TRANSPORT_EVENT_FD_H_
