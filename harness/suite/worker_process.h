// A worker as the runner sees it: a child process, and the link to it.
//
// Contract: the destructor closes the link and nothing else, so whoever starts
// a worker also awaits its end. Not thread-safe.
#ifndef VUSPEC_HARNESS_SUITE_WORKER_PROCESS_H_
#define VUSPEC_HARNESS_SUITE_WORKER_PROCESS_H_

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "harness/suite/worker_link.h"
#include "harness/transport/deadline.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {

class WorkerProcess {
 public:
  using Clock = Deadline::Clock;
  enum class Phase { kStarting, kPreflight, kRunning, kLeaving };

  // `body` is called in the new process, with its end of the link, and never
  // returns.
  static absl::StatusOr<WorkerProcess> Start(
      int number, const std::function<void(UniqueFd link)>& body);

  int number() const { return number_; }
  pid_t pid() const { return pid_; }
  // Readable when there is a record, -1 when none can come.
  int LinkFd() const { return link_.get(); }
  // Readable when it has ended.
  int PidFd() const { return pidfd_.get(); }
  Phase phase() const { return phase_; }
  // When the phase began.
  Clock::time_point since() const { return since_; }
  // When it is to be killed, in a run that is over at `end`; never twice.
  Clock::time_point LimitBefore(Clock::time_point end) const;

  // The worker enters `phase`, and has so long for it.
  void Enter(Phase phase, Clock::duration budget);
  void Send(const Record& record) { SendRecord(link_.get(), record); }
  // Nothing more will be asked: it is to say farewell and end.
  void Dismiss(Clock::duration budget);
  void KillIfOver(Clock::time_point end);

  // Not the end of the link: what the worker started may still hold that.
  bool HasEnded() const;
  // Takes in what has arrived.
  void Pull();
  std::optional<Record> Next() { return reader_.Next(); }

  // How it ended.
  struct End {
    bool clean = false;  // with exit code 0
    std::string text;
  };
  // Blocks until it has ended.
  End Await() const;

 private:
  WorkerProcess(int number, pid_t pid, UniqueFd pidfd, UniqueFd link)
      : number_(number),
        pid_(pid),
        pidfd_(std::move(pidfd)),
        link_(std::move(link)) {}

  int number_;
  pid_t pid_;
  UniqueFd pidfd_;
  UniqueFd link_;
  RecordReader reader_;
  Phase phase_ = Phase::kStarting;
  Clock::time_point since_ = Clock::now();
  Clock::time_point limit_ = Clock::time_point::max();
  std::optional<Clock::duration> killed_after_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_SUITE_WORKER_PROCESS_H_
