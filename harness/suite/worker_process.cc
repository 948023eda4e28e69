#include "harness/suite/worker_process.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/transport/check.h"
#include "harness/transport/errno_status.h"
#include "harness/transport/poll.h"

namespace vuspec {

absl::StatusOr<WorkerProcess> WorkerProcess::Start(
    int number, const std::function<void(UniqueFd link)>& body) {
  auto [ours, theirs] = MakeWorkerLink();
  if (!ours) return ErrnoStatus("a socket for a worker", errno);
  // Buffered output would otherwise be written by both of us.
  std::fflush(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) return ErrnoStatus("fork of a worker", errno);
  if (pid == 0) {
    ours.reset();
    body(std::move(theirs));
    VU_CHECK(false, "a worker never returns");
  }
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  VU_CHECK(pidfd.valid(), "a descriptor of our own child");
  return WorkerProcess(number, pid, std::move(pidfd), std::move(ours));
}

void WorkerProcess::Enter(Phase phase, Clock::duration budget) {
  phase_ = phase;
  since_ = Clock::now();
  limit_ = since_ + budget;
}

void WorkerProcess::Dismiss(Clock::duration budget) {
  Enter(Phase::kLeaving, budget);
  ::shutdown(link_.get(), SHUT_WR);
}

WorkerProcess::Clock::time_point WorkerProcess::LimitBefore(
    Clock::time_point end) const {
  return killed_after_ ? Clock::time_point::max() : std::min(limit_, end);
}

void WorkerProcess::KillIfOver(Clock::time_point end) {
  const Clock::time_point limit = LimitBefore(end);
  if (Clock::now() < limit) return;
  killed_after_ = std::max(limit - since_, Clock::duration{0});
  ::kill(pid_, SIGKILL);
}

bool WorkerProcess::HasEnded() const {
  return WaitReadable(pidfd_.get(), Deadline::Now(), "its end").ok();
}

void WorkerProcess::Pull() {
  if (link_ && !reader_.Pull(link_.get())) link_.reset();
}

WorkerProcess::End WorkerProcess::Await() const {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0) {
    VU_CHECK(errno == EINTR, "our own child can be reaped");
  }
  if (killed_after_) {
    const auto after =
        std::chrono::duration_cast<std::chrono::milliseconds>(*killed_after_);
    return {false,
            absl::StrCat("not done after ", after.count(), " ms, killed")};
  }
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    return {false,
            absl::StrCat("signal ", number, " (", ::strsignal(number), ")")};
  }
  const int code = WEXITSTATUS(status);
  return {code == 0, absl::StrCat("exit code ", code)};
}

}  // namespace vuspec
