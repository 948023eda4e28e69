// Runs every case against every named defect of the mock back-end and holds
// the result against the columns of faults.def: each fault is caught by all
// cases of its `must` column and by no case outside `must` and `may`, no case
// fails with a behaviour that is legal, and each case is failed by at least one
// fault.
//
// A narrow fault runs the whole suite. A wide one, whose `may` is "*", runs its
// `must` column only: its silences cost too much, and "*" says enough. What is
// left, cases that no fault failed, is tried with the wide faults in the end,
// by a mock that offers every feature.
//
//   fault_matrix --vuspec build/release/vuspec [--only NAME] [--json FILE]
//
// --json writes what was measured, for scripts/faults-bless.
#include <fnmatch.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "harness/backend/fault.h"
#include "harness/backend/mock_peer.h"
#include "harness/cli/prober.h"
#include "harness/peer/process_peer.h"
#include "harness/suite/catalog.h"
#include "harness/suite/runner.h"

namespace vuspec {
namespace {

// What stands for the probe in a column: the fault shows before any case.
constexpr std::string_view kPreflight = "Preflight";

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

using Names = std::set<std::string, std::less<>>;
using Ids = std::vector<std::string>;

Names Split(std::string_view words) {
  Names names;
  std::size_t start = 0;
  while (start < words.size()) {
    const std::size_t end = std::min(words.find(' ', start), words.size());
    if (end != start) names.emplace(words.substr(start, end - start));
    start = end + 1;
  }
  return names;
}

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

struct Matrix {
  std::string vuspec;
  std::map<std::string, Names> measured;
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

// As either device: the network one runs what the disk made skip. Ends early,
// with "*" in the answer, where a fault turns out to be a wide one.
Names RunOnBoth(const Matrix& matrix, const FaultRow& row, const Ids& ids,
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
  if (skipped.empty()) return caught;
  caught.merge(
      RunSome(matrix, row, "net", std::move(skipped), deadline).caught);
  return caught;
}

bool IsWide(const FaultRow& row) { return row.may.starts_with('*'); }

bool IsListed(const FaultRow& row, const std::string& id) {
  const Names may = Split(row.may);
  return id == "*" || Split(row.must).contains(id) ||
         std::any_of(may.begin(), may.end(), [&](const std::string& pattern) {
           return fnmatch(pattern.c_str(), id.c_str(), 0) == 0;
         });
}

// The cases of its `must` column that did not catch it.
Ids Missed(const FaultRow& row, const Names& caught) {
  Ids missed;
  for (const std::string& id : Split(row.must)) {
    if (!caught.contains(id) && id != kPreflight) missed.push_back(id);
  }
  return missed;
}

// Who catches the fault.
Names Measure(const Matrix& matrix, const FaultRow& row) {
  Ids ids;
  if (IsWide(row)) {
    const Names must = Split(row.must);
    ids.assign(must.begin(), must.end());
    // The probe comes before any case, so any case will do.
    std::replace(ids.begin(), ids.end(), std::string(kPreflight),
                 AllCases().front().id);
  } else {
    for (const CaseInfo& info : AllCases()) ids.push_back(info.id);
  }
  Names caught = RunOnBoth(matrix, row, ids, kDeadline);
  // A defect that is a race is not seen each time.
  for (int round = 0; round < kRounds && !caught.contains("*"); ++round) {
    const Ids missed = Missed(row, caught);
    if (missed.empty()) break;
    caught.merge(RunOnBoth(matrix, row, missed, kPatientDeadline));
  }
  Ids doubtful;
  for (const std::string& id : caught) {
    if (FindCase(id) != nullptr && !IsListed(row, id)) doubtful.push_back(id);
  }
  if (doubtful.empty() || caught.contains("*")) return caught;
  const Names confirmed = RunOnBoth(matrix, row, doubtful, kPatientDeadline);
  for (const std::string& id : doubtful) {
    if (!confirmed.contains(id)) caught.erase(id);
  }
  return caught;
}

// Prints what differs from the row; true if nothing does.
bool Agrees(const FaultRow& row, const Names& caught_by) {
  Ids wrong;
  for (const std::string& id : Split(row.must)) {
    if (!caught_by.contains(id)) wrong.push_back(id + " did not catch it");
  }
  for (const std::string& id : caught_by) {
    if (!IsListed(row, id)) wrong.push_back(id + " failed and is not listed");
  }
  if (caught_by.empty() && row.allowed_by.empty()) {
    wrong.push_back("nothing catches it");
  }
  for (const std::string& what : wrong) {
    std::printf("  k%s: %s\n", std::string(row.name).c_str(), what.c_str());
  }
  return wrong.empty();
}

// The cases that no fault failed so far.
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

// Tries those with what may fail more than it lists.
void TryWideFaults(Matrix& matrix) {
  for (const FaultRow& row : AllFaults()) {
    Names& names = matrix.measured[std::string(row.name)];
    if (row.may.empty() || names.contains(kPreflight)) continue;
    const Ids ids = Unfailed(matrix);
    if (ids.empty()) return;
    Findings findings = RunSome(matrix, row, "blk", ids, kDeadline, true);
    names.merge(findings.caught);
    names.merge(
        RunSome(matrix, row, "net", findings.skipped, kDeadline, true).caught);
    std::printf("%-40s of %zu more, %zu are left\n",
                std::string(row.name).c_str(), ids.size(),
                Unfailed(matrix).size());
    std::fflush(stdout);
  }
}

void WriteJson(const std::string& path,
               const std::map<std::string, Names>& measured) {
  std::ofstream out(path);
  out << "{";
  const char* comma = "";
  for (const auto& [fault, names] : measured) {
    out << comma << "\n\"" << fault << "\": [";
    const char* inner = "";
    for (const std::string& name : names) {
      out << inner << '"' << name << '"';
      inner = ", ";
    }
    out << "]";
    comma = ",";
  }
  out << "\n}\n";
}

int Run(int argc, char** argv) {
  Matrix matrix;
  std::string only;
  std::string json;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--vuspec") matrix.vuspec = argv[i + 1];
    if (flag == "--only") only = argv[i + 1];
    if (flag == "--json") json = argv[i + 1];
  }
  if (matrix.vuspec.empty()) {
    std::fprintf(stderr,
                 "usage: fault_matrix --vuspec PROGRAM [--only FAULT] "
                 "[--json FILE]\n");
    return 2;
  }
  bool agrees = true;
  const auto faults = AllFaults();
  for (std::size_t i = 0; i < faults.size(); ++i) {
    const FaultRow& row = faults[i];
    if (!only.empty() && only != row.name) continue;
    const Names caught = Measure(matrix, row);
    std::printf("%3zu/%zu %-40s caught by %zu%s\n", i + 1, faults.size(),
                std::string(row.name).c_str(), caught.size(),
                caught.contains("*") ? " or more" : "");
    agrees = Agrees(row, caught) && agrees;
    std::fflush(stdout);
    matrix.measured[std::string(row.name)] = caught;
    if (!json.empty()) WriteJson(json, matrix.measured);
  }
  if (only.empty()) {
    TryWideFaults(matrix);
    if (!json.empty()) WriteJson(json, matrix.measured);
    for (const std::string& id : Unfailed(matrix)) {
      std::printf("  %s: no fault can fail it\n", id.c_str());
      agrees = false;
    }
  }
  std::printf("%s\n", agrees ? "every fault is caught as faults.def says"
                             : "faults.def and the measurement differ");
  return agrees ? 0 : 1;
}

}  // namespace
}  // namespace vuspec

int main(int argc, char** argv) { return vuspec::Run(argc, argv); }
