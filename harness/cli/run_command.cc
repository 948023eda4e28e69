#include <algorithm>
#include <cstdio>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/backend/fault.h"
#include "harness/cli/commands.h"
#include "harness/cli/prober.h"
#include "harness/cli/selection.h"
#include "harness/cli/target.h"
#include "harness/report/json_report.h"
#include "harness/report/junit_report.h"
#include "harness/report/progress.h"
#include "harness/report/text_report.h"
#include "harness/report/writer.h"
#include "harness/suite/apply_expectations.h"
#include "harness/suite/bless_expectations.h"
#include "harness/suite/runner.h"
#include "harness/transport/mutation.h"

namespace vuspec {
namespace {

constexpr std::size_t kCauseCount = 2;

// What the mock does when it fails this case: the best guess we have.
std::string LikelyCause(const CaseResult& result) {
  if (result.verdict != Verdict::kFail) return "";
  std::string causes;
  std::size_t count = 0;
  for (const FaultRow& row : AllFaults()) {
    const std::string cases = " " + std::string(row.must) + " ";
    if (cases.find(" " + result.id + " ") == std::string::npos) continue;
    if (count++ == kCauseCount) break;
    absl::StrAppend(&causes, causes.empty() ? "" : ", or ",
                    std::string(row.text));
  }
  return causes.empty() ? "" : "of a back-end of which this is true: " + causes;
}

absl::StatusOr<Selection> ReadSelection(const RunOptions& options,
                                        const std::string& level) {
  Selection selection;
  selection.filters = options.filters;
  selection.level = ParseLevel(level);
  absl::StatusOr<Shard> shard = options.shard.empty()
                                    ? ShardFromEnvironment()
                                    : ParseShard(options.shard);
  if (!shard.ok()) return shard.status();
  selection.shard = *shard;
  return selection;
}

absl::StatusOr<Expectations> ReadExpectations(const std::string& path,
                                              bool bless) {
  if (path.empty()) {
    if (!bless) return Expectations();
    return absl::InvalidArgumentError(
        "--bless needs a file to rewrite: --expect FILE, or a peer whose "
        "manifest names its expectations");
  }
  absl::StatusOr<Expectations> read = Expectations::Load(path, TodayUtc());
  if (bless && absl::IsNotFound(read.status())) return Expectations();
  return read;
}

// What the document leaves open is a failure under --strict-ambiguities.
void FailAmbiguities(RunResult& run) {
  for (CaseResult& result : run.cases) {
    if (result.verdict != Verdict::kAmbig) continue;
    result.verdict = Verdict::kFail;
    result.reason =
        absl::StrCat(result.observed, " (",
                     result.reason.empty() ? "open" : result.reason, ")");
  }
}

std::string TextOf(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// REQUIRES: the verdicts are those of the cases, without expectations.
absl::Status Bless(const std::string& path, Expectations& expectations,
                   const RunResult& run) {
  if (const std::string why = WhyNotTrusted(run); !why.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is left as it is: ", why));
  }
  const absl::StatusOr<Blessed> blessed =
      BlessExpectations(TextOf(path), expectations, run);
  if (!blessed.ok()) return blessed.status();
  if (absl::Status status = WriteReportFile(path, blessed->text);
      !status.ok()) {
    return status;
  }
  std::fprintf(stderr, "%s: %zu kept, %zu dropped, %zu added%s\n", path.c_str(),
               blessed->kept, blessed->dropped, blessed->added,
               blessed->added == 0 ? "" : ", which want a reason");
  return absl::OkStatus();
}

// Before the run, which takes longer than to find out.
absl::Status CheckReports(const RunOptions& options) {
  absl::Status status;
  if (!options.json.empty()) status.Update(CheckReportFile(options.json));
  if (!options.junit.empty()) status.Update(CheckReportFile(options.junit));
  if (!options.out.empty()) status.Update(CheckReportFolder(options.out));
  return status;
}

absl::Status WriteReports(const RunOptions& options, const RunResult& run,
                          TextOptions text) {
  absl::Status status;
  if (!options.json.empty()) {
    status.Update(WriteReportFile(options.json, JsonReport(run)));
  }
  if (!options.junit.empty()) {
    status.Update(WriteReportFile(options.junit, JunitReport(run)));
  }
  if (!options.out.empty()) {
    text.terminal = {};
    status.Update(WriteReportFolder(options.out, run, TextReport(run, text)));
  }
  return status;
}

RunPlan MakePlan(const RunOptions& options, const Target& target,
                 std::vector<std::string> ids, Progress& progress) {
  RunPlan plan;
  plan.case_ids = std::move(ids);
  plan.jobs = options.jobs;
  plan.settings = target.settings;
  plan.settings.seed = options.seed.value_or(plan.settings.seed);
  plan.settings.mutation =
      FindMutation(options.mutate).value_or(Mutation::kNone);
  plan.shuffle = options.shuffle;
  plan.make_peer = target.make_peer;
  plan.preflight = [lenient = target.defective](const RunContext& context) {
    Preflight preflight = Probe(context);
    // A defective mock is there to be failed case by case.
    preflight.go_on = preflight.go_on || lenient;
    return preflight;
  };
  if (options.timings) plan.round_trip = MeasureRoundTrip;
  plan.observer.on_start = [&progress](const std::string& id) {
    progress.OnStart(id);
  };
  plan.observer.on_done = [&progress](const CaseResult& result,
                                      std::size_t done) {
    progress.OnDone(result, done);
  };
  return plan;
}

// All that a run needs, or why there is none.
struct Prepared {
  Target target;
  Selection selection;
  std::string expectations_path;  // empty: none
  Expectations expectations;
  std::string level;
};

absl::StatusOr<Prepared> Prepare(const RunOptions& options) {
  Prepared prepared;
  absl::StatusOr<Target> target = ResolveTarget(options.target);
  if (!target.ok()) return target.status();
  prepared.target = *std::move(target);
  if (prepared.target.shared && options.jobs > 1) {
    return absl::InvalidArgumentError(
        "--jobs needs a peer for each worker, and --socket names one: leave "
        "--jobs away, or let vuspec start the peer (-- COMMAND, --peer)");
  }
  const std::string& gate = prepared.target.manifest.gate.level;
  prepared.level = !options.level.empty() ? options.level
                   : !gate.empty()        ? gate
                                          : "robust";
  absl::StatusOr<Selection> selection = ReadSelection(options, prepared.level);
  if (!selection.ok()) return selection.status();
  prepared.selection = *std::move(selection);
  prepared.expectations_path = options.expect.empty()
                                   ? prepared.target.manifest.gate.expectations
                                   : options.expect;
  absl::StatusOr<Expectations> expectations =
      ReadExpectations(prepared.expectations_path, options.bless);
  if (!expectations.ok()) return expectations.status();
  prepared.expectations = *std::move(expectations);
  return prepared;
}

}  // namespace

ExitCode RunCommand(const RunOptions& options) {
  absl::StatusOr<Prepared> prepared = Prepare(options);
  if (!prepared.ok()) return Complain(prepared.status(), ExitCode::kUsage);
  if (absl::Status status = CheckReports(options); !status.ok()) {
    return Complain(status, ExitCode::kNotTrusted);
  }
  std::vector<std::string> ids = SelectCases(AllCases(), prepared->selection);
  if (ids.empty()) {
    Complain(absl::NotFoundError(WhyNothing(AllCases(), prepared->selection)),
             ExitCode::kNotTrusted);
  }
  Progress progress(stderr, Terminal::ForStream(stderr), ids.size());
  const RunPlan plan =
      MakePlan(options, prepared->target, std::move(ids), progress);
  RunResult run = RunCases(plan);
  progress.Clear();
  run.target = prepared->target.text;
  run.options = prepared->target.options;
  run.level = prepared->level;
  run.mutation = options.mutate;
  const auto repeat = [&run](const std::string& option) {
    absl::StrAppend(&run.options, run.options.empty() ? "" : " ", option);
  };
  if (!options.level.empty()) repeat("--level " + options.level);
  if (!options.mutate.empty()) repeat("--mutate " + options.mutate);
  auto code = ExitCode::kAsExpected;
  if (options.strict_ambiguities) {
    repeat("--strict-ambiguities");
    FailAmbiguities(run);
  }
  if (options.bless) {
    if (absl::Status status =
            Bless(prepared->expectations_path, prepared->expectations, run);
        !status.ok()) {
      code = Complain(status, ExitCode::kNotTrusted);
    }
  }
  ApplyExpectations(prepared->expectations, run);

  TextOptions text;
  text.terminal = Terminal::ForStream(stdout);
  text.every_case = options.verbose;
  text.timings = options.timings;
  text.likely_cause = LikelyCause;
  code = Graver(code, Print(TextReport(run, text), ExitCodeOf(run)));
  if (absl::Status status = WriteReports(options, run, text); !status.ok()) {
    code = Graver(code, Complain(status, ExitCode::kNotTrusted));
  }
  return code;
}

}  // namespace vuspec
