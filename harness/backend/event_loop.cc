#include "harness/backend/event_loop.h"

#include <poll.h>
#include <sys/epoll.h>
#include <time.h>

#include <cerrno>
#include <cstddef>

#include "harness/transport/errno_status.h"

namespace vuspec {

absl::StatusOr<EventLoop> EventLoop::Create() {
  UniqueFd fd(::epoll_create1(EPOLL_CLOEXEC));
  if (!fd) return ErrnoStatus("epoll_create1", errno);
  return EventLoop(std::move(fd));
}

namespace {

std::uint32_t EventsOf(EventLoop::Trigger trigger) {
  switch (trigger) {
    case EventLoop::Trigger::kLevel:
      return EPOLLIN;
    case EventLoop::Trigger::kEdge:
      return EPOLLIN | EPOLLET;
    case EventLoop::Trigger::kWritable:
      return EPOLLOUT;
    case EventLoop::Trigger::kHangUp:
      return EPOLLRDHUP;
  }
  return 0;
}

}  // namespace

absl::Status EventLoop::Watch(int fd, Token token, Trigger trigger) {
  epoll_event event = {};
  event.events = EventsOf(trigger);
  event.data.u64 = token;
  if (::epoll_ctl(fd_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
    return ErrnoStatus("epoll_ctl", errno);
  }
  return absl::OkStatus();
}

void EventLoop::Forget(int fd) {
  if (fd < 0) return;
  epoll_event event = {};  // kernels before 2.6.9 wanted one
  // It may never have been watched; then there is nothing to forget.
  (void)::epoll_ctl(fd_.get(), EPOLL_CTL_DEL, fd, &event);
}

absl::StatusOr<std::span<const EventLoop::Token>> EventLoop::Wait(
    std::chrono::microseconds timeout) {
  if (timeout.count() > 0) {
    // epoll_wait counts in milliseconds, which is far too long for a ring that
    // is polled. Whatever comes of it, epoll_wait below tells.
    timespec wait = {};
    wait.tv_nsec = static_cast<long>(timeout.count() % 1000000) * 1000;
    wait.tv_sec = static_cast<time_t>(timeout.count() / 1000000);
    pollfd epoll = {fd_.get(), POLLIN, 0};
    (void)::ppoll(&epoll, 1, &wait, nullptr);
  }
  std::array<epoll_event, kBatch> events;
  const int count = ::epoll_wait(fd_.get(), events.data(), kBatch,
                                 timeout.count() < 0 ? -1 : 0);
  if (count < 0 && errno != EINTR) return ErrnoStatus("epoll_wait", errno);
  std::size_t used = 0;
  for (int i = 0; i < count; ++i) {
    ready_[used++] = events[static_cast<std::size_t>(i)].data.u64;
  }
  return std::span<const Token>(ready_).first(used);
}

}  // namespace vuspec
