// Runs cases in worker processes and brings every result home.
//
// A worker is always a child process with a Peer of its own, so a crash or a
// hang of ours costs one case (BROKEN), never the run: a new worker takes over
// what is left. Cases are handed out one by one, to whoever is free.
//
// Contract: call from a process without other threads, since it forks. Blocks
// until every worker has ended; nothing waits for ever: a case that exceeds
// its budget is ended. SIGINT and SIGTERM stop the handing out, what runs has a
// grace to finish; the second one ends it. Both are restored afterwards. No
// process and no scratch folder of a worker is left, however it ended.
// What goes wrong is in the RunResult (trouble), never an error of its own.
//
// Example:
//   RunPlan plan;
//   plan.case_ids = {"RingLifecycle.GetVringBaseStopsTheRing"};
//   plan.make_peer = [](int) { return ProcessPeer::Make(manifest); };
//   RunResult run = RunCases(plan);
#ifndef VUSPEC_HARNESS_SUITE_RUNNER_H_
#define VUSPEC_HARNESS_SUITE_RUNNER_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/peer/peer.h"
#include "harness/report/result.h"
#include "harness/suite/context.h"

namespace vuspec {

// Called in the worker, which owns the peer until it ends.
using PeerFactory =
    std::function<absl::StatusOr<std::unique_ptr<Peer>>(int worker)>;

// What the look at the peer before the first case found.
struct Preflight {
  // kPass: go on. kCrash, kHang, kLeak: the peer's fault, exit 3. kBroken: the
  // peer could not be started or reached, exit 4. Any of these is the one
  // diagnosis of the run; no case is tried, unless go_on says otherwise.
  Verdict verdict = Verdict::kPass;
  std::string reason;
  ProbeResult probe;
  // Try the cases in spite of the verdict, which stays with the run.
  bool go_on = false;
};
using PreflightCheck = std::function<Preflight(const RunContext& context)>;
// One connect + GET_FEATURES + close; zero when there was no answer.
using RoundTripMeter =
    std::function<std::chrono::microseconds(const RunContext& context)>;

// Told in the runner's process, in the order of events.
struct RunObserver {
  std::function<void(const std::string& id)> on_start;
  std::function<void(const CaseResult& result, std::size_t done)> on_done;
};

struct RunPlan {
  std::vector<std::string> case_ids;  // the results come in this order
  int jobs = 1;
  RunSettings settings;
  // Hand the cases out in an order drawn from settings.seed.
  bool shuffle = false;
  PeerFactory make_peer;
  PreflightCheck preflight;  // may be empty
  // Read after each case, outside of its duration: the same machine, in the
  // same mood. May be empty.
  RoundTripMeter round_trip;
  RunObserver observer;
  // Beyond this a worker hangs: every wait of a case has a deadline of its
  // own, so reaching it is our mistake.
  std::chrono::milliseconds case_budget{60000};
  // What is left of the run after an interrupt.
  std::chrono::milliseconds grace{5000};
};

// The caller adds target, options and level.
RunResult RunCases(const RunPlan& plan);

// The order in which `count` cases are handed out under `seed`.
std::vector<std::size_t> ShuffledOrder(std::size_t count, std::uint64_t seed);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_SUITE_RUNNER_H_
