#include "conformance/program/fault_measurement.h"

#include <algorithm>
#include <cstdio>
#include <thread>
#include <utility>

#include "harness/memory/userfault.h"
#include "harness/suite/catalog.h"

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

// What the mock can be. Each runs what those before it made skip.
constexpr const char* kDevices[] = {"blk", "net", "gpu"};

Ids AllIds() {
  Ids ids;
  for (const CaseInfo& info : AllCases()) ids.push_back(info.id);
  return ids;
}

// The cases of its `must` column that did not catch it.
Ids Missed(const FaultRow& row, const Names& caught) {
  Ids missed;
  for (const std::string& id : CasesThatMustCatch(row)) {
    if (!caught.contains(id) && id != kPreflight) missed.push_back(id);
  }
  return missed;
}

// Those outside of both columns.
Ids Unlisted(const FaultRow& row, const Names& caught) {
  Ids unlisted;
  for (const std::string& id : caught) {
    if (FindCase(id) != nullptr && !IsListed(row, id)) unlisted.push_back(id);
  }
  return unlisted;
}

// Without a userfaultfd nobody can run them: they are taken at their word.
bool IsForbiddenHere(const std::string& id) {
  return !Userfault::Allowed().ok() && id.starts_with("Postcopy");
}

}  // namespace

FaultMeasurement::FaultMeasurement(std::string vuspec)
    : vuspec_(std::move(vuspec)), correct_(MeasureBaselines(FaultSet())) {}

FaultMeasurement::Baselines FaultMeasurement::MeasureBaselines(
    const FaultSet& faults) {
  Baselines baselines;
  for (const char* device : kDevices) {
    baselines.emplace(device, FaultBaseline(device, faults));
  }
  return baselines;
}

Names FaultMeasurement::FailedWithoutFault() const {
  Names failed;
  for (const auto& [device, baseline] : correct_) {
    failed.insert(baseline.failed().begin(), baseline.failed().end());
  }
  return failed;
}

FaultMeasurement::Findings FaultMeasurement::RunSome(const Attempt& attempt,
                                                     const char* device,
                                                     Ids ids) const {
  std::vector<Fault> faults = {attempt.row.fault};
  if (attempt.everything) faults.push_back(kEverythingOffered);
  RunPlan plan = PlanFor(device, std::move(ids),
                         attempt.row.process_only
                             ? MockInProcess(vuspec_, device, faults)
                             : MockInThread(device, FaultSet(faults)));
  plan.jobs =
      kJobsPerCpu * static_cast<int>(std::thread::hardware_concurrency());
  plan.settings.deadline = attempt.deadline;
  const RunResult run = RunCases(plan);
  Findings findings;
  if (!run.trouble.empty()) findings.caught.emplace(kPreflight);
  for (const CaseResult& result : run.cases) {
    if (IsCatch(result)) findings.caught.insert(result.id);
    if (result.verdict == Verdict::kSkip) findings.skipped.push_back(result.id);
  }
  return findings;
}

Names FaultMeasurement::RunAsEachDevice(const Attempt& attempt,
                                        const Baselines& baselines, Ids ids,
                                        std::size_t enough) const {
  const Names must = CasesThatMustCatch(attempt.row);
  Names caught;
  for (const char* device : kDevices) {
    const FaultBaseline& baseline = baselines.at(device);
    Ids chosen;
    Ids skipped;
    for (std::string& id : ids) {
      if (must.contains(id) || baseline.MayNotice(id, attempt.row.fault)) {
        chosen.push_back(std::move(id));
      } else if (baseline.Skips(id)) {
        skipped.push_back(std::move(id));
      }
    }
    for (std::size_t start = 0; start < chosen.size(); start += kChunkSize) {
      const auto first = chosen.begin() + static_cast<std::ptrdiff_t>(start);
      const auto count = std::min(kChunkSize, chosen.size() - start);
      Findings findings = RunSome(
          attempt, device, {first, first + static_cast<std::ptrdiff_t>(count)});
      caught.merge(findings.caught);
      skipped.insert(skipped.end(), findings.skipped.begin(),
                     findings.skipped.end());
      if (caught.contains(kPreflight) || caught.size() > enough) {
        caught.emplace("*");
        return caught;
      }
    }
    ids = std::move(skipped);
  }
  return caught;
}

Names FaultMeasurement::MeasureAll(const FaultRow& row) const {
  const auto try_cases = [&](Ids ids, std::chrono::milliseconds deadline) {
    return RunAsEachDevice({row, false, deadline}, correct_, std::move(ids),
                           kWide);
  };
  Ids ids = AllIds();
  if (IsWide(row)) {
    const Names must = CasesThatMustCatch(row);
    // The probe comes before any case, so any case will do.
    const std::string any = ids.front();
    ids.assign(must.begin(), must.end());
    std::replace(ids.begin(), ids.end(), std::string(kPreflight), any);
  }
  Names caught = try_cases(std::move(ids), kDeadline);
  // A defect that is a race is not seen each time.
  for (int round = 0; round < kRounds && !caught.contains("*"); ++round) {
    const Ids missed = Missed(row, caught);
    if (missed.empty()) break;
    caught.merge(try_cases(missed, kPatientDeadline));
  }
  const Ids doubtful = Unlisted(row, caught);
  if (doubtful.empty() || caught.contains("*")) return caught;
  const Names confirmed = try_cases(doubtful, kPatientDeadline);
  for (const std::string& id : doubtful) {
    if (!confirmed.contains(id)) caught.erase(id);
  }
  return caught;
}

Names FaultMeasurement::Measure(const FaultRow& row) {
  Names caught = MeasureAll(row);
  for (const std::string& id : CasesThatMustCatch(row)) {
    if (IsForbiddenHere(id)) caught.insert(id);
  }
  measured_[std::string(row.name)] = caught;
  return caught;
}

Ids FaultMeasurement::Unasked(const FaultRow& row, const Names& caught) const {
  Ids unasked;
  for (const std::string& id : caught) {
    if (FindCase(id) == nullptr || IsForbiddenHere(id)) continue;
    const bool asked =
        std::any_of(correct_.begin(), correct_.end(), [&](const auto& device) {
          return device.second.MayNotice(id, row.fault);
        });
    if (!asked) unasked.push_back(id);
  }
  return unasked;
}

Ids FaultMeasurement::Unfailed() const {
  Names failed;
  for (const auto& [fault, names] : measured_) {
    failed.insert(names.begin(), names.end());
  }
  Ids unfailed = AllIds();
  std::erase_if(unfailed,
                [&](const std::string& id) { return failed.contains(id); });
  return unfailed;
}

void FaultMeasurement::TryWideFaults() {
  const Baselines offering = MeasureBaselines(FaultSet(kEverythingOffered));
  for (const FaultRow& row : AllFaults()) {
    Names& names = measured_[std::string(row.name)];
    if (row.may.empty() || names.contains(kPreflight)) continue;
    const Ids ids = Unfailed();
    if (ids.empty()) return;
    names.merge(
        RunAsEachDevice({row, true, kDeadline}, offering, ids, ids.size()));
    std::printf("%-40s of %zu more, %zu are left\n",
                std::string(row.name).c_str(), ids.size(), Unfailed().size());
    std::fflush(stdout);
  }
}

}  // namespace vuspec
