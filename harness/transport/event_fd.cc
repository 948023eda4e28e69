#include "harness/transport/event_fd.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <span>

#include "harness/transport/check.h"
#include "harness/transport/errno_status.h"
#include "harness/transport/poll.h"
#include "harness/transport/write_quietly.h"

namespace vuspec {
namespace {

// The highest power of two that an eventfd counts to.
constexpr std::uint64_t kHighestBit = std::uint64_t{1} << 63;

// Like the system calls, but returns errno, 0 for success.
int Write(int fd, std::uint64_t value) {
  while (::write(fd, &value, sizeof value) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

int Read(int fd, std::uint64_t& value) {
  value = 0;
  while (::read(fd, &value, sizeof value) < 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

// A peer's descriptor may be a pipe or a socket that nobody reads.
int WriteWithoutSignal(int fd, std::uint64_t value) {
  const auto bytes = std::as_bytes(std::span(&value, 1));
  return WriteQuietly(fd, bytes) < 0 ? errno : 0;
}

}  // namespace

absl::StatusOr<Event> Event::Create() {
  UniqueFd fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!fd) return ErrnoStatus("eventfd", errno);
  return Event(std::move(fd));
}

void Event::Signal(std::uint64_t value) const {
  const int error = Write(fd_.get(), value);
  VU_CHECK(error == 0 || error == EAGAIN, "writing an eventfd cannot fail");
}

std::uint64_t Event::TryConsume() const {
  std::uint64_t value = 0;
  const int error = Read(fd_.get(), value);
  VU_CHECK(error == 0 || error == EAGAIN, "reading an eventfd cannot fail");
  return value;
}

absl::Status Event::Wait(Deadline deadline) const {
  return WaitReadable(fd_.get(), deadline, "an event");
}

absl::Status Event::SignalUntilConsumed(Deadline deadline) const {
  // To the brim, whatever it holds: it takes more only once it was consumed.
  for (std::uint64_t value = kHighestBit; value != 0; value /= 2) {
    Signal(value);
  }
  return WaitWritable(fd_.get(), deadline, "an event to be consumed");
}

absl::Status SignalFd(int fd, std::uint64_t value) {
  absl::Status room = WaitWritable(fd, Deadline::Now());
  if (absl::IsDeadlineExceeded(room)) return absl::OkStatus();
  if (!room.ok()) return room;
  const int error = WriteWithoutSignal(fd, value);
  if (error == 0 || error == EAGAIN) return absl::OkStatus();
  if (error == EPIPE) {
    return absl::UnavailableError("nobody reads the event descriptor");
  }
  return ErrnoStatus("write to the event descriptor", error);
}

absl::StatusOr<std::uint64_t> ConsumeFd(int fd) {
  absl::Status data = WaitReadable(fd, Deadline::Now());
  if (absl::IsDeadlineExceeded(data)) return 0;
  if (!data.ok()) return data;
  std::uint64_t value = 0;
  const int error = Read(fd, value);
  if (error == 0 || error == EAGAIN) return value;
  return ErrnoStatus("read of the event descriptor", error);
}

absl::StatusOr<Pipe> Pipe::Create() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus("pipe2", errno);
  return Pipe(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

bool Pipe::HungUp() const { return WaitHangUp(Deadline::Now()).ok(); }

absl::Status Pipe::WaitHangUp(Deadline deadline) const {
  return WaitHungUp(read_end_.get(), deadline,
                    "the last write end of a pipe to be closed");
}

}  // namespace vuspec
