#include "harness/report/text_report.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/report/median.h"
#include "harness/report/summary.h"
#include "protocol/features.h"
#include "protocol/requirement.h"

namespace vuspec {
namespace {

// Enough to see what led to a failure; --out keeps the whole transcript.
constexpr std::size_t kFrameCount = 8;
constexpr std::size_t kStderrCount = 20;

// In the order of the summary line; skips come last.
constexpr std::array<std::pair<Verdict, std::string_view>, 9> kExecuted = {{
    {Verdict::kPass, "passed"},
    {Verdict::kFail, "FAIL"},
    {Verdict::kCrash, "CRASH"},
    {Verdict::kHang, "HANG"},
    {Verdict::kLeak, "LEAK"},
    {Verdict::kXfail, "xfail"},
    {Verdict::kXpass, "XPASS"},
    {Verdict::kAmbig, "ambig"},
    {Verdict::kBroken, "BROKEN"},
}};

double Seconds(std::chrono::microseconds time) {
  return static_cast<double>(time.count()) / 1e6;
}
double Milliseconds(std::chrono::microseconds time) {
  return static_cast<double>(time.count()) / 1e3;
}

// "  expected  ..." with continuation lines under the text.
std::string Row(std::string_view name, std::string_view text) {
  if (text.empty()) return "";
  std::string row = absl::StrFormat("  %-10s", std::string(name));
  const std::string body = Indent(Printable(text), "            ");
  return row + body.substr(12);
}

std::string Header(const RunResult& run) {
  std::string header = absl::StrCat(
      "vuspec ", std::string(ToolVersion()), ", ", std::string(SpecName()),
      "\ntarget  ",
      run.target.empty() ? "the built-in mock back-end" : Printable(run.target),
      ", device ", run.device, ", level ", run.level, ", seed ", run.seed,
      run.mutation.empty() ? "" : ", mutate ", run.mutation, "\n");
  if (run.probe.virtio_features != 0) {
    absl::StrAppend(
        &header, "virtio  ",
        protocol::VirtioFeatureNames(run.probe.virtio_features), "\nproto   ",
        protocol::ProtocolFeatureNames(run.probe.protocol_features), "\n");
  }
  return header;
}

std::string_view SuiteOf(const CaseResult& result) {
  return std::string_view(result.id).substr(0, result.id.find('.'));
}

std::string CaseLines(const RunResult& run, const Terminal& terminal) {
  std::string lines;
  for (const CaseResult& result : run.cases) {
    const std::string name =
        absl::StrFormat("%-6s", std::string(ToString(result.verdict)));
    absl::StrAppend(&lines, terminal.Paint(result.verdict, name), " ",
                    result.id);
    if (result.verdict != Verdict::kPass) {
      absl::StrAppend(&lines, "  ", Printable(result.reason));
    }
    absl::StrAppendFormat(&lines, "  (%.1f ms)\n",
                          Milliseconds(result.duration));
  }
  return lines;
}

std::string Counts(const std::map<Verdict, std::size_t>& counts) {
  std::string text;
  const auto add = [&](Verdict verdict, std::string_view name) {
    const auto found = counts.find(verdict);
    if (found == counts.end()) return;
    absl::StrAppend(&text, text.empty() ? "" : ", ", found->second, " ",
                    std::string(name));
  };
  for (const auto& [verdict, name] : kExecuted) add(verdict, name);
  add(Verdict::kSkip, "skipped");
  return text;
}

std::string SuiteLines(const RunResult& run) {
  std::vector<std::pair<std::string_view, std::map<Verdict, std::size_t>>> rows;
  std::size_t width = 0;
  for (const CaseResult& result : run.cases) {
    const std::string_view suite = SuiteOf(result);
    auto row = std::find_if(rows.begin(), rows.end(), [suite](const auto& r) {
      return r.first == suite;
    });
    if (row == rows.end()) row = rows.insert(rows.end(), {suite, {}});
    ++row->second[result.verdict];
    width = std::max(width, suite.size());
  }
  std::string lines;
  for (const auto& [suite, counts] : rows) {
    absl::StrAppend(&lines, "  ", std::string(suite),
                    std::string(width - suite.size() + 2, ' '), Counts(counts),
                    "\n");
  }
  return lines;
}

// Skips are counted and listed, never folded into "passed".
std::string SkipLines(const RunResult& run) {
  std::map<std::string, std::size_t> reasons;
  for (const CaseResult& result : run.cases) {
    if (result.verdict == Verdict::kSkip) ++reasons[Printable(result.reason)];
  }
  std::string lines;
  for (const auto& [reason, count] : reasons) {
    absl::StrAppendFormat(&lines, "%5d skipped: %s\n", count, reason);
  }
  return lines;
}

// What needs no action but should be seen: XFAIL and AMBIG.
std::string NoteLines(const RunResult& run, const Terminal& terminal) {
  std::string lines;
  for (const CaseResult& result : run.cases) {
    if (result.verdict != Verdict::kXfail &&
        result.verdict != Verdict::kAmbig) {
      continue;
    }
    std::string text = result.reason;
    if (result.verdict == Verdict::kAmbig) {
      text = result.observed;
      if (!result.reason.empty())
        absl::StrAppend(&text, " (", result.reason, ")");
    }
    absl::StrAppend(&lines,
                    terminal.Paint(result.verdict, ToString(result.verdict)),
                    "  ", result.id, ": ", Printable(text), "\n");
  }
  return lines;
}

// How far the cases went: the states of the session model, and what those
// tried that try many situations of a kind.
std::string CoverageLines(const RunResult& run) {
  const protocol::ModelCoverage coverage = CoverageOf(run);
  std::string lines = absl::StrCat(
      "model: ", coverage.pair_count(), " of ", protocol::AllPairCount(),
      " states x messages, ", coverage.transition_count(), " of ",
      protocol::AllTransitions().size(), " transitions seen\n");
  std::size_t points = 0;
  for (const CaseResult& result : run.cases) points += result.points;
  if (points > 0) absl::StrAppend(&lines, "points: ", points, " tried\n");
  return lines;
}

std::string Outcome(const RunResult& run) {
  std::string lines;
  if (!run.trouble.empty()) {
    absl::StrAppend(
        &lines, "TROUBLE  ",
        run.trouble_verdict == Verdict::kBroken
            ? ""
            : absl::StrCat("the peer: ",
                           std::string(ToString(run.trouble_verdict)), ", "),
        Printable(run.trouble), "\n");
  }
  for (const std::string& error : run.expectation_errors) {
    absl::StrAppend(&lines, "EXPECT  ", Printable(error), "\n");
  }
  const ExitCode code = ExitCodeOf(run);
  if (code == ExitCode::kAsExpected) return lines;
  const std::string why = WhyNotTrusted(run);
  absl::StrAppend(&lines, "exit ", static_cast<int>(code), ": ", Meaning(code),
                  "\n");
  if (code == ExitCode::kNotTrusted && why != run.trouble) {
    absl::StrAppend(&lines, "        ", Printable(why), "\n");
  }
  return lines;
}

}  // namespace

std::string FailureBlock(const RunResult& run, const CaseResult& result,
                         const TextOptions& options) {
  const std::string verdict(result.claimed ? "CLAIMED SKIP"
                                           : ToString(result.verdict));
  std::string block = absl::StrCat(
      options.terminal.Paint(result.claimed ? Verdict::kFail : result.verdict,
                             verdict),
      "  ", result.id, "  (", std::string(protocol::ToString(result.level)),
      ")\n");
  for (const protocol::Req req : result.requirements) {
    const protocol::Requirement& row = protocol::Describe(req);
    absl::StrAppend(&block,
                    Row("clause", absl::StrCat(std::string(row.id), "  ",
                                               std::string(row.statement))));
  }
  absl::StrAppend(&block, Row("reason", result.reason),
                  Row("expected", result.expected),
                  Row("observed", result.observed));
  // The first assertion is the reason; the text repeats it with its place.
  if (result.details.find('\n') + 1 < result.details.size() ||
      result.expected.empty()) {
    absl::StrAppend(&block, Row("details", result.details));
  }
  absl::StrAppend(&block,
                  Row("frames", LastLines(result.transcript, kFrameCount)),
                  Row("stderr", LastLines(result.peer_stderr, kStderrCount)));
  if (options.likely_cause) {
    absl::StrAppend(&block, Row("likely", options.likely_cause(result)));
  }
  absl::StrAppend(&block, Row("repro", ReproCommand(run, result.id)), "\n");
  return block;
}

std::string SummaryLine(const RunResult& run) {
  const Summary summary = Summarize(run);
  std::string line =
      absl::StrCat(summary.selected,
                   " selected = ", summary.Count(Verdict::kPass), " passed");
  for (const auto& [verdict, name] : kExecuted) {
    if (verdict == Verdict::kPass || summary.Count(verdict) == 0) continue;
    absl::StrAppend(&line, " + ", summary.Count(verdict), " ",
                    std::string(name));
  }
  absl::StrAppend(&line, " + ", summary.skipped, " skipped");
  if (summary.not_run > 0) {
    absl::StrAppend(&line, " + ", summary.not_run, " NOT RUN");
  }
  absl::StrAppendFormat(&line, ", %.1f s (%d not run)\n", Seconds(run.duration),
                        summary.not_run);
  return line;
}

std::string TimingsLine(const RunResult& run) {
  std::vector<std::chrono::microseconds> times;
  std::vector<std::chrono::microseconds> rounds;
  for (const CaseResult& result : run.cases) {
    if (result.verdict != Verdict::kPass) continue;
    times.push_back(result.duration);
    if (result.round_trip.count() > 0) rounds.push_back(result.round_trip);
  }
  if (rounds.empty()) {
    return "timings: no case passed, or no baseline was measured\n";
  }
  const auto median_case = Median(times);
  const auto baseline = Median(rounds);
  return absl::StrFormat(
      "timings: median case %.3f ms = %.1f x the %.3f ms of connect + "
      "GET_FEATURES + close\n",
      Milliseconds(median_case),
      static_cast<double>(median_case.count()) /
          static_cast<double>(baseline.count()),
      Milliseconds(baseline));
}

std::string TextReport(const RunResult& run, const TextOptions& options) {
  std::string report = Header(run) + "\n";
  for (const CaseResult& result : run.cases) {
    if (NeedsAttention(result)) report += FailureBlock(run, result, options);
  }
  report += NoteLines(run, options.terminal);
  report +=
      options.every_case ? CaseLines(run, options.terminal) : SuiteLines(run);
  report += SkipLines(run) + CoverageLines(run);
  if (options.timings) report += TimingsLine(run);
  report += "\n" + SummaryLine(run) + Outcome(run);
  return report;
}

}  // namespace vuspec
