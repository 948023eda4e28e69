#include "harness/peer/process_child.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/transport/errno_status.h"

namespace vuspec {
namespace {

absl::Status MakePipe(UniqueFd& read_end, UniqueFd& write_end) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return ErrnoStatus("pipe", errno);
  read_end.reset(ends[0]);
  write_end.reset(ends[1]);
  return absl::OkStatus();
}

std::vector<std::string> Environment(
    const std::vector<std::pair<std::string, std::string>>& added) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::string name = text.substr(0, text.find('='));
    bool replaced = false;
    for (const auto& [key, value] : added) replaced = replaced || key == name;
    if (!replaced) result.push_back(text);
  }
  for (const auto& [key, value] : added) {
    result.push_back(absl::StrCat(key, "=", value));
  }
  return result;
}

// execve takes char* for old times' sake and does not write to them.
std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (const std::string& text : texts) {
    pointers.push_back(const_cast<char*>(text.c_str()));
  }
  pointers.push_back(nullptr);
  return pointers;
}

// When memory runs out, the kernel shall take the peer and not vuspec.
void VolunteerForOutOfMemoryKiller() {
  const int fd = ::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (fd < 0) return;
  static_cast<void>(!::write(fd, "1000", 4));
  ::close(fd);
}

}  // namespace

absl::StatusOr<ChildStreams> OpenChildStreams(StdinMode mode) {
  ChildStreams streams;
  absl::Status status = MakePipe(streams.report_read, streams.report_write);
  if (!status.ok()) return status;
  if (mode == StdinMode::kOpen) {
    status = MakePipe(streams.child_stdin, streams.our_stdin);
    if (!status.ok()) return status;
  } else {
    streams.child_stdin.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!streams.child_stdin) return ErrnoStatus("/dev/null", errno);
  }
  return streams;
}

ChildPlan::ChildPlan(const std::string& program, const ProcessOptions& options,
                     int stdin_fd, int output_fd, int report_fd)
    : program_(program),
      environment_(Environment(options.env)),
      argv_(Pointers(options.argv)),
      envp_(Pointers(environment_)),
      parent_(::getpid()),
      stdin_fd_(stdin_fd),
      output_fd_(output_fd),
      report_fd_(report_fd) {
  limits_.push_back({RLIMIT_CORE, {0, 0}});
  if (options.memory_mib != 0 && options.limit_data) {
    const rlim_t bytes = options.memory_mib << 20;
    limits_.push_back({RLIMIT_DATA, {bytes, bytes}});
  }
  if (options.cpu.count() != 0) {
    const auto seconds = static_cast<rlim_t>(options.cpu.count());
    // SIGXCPU first; SIGKILL for a program that takes no notice.
    limits_.push_back({RLIMIT_CPU, {seconds, seconds + 1}});
  }
}

void ChildPlan::Give(const char* step, int error) const {
  ChildFailure failure;
  for (std::size_t i = 0; step[i] != '\0' && i + 1 < sizeof(failure.step);
       ++i) {
    failure.step[i] = step[i];
  }
  failure.error = error;
  static_cast<void>(!::write(report_fd_, &failure, sizeof(failure)));
  ::_exit(127);
}

void ChildPlan::ResetSignals() const {
  for (int number = 1; number < NSIG; ++number) {
    ::signal(number, SIG_DFL);  // fails for SIGKILL, SIGSTOP: meant so
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void ChildPlan::Run() const {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have died before that call.
  if (::getppid() != parent_) ::_exit(127);
  ::setsid();
  ResetSignals();
  if (::dup2(stdin_fd_, 0) < 0 || ::dup2(output_fd_, 1) < 0 ||
      ::dup2(output_fd_, 2) < 0) {
    Give("dup2", errno);
  }
  // Also what others opened without close-on-exec. Kernels before 5.11 lack
  // the call; there our own descriptors are close-on-exec all the same.
  static_cast<void>(::syscall(SYS_close_range, 3U, ~0U, 4U));
  VolunteerForOutOfMemoryKiller();
  for (const Limit& limit : limits_) {
    if (::setrlimit(limit.resource, &limit.value) != 0) {
      Give("setrlimit", errno);
    }
  }
  ::execve(program_.c_str(), argv_.data(), envp_.data());
  Give("exec", errno);
}

}  // namespace vuspec
