#include "harness/suite/runner.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <deque>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/report/json_report.h"
#include "harness/suite/catalog.h"
#include "harness/suite/interrupts.h"
#include "harness/suite/worker.h"
#include "harness/suite/worker_link.h"
#include "harness/transport/check.h"
#include "harness/transport/poll.h"

namespace vuspec {
namespace {

using Clock = Deadline::Clock;

// What is left of a case after an interrupt.
constexpr std::chrono::seconds kGrace{5};
// For making a peer object, and for a worker to say farewell.
constexpr std::chrono::seconds kSetupBudget{60};

enum class Phase { kStarting, kPreflight, kRunning, kLeaving };

struct Worker {
  int number = 0;
  pid_t pid = -1;
  UniqueFd socket;
  RecordReader reader;
  Phase phase = Phase::kStarting;
  std::size_t case_index = 0;  // in kRunning
  Clock::time_point case_start;
  Clock::time_point limit;
  bool over_limit = false;
  bool said_farewell = false;
};

std::string DescribeExit(int status) {
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    return absl::StrCat("signal ", number, " (", ::strsignal(number), ")");
  }
  return absl::StrCat("exit code ", WEXITSTATUS(status));
}

class Runner {
 public:
  explicit Runner(const RunPlan& plan)
      : plan_(plan),
        results_(plan.case_ids.size()),
        preflight_done_(!plan.preflight) {
    run_.seed = plan.settings.seed;
    run_.device = plan.settings.device;
    run_.selected = plan.case_ids.size();
    for (const std::size_t index :
         plan.shuffle ? ShuffledOrder(plan.case_ids.size(), plan.settings.seed)
                      : InOrder(plan.case_ids.size())) {
      queue_.push_back(index);
    }
  }

  RunResult Run() {
    const Clock::time_point start = Clock::now();
    if (!queue_.empty()) {
      StartWorker(0);
      if (preflight_done_) StartOthers();
      while (!workers_.empty()) Step();
    }
    for (std::optional<CaseResult>& result : results_) {
      if (result.has_value()) run_.cases.push_back(*std::move(result));
    }
    run_.duration = std::chrono::duration_cast<std::chrono::microseconds>(
        Clock::now() - start);
    return std::move(run_);
  }

 private:
  static std::vector<std::size_t> InOrder(std::size_t count) {
    std::vector<std::size_t> order(count);
    for (std::size_t i = 0; i < count; ++i) order[i] = i;
    return order;
  }

  void StartWorker(int number) {
    auto [ours, theirs] = MakeWorkerLink();
    // Buffered output would otherwise be written by both of us.
    std::fflush(nullptr);
    const pid_t pid = ours.valid() ? ::fork() : -1;
    if (pid < 0) {
      Trouble(Verdict::kBroken,
              absl::StrCat("cannot start a worker: ", std::strerror(errno)));
      return;
    }
    if (pid == 0) {
      ours.reset();
      workers_.clear();  // the sockets of our siblings
      RunWorker(plan_, number, run_.probe, std::move(theirs));
    }
    Worker worker;
    worker.number = number;
    worker.pid = pid;
    worker.socket = std::move(ours);
    worker.limit = Clock::now() + kSetupBudget;
    workers_.push_back(std::move(worker));
  }

  void StartOthers() {
    const auto wanted =
        std::min<std::size_t>(static_cast<std::size_t>(std::max(plan_.jobs, 1)),
                              plan_.case_ids.size());
    for (std::size_t number = 1; number < wanted; ++number) {
      StartWorker(static_cast<int>(number));
    }
  }

  // The first diagnosis is the one that explains the others.
  void Trouble(Verdict verdict, std::string text) {
    if (!run_.trouble.empty()) return;
    run_.trouble_verdict = verdict;
    run_.trouble = std::move(text);
  }

  // Waits for one thing to happen, and handles all that has happened.
  void Step() {
    std::vector<int> fds = {interrupts_.PollFd()};
    Clock::time_point limit = Clock::time_point::max();
    for (const Worker& worker : workers_) {
      fds.push_back(worker.socket.get());
      if (!worker.over_limit) limit = std::min(limit, worker.limit);
    }
    const auto left = std::max(limit - Clock::now(), Clock::duration{0});
    // Reaching the deadline is an answer, too: somebody is over the limit.
    static_cast<void>(WaitAny(fds, Deadline::After(left), "a worker"));
    OnInterrupts(interrupts_.Take());
    // By number, since handling may start and remove workers.
    std::vector<pid_t> pids;
    for (const Worker& worker : workers_) pids.push_back(worker.pid);
    for (const pid_t pid : pids) Attend(pid);
  }

  Worker* Find(pid_t pid) {
    for (Worker& worker : workers_) {
      if (worker.pid == pid) return &worker;
    }
    return nullptr;
  }

  void Attend(pid_t pid) {
    const bool open = Find(pid)->reader.Pull(Find(pid)->socket.get());
    while (std::optional<Record> record = Find(pid)->reader.Next()) {
      OnRecord(pid, *record);
    }
    Worker* worker = Find(pid);
    if (!open) {
      OnEnd(*worker);
    } else if (!worker->over_limit && Clock::now() >= worker->limit) {
      worker->over_limit = true;
      ::kill(pid, SIGKILL);
    }
  }

  void OnRecord(pid_t pid, const Record& record) {
    Worker& worker = *Find(pid);
    switch (record.kind) {
      case RecordKind::kReady:
        if (preflight_done_) return Assign(worker);
        worker.phase = Phase::kPreflight;
        worker.limit = Clock::now() + plan_.case_budget;
        SendRecord(worker.socket.get(), {RecordKind::kPreflight, ""});
        return;
      case RecordKind::kProbe:
        run_.probe = DecodeProbeResult(record.text).value_or(ProbeResult{});
        preflight_done_ = true;
        Assign(worker);
        return StartOthers();  // the worker may have moved: last
      case RecordKind::kPeerDown:
        PeerDown(record.text);
        return Leave(worker);
      case RecordKind::kPeerTrouble:
        return PeerDown(record.text);
      case RecordKind::kTrouble:
        worker.said_farewell = true;
        return Trouble(Verdict::kBroken, record.text);
      case RecordKind::kCaseDone:
        OnCaseDone(worker, record.text);
        return Assign(worker);
      case RecordKind::kFarewell:
        worker.said_farewell = true;
        if (!record.text.empty()) PeerDown(record.text);
        return;
      default:
        VU_CHECK(false, "a record that no worker sends");
    }
  }

  void PeerDown(const std::string& text) {
    const std::size_t space = text.find(' ');
    Trouble(FindVerdict(text.substr(0, space)).value_or(Verdict::kBroken),
            text.substr(space + 1));
  }

  void OnCaseDone(const Worker& worker, const std::string& text) {
    absl::StatusOr<CaseResult> result = DecodeCaseResult(text);
    VU_CHECK(result.ok(), "a worker sent a record that is no case");
    Store(worker.case_index, *std::move(result));
  }

  void Store(std::size_t index, CaseResult result) {
    ++done_;
    results_[index] = std::move(result);
    if (plan_.observer.on_done) plan_.observer.on_done(*results_[index], done_);
  }

  void Assign(Worker& worker) {
    if (stopping_ || queue_.empty()) return Leave(worker);
    worker.phase = Phase::kRunning;
    worker.case_index = queue_.front();
    queue_.pop_front();
    worker.case_start = Clock::now();
    worker.limit = worker.case_start + plan_.case_budget;
    const std::string& id = plan_.case_ids[worker.case_index];
    if (plan_.observer.on_start) plan_.observer.on_start(id);
    SendRecord(worker.socket.get(), {RecordKind::kRunCase, id});
  }

  void Leave(Worker& worker) {
    worker.phase = Phase::kLeaving;
    worker.limit = Clock::now() + kSetupBudget;
    ::shutdown(worker.socket.get(), SHUT_WR);
  }

  // The worker closed its socket: it has ended or is about to.
  void OnEnd(Worker& worker) {
    int status = 0;
    while (::waitpid(worker.pid, &status, 0) < 0 && errno == EINTR) {
    }
    const std::string how =
        worker.over_limit
            ? absl::StrCat("not done after ", plan_.case_budget.count(),
                           " ms, killed")
            : DescribeExit(status);
    const Phase phase = worker.phase;
    const bool expected = worker.said_farewell;
    const int number = worker.number;
    if (phase == Phase::kRunning && !expected) Bury(worker, how);
    std::erase_if(workers_, [pid = worker.pid](const Worker& other) {
      return other.pid == pid;
    });
    if (expected) return;
    if (phase == Phase::kRunning) {
      if (!stopping_ && !queue_.empty()) StartWorker(number);
      return;
    }
    Trouble(
        Verdict::kBroken,
        absl::StrCat("a worker of vuspec ended outside of any case: ", how));
  }

  // The case that took its worker down has no verdict about the peer.
  void Bury(const Worker& worker, const std::string& how) {
    CaseResult result;
    result.id = plan_.case_ids[worker.case_index];
    result.verdict = Verdict::kBroken;
    result.reason = absl::StrCat("the worker of vuspec ended: ", how);
    result.duration = std::chrono::duration_cast<std::chrono::microseconds>(
        Clock::now() - worker.case_start);
    if (const CaseInfo* info = FindCase(result.id)) {
      result.level = info->level();
      result.requirements = info->cites;
    }
    Store(worker.case_index, std::move(result));
  }

  void OnInterrupts(int count) {
    if (count == 0) return;
    Trouble(Verdict::kBroken, "interrupted");
    const bool at_once = stopping_ || count > 1;
    stopping_ = true;
    for (Worker& worker : workers_) {
      worker.limit = std::min(
          worker.limit, Clock::now() + (at_once ? Clock::duration{0}
                                                : Clock::duration(kGrace)));
    }
  }

  const RunPlan& plan_;
  Interrupts interrupts_;
  RunResult run_;
  std::vector<std::optional<CaseResult>> results_;
  std::deque<std::size_t> queue_;
  std::vector<Worker> workers_;
  std::size_t done_ = 0;
  bool preflight_done_;
  bool stopping_ = false;
};

}  // namespace

std::vector<std::size_t> ShuffledOrder(std::size_t count, std::uint64_t seed) {
  std::vector<std::size_t> order(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = i;
  // By hand: what std::shuffle draws differs between libraries.
  std::mt19937_64 random(seed);
  for (std::size_t i = count; i > 1; --i) {
    std::swap(order[i - 1], order[random() % i]);
  }
  return order;
}

RunResult RunCases(const RunPlan& plan) { return Runner(plan).Run(); }

}  // namespace vuspec
