#include "harness/suite/runner.h"

#include <stdlib.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/peer/scratch_dir.h"
#include "harness/report/json_report.h"
#include "harness/suite/catalog.h"
#include "harness/suite/interrupts.h"
#include "harness/suite/orphans.h"
#include "harness/suite/worker.h"
#include "harness/suite/worker_process.h"
#include "harness/transport/check.h"
#include "harness/transport/poll.h"

namespace vuspec {
namespace {

using Clock = WorkerProcess::Clock;
using Phase = WorkerProcess::Phase;

// For making a peer object, and for a worker to say farewell.
constexpr std::chrono::seconds kSetupBudget{60};

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
    if (!queue_.empty()) RunWorkers();
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

  void RunWorkers() {
    absl::StatusOr<ScratchDir> scratch =
        ScratchDir::Make(ScratchDir::kNameSize);
    if (!scratch.ok()) {
      return Trouble(Verdict::kBroken, std::string(scratch.status().message()));
    }
    scratch_path_ = scratch->path();
    const OrphanKeeper orphans;
    StartWorker(0);
    if (preflight_done_) StartOthers();
    while (!workers_.empty()) Step();
  }

  void StartWorker(int number) {
    absl::StatusOr<WorkerProcess> worker =
        WorkerProcess::Start(number, [&](UniqueFd link) {
          workers_.clear();  // the links of our siblings
          // A worker that is killed cannot tidy up behind itself.
          ::setenv("TMPDIR", scratch_path_.c_str(), 1);
          RunWorker(plan_, number, run_.probe, std::move(link));
        });
    if (!worker.ok()) {
      return Trouble(Verdict::kBroken,
                     absl::StrCat("cannot start a worker: ",
                                  std::string(worker.status().message())));
    }
    worker->Enter(Phase::kStarting, kSetupBudget);
    workers_.push_back(*std::move(worker));
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
    for (const WorkerProcess& worker : workers_) {
      fds.push_back(worker.LinkFd());
      fds.push_back(worker.PidFd());
      limit = std::min(limit, worker.LimitBefore(end_));
    }
    const auto left = std::max(limit - Clock::now(), Clock::duration{0});
    // Reaching the deadline is an answer, too: somebody is over the limit.
    static_cast<void>(WaitAny(fds, Deadline::After(left), "a worker"));
    OnInterrupts(interrupts_.Take());
    // By number, since handling may start and remove workers.
    std::vector<pid_t> pids;
    for (const WorkerProcess& worker : workers_) pids.push_back(worker.pid());
    for (const pid_t pid : pids) Attend(pid);
  }

  WorkerProcess* Find(pid_t pid) {
    for (WorkerProcess& worker : workers_) {
      if (worker.pid() == pid) return &worker;
    }
    return nullptr;
  }

  void Attend(pid_t pid) {
    // First, since what it said before it ended counts.
    const bool ended = Find(pid)->HasEnded();
    Find(pid)->Pull();
    while (std::optional<Record> record = Find(pid)->Next()) {
      OnRecord(pid, *record);
    }
    if (ended) return OnEnd(*Find(pid));
    Find(pid)->KillIfOver(end_);
  }

  void OnRecord(pid_t pid, const Record& record) {
    WorkerProcess& worker = *Find(pid);
    switch (record.kind) {
      case RecordKind::kReady:
        if (preflight_done_) return Assign(worker);
        worker.Enter(Phase::kPreflight, plan_.case_budget);
        return worker.Send({RecordKind::kPreflight, ""});
      case RecordKind::kProbe:
        run_.probe = DecodeProbeResult(record.text).value_or(ProbeResult{});
        preflight_done_ = true;
        Assign(worker);
        return StartOthers();  // the worker may have moved: last
      case RecordKind::kPeerDown:
        PeerDown(record.text);
        return worker.Dismiss(kSetupBudget);
      case RecordKind::kPeerTrouble:
        return PeerDown(record.text);
      case RecordKind::kTrouble:
        farewells_.insert(pid);
        return Trouble(Verdict::kBroken, record.text);
      case RecordKind::kCaseDone:
        OnCaseDone(pid, record.text);
        return Assign(worker);
      case RecordKind::kFarewell:
        farewells_.insert(pid);
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

  void OnCaseDone(pid_t pid, const std::string& text) {
    absl::StatusOr<CaseResult> result = DecodeCaseResult(text);
    VU_CHECK(result.ok(), "a worker sent a record that is no case");
    Store(assigned_[pid], *std::move(result));
  }

  void Store(std::size_t index, CaseResult result) {
    ++done_;
    results_[index] = std::move(result);
    if (plan_.observer.on_done) plan_.observer.on_done(*results_[index], done_);
  }

  void Assign(WorkerProcess& worker) {
    if (stopping() || queue_.empty()) return worker.Dismiss(kSetupBudget);
    const std::size_t index = queue_.front();
    queue_.pop_front();
    assigned_[worker.pid()] = index;
    const std::string& id = plan_.case_ids[index];
    if (plan_.observer.on_start) plan_.observer.on_start(id);
    worker.Enter(Phase::kRunning, plan_.case_budget);
    worker.Send({RecordKind::kRunCase, id});
  }

  void OnEnd(WorkerProcess& ended) {
    const WorkerProcess::End end = ended.Await();
    const WorkerProcess worker = std::move(ended);
    std::erase_if(workers_, [&](const WorkerProcess& other) {
      return other.pid() == worker.pid();
    });
    if (worker.phase() == Phase::kRunning) {
      Bury(worker, end.text);
      if (!stopping() && !queue_.empty()) StartWorker(worker.number());
    } else if (!end.clean || farewells_.count(worker.pid()) == 0) {
      Trouble(Verdict::kBroken,
              absl::StrCat("a worker of vuspec ended outside of any case: ",
                           end.text));
    }
  }

  // The case that took its worker down has no verdict about the peer.
  void Bury(const WorkerProcess& worker, const std::string& how) {
    const std::size_t index = assigned_[worker.pid()];
    CaseResult result;
    result.id = plan_.case_ids[index];
    result.verdict = Verdict::kBroken;
    result.reason = absl::StrCat("the worker of vuspec ended: ", how);
    result.duration = std::chrono::duration_cast<std::chrono::microseconds>(
        Clock::now() - worker.since());
    if (const CaseInfo* info = FindCase(result.id)) {
      result.level = info->level();
      result.requirements = info->cites;
    }
    Store(index, std::move(result));
  }

  bool stopping() const { return end_ != Clock::time_point::max(); }

  void OnInterrupts(int count) {
    if (count == 0) return;
    Trouble(Verdict::kBroken, "interrupted");
    const bool at_once = stopping() || count > 1;
    end_ = Clock::now() + (at_once ? Clock::duration{0} : plan_.grace);
  }

  const RunPlan& plan_;
  Interrupts interrupts_;
  RunResult run_;
  std::vector<std::optional<CaseResult>> results_;
  std::deque<std::size_t> queue_;
  std::string scratch_path_;
  std::vector<WorkerProcess> workers_;
  std::map<pid_t, std::size_t> assigned_;  // the last case of each worker
  std::set<pid_t> farewells_;
  std::size_t done_ = 0;
  bool preflight_done_;
  // Whatever still runs then is killed.
  Clock::time_point end_ = Clock::time_point::max();
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
