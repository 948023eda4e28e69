// What a conformance case may ask about its run, and how it reports what a
// GoogleTest assertion cannot say.
//
// One worker process runs one case at a time over one Peer, so both objects
// are per process: CurrentRun() is set while a worker has its peer,
// CurrentCase() from the first line of SetUp to the last line of TearDown.
//
// Contract: not thread-safe, used by the thread that runs the case; owns only
// strings, the Peer is the worker's. Asking outside of a run or a case aborts.
//
// A case says:                                  its verdict becomes:
//   nothing, and no assertion fails             PASS
//   EXPECT_/ASSERT_ fails                       FAIL
//   SetVerdict(kCrash, kHang, kLeak, kBroken)   that one, above any FAIL
//   AmbigCase                                   AMBIG, unless it also fails
//   SkipCase, or GTEST_SKIP() << reason         SKIP, unless it also fails
//
// A fatal assertion (ASSERT_, FAIL, GTEST_SKIP is none) throws
// testing::AssertionException, so a helper that returns a value can give up:
// never use one in a destructor.
//
// Example (in the fixture):
//   if (!offered) {
//     CurrentCase().SkipCase("INFLIGHT_SHMFD is not offered", claimed);
//     GTEST_SKIP();
//   }
#ifndef VUSPEC_HARNESS_SUITE_CONTEXT_H_
#define VUSPEC_HARNESS_SUITE_CONTEXT_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "harness/peer/peer.h"
#include "harness/report/result.h"
#include "harness/transport/deadline.h"
#include "harness/transport/mutation.h"
#include "protocol/model_coverage.h"

namespace vuspec {

// What holds for every case of a run.
struct RunSettings {
  std::uint64_t seed = 1;
  // For one answer of the peer; --deadline-ms, else the manifest's.
  std::chrono::milliseconds deadline{2000};
  std::string device = "generic";       // --device, else the manifest's
  Mutation mutation = Mutation::kNone;  // --mutate
};

class RunContext {
 public:
  // The peer is borrowed and must outlive the context.
  RunContext(Peer& peer, RunSettings settings, ProbeResult probe = {});

  Peer& peer() const { return peer_; }
  std::uint64_t seed() const { return settings_.seed; }
  const std::string& device() const { return settings_.device; }
  // How the cases deliver what they send.
  Mutation mutation() const { return settings_.mutation; }
  // What the preflight found; zeros during the preflight itself.
  const ProbeResult& probe() const { return probe_; }

  std::chrono::milliseconds answer_budget() const { return settings_.deadline; }
  Deadline ForAnswer() const { return Deadline::After(settings_.deadline); }

  // After so long without a sign the peer is taken to stay idle: many times
  // its measured round trip, between 20 ms and the answer budget.
  std::chrono::milliseconds quiet_budget() const;
  Deadline ForQuiet() const { return Deadline::After(quiet_budget()); }

 private:
  Peer& peer_;
  RunSettings settings_;
  ProbeResult probe_;
};

// REQUIRES: inside a worker, or under a ScopedRun.
RunContext& CurrentRun();

// Makes `context` the CurrentRun() until it goes; for workers and tests.
class ScopedRun {
 public:
  explicit ScopedRun(RunContext& context);
  ~ScopedRun();
  ScopedRun(const ScopedRun&) = delete;
  ScopedRun& operator=(const ScopedRun&) = delete;

 private:
  RunContext* previous_;
};

// Collects what one case reports; the runner makes the CaseResult of it.
class CaseRecorder {
 public:
  explicit CaseRecorder(std::string id) : id_(std::move(id)) {}

  const std::string& id() const { return id_; }

  // For the random choices of this case: from the seed of the run and the id,
  // so that it does not depend on which other cases run.
  std::uint64_t Seed() const;

  // The peer lacks what the case needs; `reason` names the feature bit.
  // `claimed`: its manifest promises it, which makes the skip unexpected.
  // Records only: return from the case with GTEST_SKIP().
  void SkipCase(std::string reason, bool claimed);

  // The document allows several behaviours; this is the one that was seen.
  void AmbigCase(std::string observed);

  // While excused, an assertion that fails is only what was observed: messages
  // come in a way that the peer may refuse. Verdicts by SetVerdict count.
  void Excuse(bool excused) { excused_ = excused; }

  // One of the many situations that this case tries.
  void CountPoint() { ++result_.points; }
  // What a session of this case sent.
  void AddCoverage(const protocol::ModelCoverage& coverage) {
    result_.model.Merge(coverage);
  }

  // What the failure block shows beside the assertion; the last call wins.
  void SetExpectedObserved(std::string expected, std::string observed);

  // REQUIRES: kCrash, kHang, kLeak or kBroken. Several calls: the first of
  // the gravest wins, in the order crash, hang, leak, broken.
  void SetVerdict(Verdict verdict, std::string reason);

  // The messages of the case as .vu text; several calls append. Dropped if
  // the case passes or skips, so cheap cases need not ask.
  void AttachTranscript(std::string_view text);
  // The end of what the peer wrote; dropped likewise.
  void AttachPeerStderr(std::string text);

  // For the runner: an assertion that failed, or the reason of a GTEST_SKIP.
  void AddFailure(std::string_view location, std::string_view message);
  void AddSkip(std::string_view message);
  // True once anything but a pass or a skip is certain.
  bool Failed() const;
  // Ends the recording. REQUIRES: called once.
  CaseResult Finish(std::chrono::microseconds duration);

 private:
  std::string id_;
  CaseResult result_;
  Verdict verdict_ = Verdict::kPass;  // as set, before assertions count
  bool failed_ = false;
  bool ambiguous_ = false;
  bool excused_ = false;
  bool skipped_ = false;
};

// REQUIRES: a case runs, or a ScopedCase is up.
CaseRecorder& CurrentCase();
bool InsideCase();

class ScopedCase {
 public:
  explicit ScopedCase(CaseRecorder& recorder);
  ~ScopedCase();
  ScopedCase(const ScopedCase&) = delete;
  ScopedCase& operator=(const ScopedCase&) = delete;

 private:
  CaseRecorder* previous_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_SUITE_CONTEXT_H_
