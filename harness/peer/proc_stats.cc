#include "harness/peer/proc_stats.h"

#include <dirent.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {
namespace {

std::string ProcPath(pid_t pid, const char* name) {
  return absl::StrCat("/proc/", pid, "/", name);
}

std::optional<std::string> ReadFile(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return std::nullopt;
  std::string text;
  char buffer[8192];
  for (;;) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof(buffer));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

std::optional<int> CountEntries(const std::string& path) {
  DIR* dir = ::opendir(path.c_str());
  if (dir == nullptr) return std::nullopt;
  int count = 0;
  while (const dirent* entry = ::readdir(dir)) {
    count += entry->d_name[0] != '.';
  }
  ::closedir(dir);
  return count;
}

std::uint64_t NumberAfter(const std::string& text, const std::string& label) {
  const std::size_t at = text.find(label);
  if (at == std::string::npos) return 0;
  return std::strtoull(text.c_str() + at + label.size(), nullptr, 10);
}

// "00400000-00452000 r-xs 0000 ...": the fourth letter is s or p.
bool IsShared(const std::string& maps_line) {
  const std::size_t space = maps_line.find(' ');
  return space != std::string::npos && space + 4 < maps_line.size() &&
         maps_line[space + 4] == 's';
}

}  // namespace

std::string ResourceUse::ToString() const {
  return absl::StrCat("fds ", fd_count, ", mappings ", mapping_count, " (",
                      shared_mapping_count, " shared), threads ", thread_count,
                      ", RSS ", rss_kib, " KiB");
}

std::optional<ResourceUse> ReadMemoryUse(pid_t pid) {
  const auto status = ReadFile(ProcPath(pid, "status"));
  // A zombie has a status without memory.
  if (!status || status->find("\nVmRSS:") == std::string::npos) {
    return std::nullopt;
  }
  ResourceUse use;
  use.size_kib = NumberAfter(*status, "\nVmSize:");
  use.rss_kib = NumberAfter(*status, "\nVmRSS:");
  use.data_kib = NumberAfter(*status, "\nVmData:");
  use.thread_count = static_cast<int>(NumberAfter(*status, "\nThreads:"));
  return use;
}

std::optional<ResourceUse> ReadResourceUse(pid_t pid,
                                           const ResourceUse& known) {
  auto use = ReadMemoryUse(pid);
  const auto fds = CountEntries(ProcPath(pid, "fd"));
  if (!use || !fds) return std::nullopt;
  use->fd_count = *fds;
  if (use->size_kib == known.size_kib) {
    use->mapping_count = known.mapping_count;
    use->shared_mapping_count = known.shared_mapping_count;
    return use;
  }
  const auto maps = ReadFile(ProcPath(pid, "maps"));
  if (!maps) return std::nullopt;
  std::istringstream lines(*maps);
  for (std::string line; std::getline(lines, line);) {
    ++use->mapping_count;
    use->shared_mapping_count += IsShared(line);
  }
  return use;
}

std::optional<std::chrono::nanoseconds> ReadCpuTime(pid_t pid) {
  clockid_t clock = 0;
  timespec time = {};
  if (::clock_getcpuclockid(pid, &clock) != 0 ||
      ::clock_gettime(clock, &time) != 0) {
    return std::nullopt;
  }
  return std::chrono::seconds(time.tv_sec) +
         std::chrono::nanoseconds(time.tv_nsec);
}

bool ProcessGroupIsGone(pid_t group) {
  DIR* proc = ::opendir("/proc");
  if (proc == nullptr) return false;
  bool gone = true;
  while (const dirent* entry = ::readdir(proc)) {
    const int pid = std::atoi(entry->d_name);
    if (pid <= 0) continue;
    const auto stat = ReadFile(ProcPath(pid, "stat"));
    // After "(name)", which may hold anything: state, parent, group.
    const std::size_t end = stat ? stat->rfind(')') : std::string::npos;
    if (end == std::string::npos) continue;
    std::istringstream fields(stat->substr(end + 1));
    char state = '?';
    pid_t parent = 0;
    pid_t its_group = 0;
    fields >> state >> parent >> its_group;
    if (its_group == group && state != 'Z' && state != 'X') gone = false;
  }
  ::closedir(proc);
  return gone;
}

}  // namespace vuspec
