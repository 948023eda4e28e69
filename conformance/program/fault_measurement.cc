#include "conformance/program/fault_measurement.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>

#include "harness/backend/mock_peer.h"
#include "harness/cli/prober.h"
#include "harness/memory/userfault.h"
#include "harness/peer/process_peer.h"
#include "harness/suite/catalog.h"
#include "harness/suite/runner.h"

namespace vuspec {
namespace {

// Silence costs a failing case this much; a passing one never waits. On a busy
// machine it may all the same: what fails against the columns is asked again.
constexpr std::chrono::milliseconds kDeadline{300};
constexpr std::chrono::milliseconds kPatientDeadline{3000};

// How often a case that must catch a fault is asked again.
constexpr int kRounds = 3;

// They wait more than they compute.
constexpr int kJobsPerCpu = 3;

// Cases between two looks at how many fail; beyond kWide a fault is a wide one.
constexpr std::size_t kChunkSize = 120;
constexpr std::size_t kWide = 40;

// How a mock offers what else it has not got.
constexpr Fault kEverythingOffered = Fault::kUnimplementedFeatureOffered;

PeerFactory FactoryFor(const FaultRow& row, std::string_view device,
                       const std::string& vuspec, bool everything) {
  if (row.process_only) {
    std::vector<std::string> command = {vuspec,     "serve",
                                        "--socket", "{socket}",
                                        "--device", std::string(device),
                                        "--fault",  std::string(row.name)};
    if (everything) {
      command.insert(
          command.end(),
          {"--fault", std::string(Describe(kEverythingOffered).name)});
    }
    return [command](int) -> absl::StatusOr<std::unique_ptr<Peer>> {
      auto manifest = ManifestFromCommand(command);
      if (!manifest.ok()) return manifest.status();
      manifest->after_disconnect = Life::kStays;
      manifest->limits.memory_mib = 512;
      auto peer = ProcessPeer::Make(*std::move(manifest));
      if (!peer.ok()) return peer.status();
      return *std::move(peer);
    };
  }
  MockOptions options;
  options.device = std::string(device);
  options.faults.Add(row.fault);
  if (everything) options.faults.Add(kEverythingOffered);
  return [options](int) -> absl::StatusOr<std::unique_ptr<Peer>> {
    auto peer = MockPeer::Create(options);
    if (!peer.ok()) return peer.status();
    return *std::move(peer);
  };
}

bool IsCatch(const CaseResult& result) {
  switch (result.verdict) {
    case Verdict::kPass:
    case Verdict::kSkip:
    case Verdict::kAmbig:
      return false;
    case Verdict::kLeak:
      // The order of the cases decides which of them finds more than there was
      // before, unless it failed by itself as well.
      return !result.details.empty();
    default:
      return true;
  }
}

// What a run of some cases said.
struct Findings {
  Names caught;
  Ids skipped;
};

Findings RunSome(const Matrix& matrix, const FaultRow& row,
                 std::string_view device, Ids ids,
                 std::chrono::milliseconds deadline, bool everything = false) {
  RunPlan plan;
  plan.case_ids = std::move(ids);
  plan.jobs =
      kJobsPerCpu * static_cast<int>(std::thread::hardware_concurrency());
  plan.settings.deadline = deadline;
  plan.settings.device = std::string(device);
  plan.make_peer = FactoryFor(row, device, matrix.vuspec, everything);
  plan.preflight = Probe;
  const RunResult run = RunCases(plan);
  Findings findings;
  if (!run.trouble.empty()) findings.caught.emplace(kPreflight);
  for (const CaseResult& result : run.cases) {
    if (IsCatch(result)) findings.caught.insert(result.id);
    if (result.verdict == Verdict::kSkip) findings.skipped.push_back(result.id);
  }
  return findings;
}

// What the mock can be beside a disk.
constexpr std::string_view kOtherDevices[] = {"net", "gpu"};

// As any other device, each of which runs what those before it made skip.
Names RunOnOthers(const Matrix& matrix, const FaultRow& row, Ids skipped,
                  std::chrono::milliseconds deadline, bool everything = false) {
  Names caught;
  for (const std::string_view device : kOtherDevices) {
    if (skipped.empty()) break;
    Findings findings =
        RunSome(matrix, row, device, std::move(skipped), deadline, everything);
    caught.merge(findings.caught);
    skipped = std::move(findings.skipped);
  }
  return caught;
}

// As every device, the disk first. Ends early, with "*" in the answer, where a
// fault turns out to be a wide one.
Names RunOnAll(const Matrix& matrix, const FaultRow& row, const Ids& ids,
               std::chrono::milliseconds deadline) {
  Names caught;
  Ids skipped;
  for (std::size_t start = 0; start < ids.size(); start += kChunkSize) {
    const auto first = ids.begin() + static_cast<std::ptrdiff_t>(start);
    const auto count = std::min(kChunkSize, ids.size() - start);
    Findings findings =
        RunSome(matrix, row, "blk",
                {first, first + static_cast<std::ptrdiff_t>(count)}, deadline);
    caught.merge(findings.caught);
    skipped.insert(skipped.end(), findings.skipped.begin(),
                   findings.skipped.end());
    if (caught.contains(kPreflight) || caught.size() > kWide) {
      caught.emplace("*");
      return caught;
    }
  }
  caught.merge(RunOnOthers(matrix, row, std::move(skipped), deadline));
  return caught;
}

// The cases of its `must` column that did not catch it.
Ids Missed(const FaultRow& row, const Names& caught) {
  Ids missed;
  for (const std::string& id : CasesThatMustCatch(row)) {
    if (!caught.contains(id) && id != kPreflight) missed.push_back(id);
  }
  return missed;
}

// Without a userfaultfd nobody can run them: they are taken at their word.
bool IsForbiddenHere(const std::string& id) {
  return !Userfault::Allowed().ok() && id.starts_with("Postcopy");
}

Names MeasureAll(const Matrix& matrix, const FaultRow& row) {
  Ids ids;
  if (IsWide(row)) {
    const Names must = CasesThatMustCatch(row);
    ids.assign(must.begin(), must.end());
    // The probe comes before any case, so any case will do.
    std::replace(ids.begin(), ids.end(), std::string(kPreflight),
                 AllCases().front().id);
  } else {
    for (const CaseInfo& info : AllCases()) ids.push_back(info.id);
  }
  Names caught = RunOnAll(matrix, row, ids, kDeadline);
  // A defect that is a race is not seen each time.
  for (int round = 0; round < kRounds && !caught.contains("*"); ++round) {
    const Ids missed = Missed(row, caught);
    if (missed.empty()) break;
    caught.merge(RunOnAll(matrix, row, missed, kPatientDeadline));
  }
  Ids doubtful;
  for (const std::string& id : caught) {
    if (FindCase(id) != nullptr && !IsListed(row, id)) doubtful.push_back(id);
  }
  if (doubtful.empty() || caught.contains("*")) return caught;
  const Names confirmed = RunOnAll(matrix, row, doubtful, kPatientDeadline);
  for (const std::string& id : doubtful) {
    if (!confirmed.contains(id)) caught.erase(id);
  }
  return caught;
}

}  // namespace

Names Measure(const Matrix& matrix, const FaultRow& row) {
  Names caught = MeasureAll(matrix, row);
  for (const std::string& id : CasesThatMustCatch(row)) {
    if (IsForbiddenHere(id)) caught.insert(id);
  }
  return caught;
}

Ids Unfailed(const Matrix& matrix) {
  Names failed;
  for (const auto& [fault, names] : matrix.measured) {
    failed.insert(names.begin(), names.end());
  }
  Ids unfailed;
  for (const CaseInfo& info : AllCases()) {
    if (!failed.contains(info.id)) unfailed.push_back(info.id);
  }
  return unfailed;
}

void TryWideFaults(Matrix& matrix) {
  for (const FaultRow& row : AllFaults()) {
    Names& names = matrix.measured[std::string(row.name)];
    if (row.may.empty() || names.contains(kPreflight)) continue;
    const Ids ids = Unfailed(matrix);
    if (ids.empty()) return;
    Findings findings = RunSome(matrix, row, "blk", ids, kDeadline, true);
    names.merge(findings.caught);
    names.merge(
        RunOnOthers(matrix, row, std::move(findings.skipped), kDeadline, true));
    std::printf("%-40s of %zu more, %zu are left\n",
                std::string(row.name).c_str(), ids.size(),
                Unfailed(matrix).size());
    std::fflush(stdout);
  }
}

}  // namespace vuspec
