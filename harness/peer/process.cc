#include "harness/peer/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/peer/proc_stats.h"
#include "harness/peer/process_child.h"
#include "harness/transport/check.h"
#include "harness/transport/errno_status.h"
#include "harness/transport/poll.h"

namespace vuspec {
namespace {

constexpr std::size_t kOutputBytesMax = 1 << 20;

std::chrono::milliseconds Millis(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) +
         std::chrono::milliseconds(time.tv_usec / 1000);
}

// Reads what the child says about its exec: nothing is success.
absl::Status AwaitExec(int report, const std::string& program,
                       Deadline deadline) {
  if (absl::Status ready =
          WaitReadable(report, deadline, "the start of the program");
      !ready.ok()) {
    return ready;
  }
  ChildFailure failure;
  ssize_t got = 0;
  do {
    got = ::read(report, &failure, sizeof(failure));
  } while (got < 0 && errno == EINTR);
  if (got == 0) return absl::OkStatus();
  if (got != sizeof(failure)) return ErrnoStatus("read of exec report", errno);
  return ErrnoStatus(absl::StrCat(program, ": ", failure.step), failure.error);
}

}  // namespace

Process::Process(pid_t pid, UniqueFd pidfd, UniqueFd stdin_end, UniqueFd log)
    : pid_(pid),
      pidfd_(std::move(pidfd)),
      stdin_end_(std::move(stdin_end)),
      log_(std::move(log)) {}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      stdin_end_(std::move(other.stdin_end_)),
      log_(std::move(other.log_)),
      watch_(std::move(other.watch_)),
      watch_fired_(other.watch_fired_),
      exit_(other.exit_),
      cpu_at_exit_(other.cpu_at_exit_) {}

Process::~Process() {
  if (pid_ > 0 && !exit_) Kill();
}

absl::StatusOr<Process> Process::Spawn(const ProcessOptions& options,
                                       Deadline deadline) {
  VU_CHECK(!options.argv.empty(), "a process has a program");
  absl::StatusOr<std::string> program = FindProgram(options.argv.front());
  if (!program.ok()) return program.status();
  UniqueFd log(::open(options.log_path.c_str(),
                      O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
  if (!log) return ErrnoStatus(options.log_path, errno);
  absl::StatusOr<ChildStreams> streams = OpenChildStreams(options.stdin_mode);
  if (!streams.ok()) return streams.status();
  const ChildPlan plan(*program, options, streams->child_stdin.get(), log.get(),
                       streams->report_write.get());
  const pid_t pid = ::fork();
  if (pid < 0) return ErrnoStatus("fork", errno);
  if (pid == 0) plan.Run();
  UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  const int pidfd_error = errno;
  Process process(pid, std::move(pidfd), std::move(streams->our_stdin),
                  std::move(log));
  if (!process.pidfd_) return ErrnoStatus("pidfd_open", pidfd_error);
  streams->report_write.reset();
  if (absl::Status status =
          AwaitExec(streams->report_read.get(), *program, deadline);
      !status.ok()) {
    return status;
  }
  process.watch_ = std::make_unique<ResourceWatch>(
      pid, process.pidfd_.get(), process.log_.get(), options.memory_mib);
  return process;
}

std::optional<ExitStatus> Process::Poll() {
  if (exit_) return exit_;
  siginfo_t info = {};
  // WNOWAIT: the zombie keeps the group's number ours until Reap.
  const int result = ::waitid(P_PID, static_cast<id_t>(pid_), &info,
                              WEXITED | WNOHANG | WNOWAIT);
  VU_CHECK(result == 0, "our own child can be waited for");
  if (info.si_pid == 0) return std::nullopt;
  return Reap();
}

absl::StatusOr<ExitStatus> Process::Wait(Deadline deadline) {
  if (exit_) return *exit_;
  if (absl::Status status =
          WaitReadable(pidfd_.get(), deadline, "the exit of the peer");
      !status.ok()) {
    return status;
  }
  return Reap();
}

ExitStatus Process::Terminate(Deadline deadline) {
  if (exit_) return *exit_;
  ::kill(-pid_, SIGTERM);
  // A stopped process could not act upon it.
  ::kill(-pid_, SIGCONT);
  const absl::StatusOr<ExitStatus> exit = Wait(deadline);
  return exit.ok() ? *exit : Kill();
}

ExitStatus Process::Kill() {
  if (exit_) return *exit_;
  ::kill(-pid_, SIGKILL);
  // Also by itself: between fork and setsid the group does not exist yet.
  ::kill(pid_, SIGKILL);
  return Reap();
}

// Takes what is known about a child that has exited or cannot but exit.
ExitStatus Process::Reap() {
  siginfo_t info = {};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT) !=
         0) {
    VU_CHECK(errno == EINTR, "our own child can be waited for");
  }
  if (watch_) {
    watch_fired_ = watch_->fired();
    watch_.reset();
  }
  // The leader is a zombie, so the number of the group is still its own.
  ::kill(-pid_, SIGKILL);
  int status = 0;
  rusage usage = {};
  while (::wait4(pid_, &status, 0, &usage) < 0) {
    VU_CHECK(errno == EINTR, "our own child can be reaped");
  }
  cpu_at_exit_ = Millis(usage.ru_utime) + Millis(usage.ru_stime);
  exit_ = WIFSIGNALED(status)
              ? ExitStatus{.signalled = true, .code = WTERMSIG(status)}
              : ExitStatus{.signalled = false, .code = WEXITSTATUS(status)};
  return *exit_;
}

std::size_t Process::OutputSize() const {
  struct stat info = {};
  if (::fstat(log_.get(), &info) != 0) return 0;
  return static_cast<std::size_t>(info.st_size);
}

std::string Process::OutputTail(std::size_t limit) const {
  const std::size_t size = OutputSize();
  std::size_t position = size - std::min(size, limit);
  return OutputFrom(position);
}

std::string Process::OutputFrom(std::size_t& position) const {
  const std::size_t size = OutputSize();
  const std::size_t start =
      std::max(position, size - std::min(size, kOutputBytesMax));
  std::string text(size - std::min(size, start), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t got =
        ::pread(log_.get(), text.data() + done, text.size() - done,
                static_cast<off_t>(start + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  text.resize(done);
  position = start + done;
  return text;
}

std::chrono::milliseconds Process::CpuTime() const {
  if (exit_) return cpu_at_exit_;
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      ReadCpuTime(pid_).value_or(std::chrono::nanoseconds(0)));
}

bool Process::MemoryWatchFired() const { return watch_fired_; }

}  // namespace vuspec
