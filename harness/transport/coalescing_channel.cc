#include "harness/transport/coalescing_channel.h"

#include <fcntl.h>

#include <cerrno>

#include "harness/transport/errno_status.h"

namespace vuspec {

absl::Status CoalescingChannel::Send(std::span<const std::byte> bytes,
                                     std::span<const int> fds,
                                     Deadline deadline) {
  if (!end_.ok()) return end_;
  if (bytes.empty()) return absl::OkStatus();
  // The caller may close its own as soon as we return.
  std::vector<UniqueFd> copies;
  for (const int fd : fds) {
    copies.emplace_back(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (!copies.back()) return ErrnoStatus("fcntl", errno);
  }
  if (held_.empty() || !copies.empty())
    held_.push_back({{}, std::move(copies)});
  held_.back().bytes.insert(held_.back().bytes.end(), bytes.begin(),
                            bytes.end());
  held_size_ += bytes.size();
  deadline_ = deadline;
  if (held_size_ > kHeldMax) LetGo();
  return end_;
}

void CoalescingChannel::LetGo() {
  held_size_ = 0;
  for (const Write& write : std::exchange(held_, {})) {
    std::vector<int> fds;
    for (const UniqueFd& fd : write.fds) fds.push_back(fd.get());
    if (end_.ok()) end_ = inner().Send(write.bytes, fds, deadline_);
  }
}

absl::StatusOr<std::size_t> CoalescingChannel::Receive(
    std::span<std::byte> buffer, std::vector<UniqueFd>& fds,
    Deadline deadline) {
  LetGo();
  // A peer that closed may have answered before.
  if (!end_.ok() && !absl::IsUnavailable(end_)) return end_;
  return inner().Receive(buffer, fds, deadline);
}

void CoalescingChannel::ShutdownWrite() {
  LetGo();
  inner().ShutdownWrite();
}

}  // namespace vuspec
