#include "harness/peer/ready.h"

#include <limits.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/transport/errno_status.h"

namespace vuspec {
namespace {

constexpr unsigned long kAcceptCon = 0x10000;  // __SO_ACCEPTCON
// How often /proc is read while the file is there and nobody listens yet.
constexpr int kGapMs = 1;

bool FileExists(const std::string& path, ino_t but_not) {
  struct stat info = {};
  return ::lstat(path.c_str(), &info) == 0 && info.st_ino != but_not;
}

// The name as bound, made absolute as the peer would.
std::filesystem::path Resolve(const std::string& bound, pid_t pid) {
  const std::filesystem::path path(bound);
  if (path.is_absolute()) return path.lexically_normal();
  std::error_code error;
  const std::string self = pid == 0 ? "self" : std::to_string(pid);
  const auto folder =
      std::filesystem::read_symlink("/proc/" + self + "/cwd", error);
  return (folder / path).lexically_normal();
}

}  // namespace

bool IsListening(const std::string& path, pid_t pid) {
  const std::string self = pid == 0 ? "self" : std::to_string(pid);
  std::ifstream table("/proc/" + self + "/net/unix");
  const auto wanted = std::filesystem::path(path).lexically_normal();
  std::string line;
  std::getline(table, line);  // column titles
  while (std::getline(table, line)) {
    // Num RefCount Protocol Flags Type St Inode Path
    std::istringstream fields(line);
    std::string number, references, protocol, flags, type, state, inode;
    fields >> number >> references >> protocol >> flags >> type >> state >>
        inode >> std::ws;
    std::string bound;
    std::getline(fields, bound);
    if (bound.empty() || bound.front() == '@') continue;
    if ((std::strtoul(flags.c_str(), nullptr, 16) & kAcceptCon) == 0) continue;
    if (bound == path || Resolve(bound, pid) == wanted) return true;
  }
  return false;
}

ReadyWatch::ReadyWatch(std::string path, UniqueFd inotify)
    : path_(std::move(path)), inotify_(std::move(inotify)) {}

absl::StatusOr<ReadyWatch> ReadyWatch::Begin(const std::string& path) {
  UniqueFd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify) return ErrnoStatus("inotify_init1", errno);
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  if (::inotify_add_watch(inotify.get(), folder.c_str(),
                          IN_CREATE | IN_MOVED_TO) < 0) {
    return ErrnoStatus(absl::StrCat("inotify on ", folder), errno);
  }
  return ReadyWatch(path, std::move(inotify));
}

absl::Status ReadyWatch::PollOnce(int pidfd, int timeout_ms) {
  pollfd waits[] = {{.fd = pidfd, .events = POLLIN, .revents = 0},
                    {.fd = inotify_.get(), .events = POLLIN, .revents = 0}};
  if (::poll(waits, 2, timeout_ms) < 0 && errno != EINTR) {
    return ErrnoStatus("poll", errno);
  }
  if (waits[0].revents != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("the process ended before it listened at ", path_));
  }
  // Which event it was does not matter: the caller looks at the file.
  char events[sizeof(inotify_event) + NAME_MAX + 1];
  while (::read(inotify_.get(), events, sizeof(events)) > 0) {
  }
  return absl::OkStatus();
}

absl::Status ReadyWatch::Await(pid_t pid, int pidfd, Deadline deadline,
                               ino_t but_not) {
  for (;;) {
    const bool exists = FileExists(path_, but_not);
    if (exists && IsListening(path_, pid)) return absl::OkStatus();
    if (deadline.Reached()) {
      return absl::DeadlineExceededError(
          absl::StrCat("the peer does not listen at ", path_,
                       exists ? ": the file is there, but no socket in LISTEN"
                              : ": no such file"));
    }
    const int left_ms = deadline.PollTimeoutMs();
    absl::Status status =
        PollOnce(pidfd, exists ? std::min(left_ms, kGapMs) : left_ms);
    if (!status.ok()) return status;
  }
}

}  // namespace vuspec
