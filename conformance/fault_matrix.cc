// Runs every case against every named defect of the mock back-end and holds
// the result against the columns of faults.def: each fault is caught by all
// cases of its `must` column and by no case outside `must` and `may`, and each
// case is failed by at least one fault.
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

// Silence costs a failing case this much; a passing one never waits.
constexpr std::chrono::milliseconds kDeadline{500};

// Cases between two looks at how many fail; beyond kWide a fault is a wide one.
constexpr std::size_t kChunkSize = 40;
constexpr std::size_t kWide = 40;

using Names = std::set<std::string, std::less<>>;

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

PeerFactory FactoryFor(const FaultRow& row, std::string_view device,
                       const std::string& vuspec) {
  if (row.process_only) {
    return [name = std::string(row.name), device = std::string(device),
            vuspec](int) -> absl::StatusOr<std::unique_ptr<Peer>> {
      auto manifest =
          ManifestFromCommand({vuspec, "serve", "--socket", "{socket}",
                               "--device", device, "--fault", name});
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
  return [options](int) -> absl::StatusOr<std::unique_ptr<Peer>> {
    auto peer = MockPeer::Create(options);
    if (!peer.ok()) return peer.status();
    return *std::move(peer);
  };
}

bool IsCatch(Verdict verdict) {
  return verdict != Verdict::kPass && verdict != Verdict::kSkip &&
         verdict != Verdict::kAmbig;
}

// Adds to `caught_by` the cases of `ids` that fail, and returns those that the
// device of the mock made skip.
std::vector<std::string> RunSome(const FaultRow& row, std::string_view device,
                                 const std::string& vuspec,
                                 std::vector<std::string> ids,
                                 Names& caught_by) {
  RunPlan plan;
  plan.case_ids = std::move(ids);
  plan.jobs = static_cast<int>(std::thread::hardware_concurrency());
  plan.settings.deadline = kDeadline;
  plan.settings.device = std::string(device);
  plan.make_peer = FactoryFor(row, device, vuspec);
  plan.preflight = Probe;
  const RunResult run = RunCases(plan);
  if (!run.trouble.empty()) caught_by.emplace(kPreflight);
  std::vector<std::string> skipped;
  for (const CaseResult& result : run.cases) {
    if (IsCatch(result.verdict)) caught_by.insert(result.id);
    if (result.verdict == Verdict::kSkip) skipped.push_back(result.id);
  }
  return skipped;
}

// Who catches the fault. A wide fault, which its row or its many catches give
// away, is not run to the end: silence costs too much, and "*" says enough.
Names Measure(const FaultRow& row, const std::string& vuspec) {
  Names caught_by;
  std::vector<std::string> ids;
  if (row.may.find('*') == 0) {
    const Names must = Split(row.must);
    ids.assign(must.begin(), must.end());
    // The probe comes before any case, so any case will do.
    std::replace(ids.begin(), ids.end(), std::string(kPreflight),
                 AllCases().front().id);
  } else {
    for (const CaseInfo& info : AllCases()) ids.push_back(info.id);
  }
  std::vector<std::string> skipped;
  for (std::size_t start = 0; start < ids.size(); start += kChunkSize) {
    const std::size_t end = std::min(start + kChunkSize, ids.size());
    const auto more = RunSome(row, "blk", vuspec,
                              {ids.begin() + static_cast<std::ptrdiff_t>(start),
                               ids.begin() + static_cast<std::ptrdiff_t>(end)},
                              caught_by);
    skipped.insert(skipped.end(), more.begin(), more.end());
    if (caught_by.size() > kWide || caught_by.contains(kPreflight)) {
      caught_by.emplace("*");
      return caught_by;
    }
  }
  // What only a network device shows.
  if (!skipped.empty()) {
    RunSome(row, "net", vuspec, std::move(skipped), caught_by);
  }
  return caught_by;
}

// Prints what differs from the row; true if nothing does.
bool Agrees(const FaultRow& row, const Names& caught_by) {
  const Names must = Split(row.must);
  const Names may = Split(row.may);
  bool agrees = true;
  for (const std::string& id : must) {
    if (caught_by.contains(id)) continue;
    std::printf("  k%s: %s must catch it and did not\n",
                std::string(row.name).c_str(), id.c_str());
    agrees = false;
  }
  for (const std::string& id : caught_by) {
    if (id == "*") continue;
    const bool allowed =
        must.contains(id) ||
        std::any_of(may.begin(), may.end(), [&](const std::string& pattern) {
          return fnmatch(pattern.c_str(), id.c_str(), 0) == 0;
        });
    if (allowed) continue;
    std::printf("  k%s: %s failed and is not listed\n",
                std::string(row.name).c_str(), id.c_str());
    agrees = false;
  }
  if (caught_by.empty()) {
    std::printf("  k%s: nothing catches it\n", std::string(row.name).c_str());
    agrees = false;
  }
  return agrees;
}

// REQUIRES: every fault was measured.
bool EveryCaseFails(const std::map<std::string, Names>& measured) {
  Names failed;
  for (const auto& [fault, names] : measured) {
    failed.insert(names.begin(), names.end());
  }
  bool all = true;
  for (const CaseInfo& info : AllCases()) {
    if (failed.contains(info.id)) continue;
    std::printf("  %s: no fault can fail it\n", info.id.c_str());
    all = false;
  }
  return all;
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
  std::string vuspec;
  std::string only;
  std::string json;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view flag = argv[i];
    if (flag == "--vuspec") vuspec = argv[i + 1];
    if (flag == "--only") only = argv[i + 1];
    if (flag == "--json") json = argv[i + 1];
  }
  if (vuspec.empty()) {
    std::fprintf(stderr,
                 "usage: fault_matrix --vuspec PROGRAM [--only FAULT] "
                 "[--json FILE]\n");
    return 2;
  }
  std::map<std::string, Names> measured;
  bool agrees = true;
  for (const FaultRow& row : AllFaults()) {
    if (!only.empty() && only != row.name) continue;
    const Names caught_by = Measure(row, vuspec);
    std::printf("%-40s caught by %zu\n", std::string(row.name).c_str(),
                caught_by.size());
    std::fflush(stdout);
    agrees = Agrees(row, caught_by) && agrees;
    measured[std::string(row.name)] = caught_by;
    if (!json.empty()) WriteJson(json, measured);
  }
  if (only.empty()) agrees = EveryCaseFails(measured) && agrees;
  std::printf("%s\n", agrees ? "every fault is caught as faults.def says"
                             : "faults.def and the measurement differ");
  return agrees ? 0 : 1;
}

}  // namespace
}  // namespace vuspec

int main(int argc, char** argv) { return vuspec::Run(argc, argv); }
