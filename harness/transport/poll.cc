#include "harness/transport/poll.h"

#include <poll.h>

#include <cerrno>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/transport/check.h"
#include "harness/transport/errno_status.h"
#include "harness/transport/held_back.h"

namespace vuspec {
namespace {

absl::Status Poll(std::span<pollfd> entries, Deadline deadline,
                  std::string_view awaited) {
  LetGoOfAll();
  for (;;) {
    const int ready =
        ::poll(entries.data(), entries.size(), deadline.PollTimeoutMs());
    if (ready > 0) break;
    if (ready < 0 && errno != EINTR) return ErrnoStatus("poll", errno);
    // Also after EINTR, so that a storm of signals cannot outlive the
    // deadline; poll's own time-out may be shorter than a far deadline.
    if (deadline.Reached()) {
      return absl::DeadlineExceededError(absl::StrCat(
          "deadline reached while awaiting ", std::string(awaited)));
    }
  }
  for (const pollfd& entry : entries) {
    if ((entry.revents & POLLNVAL) != 0) {
      return absl::InternalError(absl::StrCat("poll: descriptor ", entry.fd,
                                              " is not open, while awaiting ",
                                              std::string(awaited)));
    }
  }
  return absl::OkStatus();
}

absl::Status WaitFor(int fd, short events, Deadline deadline,
                     std::string_view awaited) {
  VU_CHECK(fd >= 0, "poll(2) would ignore this descriptor");
  pollfd entry = {.fd = fd, .events = events, .revents = 0};
  return Poll({&entry, 1}, deadline, awaited);
}

}  // namespace

absl::Status WaitReadable(int fd, Deadline deadline, std::string_view awaited) {
  return WaitFor(fd, POLLIN, deadline, awaited);
}

absl::Status WaitWritable(int fd, Deadline deadline, std::string_view awaited) {
  return WaitFor(fd, POLLOUT, deadline, awaited);
}

absl::Status WaitHungUp(int fd, Deadline deadline, std::string_view awaited) {
  // POLLHUP and POLLERR (a pipe without readers) need not be asked for.
  return WaitFor(fd, 0, deadline, awaited);
}

absl::StatusOr<std::size_t> WaitAny(std::span<const int> fds, Deadline deadline,
                                    std::string_view awaited) {
  std::vector<pollfd> entries;
  entries.reserve(fds.size());
  for (const int fd : fds) {
    entries.push_back({.fd = fd, .events = POLLIN, .revents = 0});
  }
  if (absl::Status status = Poll(entries, deadline, awaited); !status.ok()) {
    return status;
  }
  std::size_t first = 0;
  while (entries[first].revents == 0) ++first;
  return first;
}

}  // namespace vuspec
