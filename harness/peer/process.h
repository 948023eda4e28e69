// A child process in a session and process group of its own.
//
// Contract: the Process owns the child: its destructor kills the whole group
// and reaps the child, so no zombie and no orphan of the group stays. The
// child dies with the thread that spawned it (PR_SET_PDEATHSIG), so spawn
// from a thread that outlives the peer. A program that puts itself into the
// background is not supported: the group is killed when its leader exits.
// Standard output and error go to a log file, which is never a pipe, so the
// child cannot block on us. Every descriptor but 0, 1 and 2 is closed in the
// child. Every wait takes a Deadline. Not thread-safe.
//
// Limits: RLIMIT_DATA where the program can live with it, a ResourceWatch on
// memory in every case, RLIMIT_CPU (SIGXCPU), RLIMIT_CORE 0.
// RLIMIT_AS is not used: DPDK reserves address space it never touches, and
// sanitizers reserve terabytes.
#ifndef VUSPEC_HARNESS_PEER_PROCESS_H_
#define VUSPEC_HARNESS_PEER_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/peer/health.h"
#include "harness/peer/manifest.h"
#include "harness/peer/resource_watch.h"
#include "harness/transport/deadline.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {

struct ProcessOptions {
  std::vector<std::string> argv;
  std::vector<std::pair<std::string, std::string>> env;  // added to ours
  StdinMode stdin_mode = StdinMode::kNull;
  std::string log_path;          // created or emptied
  std::uint64_t memory_mib = 0;  // 0: no limit
  bool limit_data = true;        // RLIMIT_DATA too; see IsInstrumented
  std::chrono::seconds cpu{0};   // 0: no limit
};

// Whether the program was built with a sanitizer that reserves more address
// space than any RLIMIT_DATA allows. Reads the whole file.
bool IsInstrumented(const std::string& program);

// The file that execvp would run. kNotFound names `program`.
absl::StatusOr<std::string> FindProgram(const std::string& program);

class Process {
 public:
  // Errors: kNotFound (no such program), kPermissionDenied, kInternal; each
  // names the program.
  static absl::StatusOr<Process> Spawn(const ProcessOptions& options,
                                       Deadline deadline);

  Process(Process&&) noexcept;
  Process& operator=(Process&&) = delete;
  ~Process();

  pid_t pid() const { return pid_; }
  // Readable once the child has exited; still ours.
  int PidFd() const { return pidfd_.get(); }

  // The exit status if it has exited, which also reaps it.
  std::optional<ExitStatus> Poll();
  // Errors: kDeadlineExceeded.
  absl::StatusOr<ExitStatus> Wait(Deadline deadline);

  // SIGTERM; at the deadline SIGKILL to the whole group; reaps.
  ExitStatus Terminate(Deadline deadline);
  // SIGKILL to the whole group; reaps.
  ExitStatus Kill();

  // The last `limit` bytes that the child wrote.
  std::string OutputTail(std::size_t limit = 64 << 10) const;

  // What it wrote from byte `position` on, but at most the last MiB of it;
  // moves `position` to the end of what is returned.
  std::string OutputFrom(std::size_t& position) const;

  // CPU time of the child, also after its end.
  std::chrono::milliseconds CpuTime() const;
  // True when the memory limit made us kill it.
  bool MemoryWatchFired() const;

 private:
  Process(pid_t pid, UniqueFd pidfd, UniqueFd stdin_end, UniqueFd log);
  ExitStatus Reap();
  std::size_t OutputSize() const;

  pid_t pid_ = -1;
  UniqueFd pidfd_;
  UniqueFd stdin_end_;  // held so that the child's standard input stays open
  UniqueFd log_;
  std::unique_ptr<ResourceWatch> watch_;
  bool watch_fired_ = false;
  std::optional<ExitStatus> exit_;
  std::chrono::milliseconds cpu_at_exit_{0};
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_PEER_PROCESS_H_
