#include "harness/report/summary.h"

#include <algorithm>
#include <numeric>

#include "absl/strings/str_cat.h"

namespace vuspec {
namespace {

constexpr std::array kAllCodes = {
    ExitCode::kAsExpected, ExitCode::kNonconforming, ExitCode::kUsage,
    ExitCode::kPeerDown,   ExitCode::kNotTrusted,    ExitCode::kAllSkipped};

int Gravity(ExitCode code) {
  switch (code) {
    case ExitCode::kUsage:
      return 5;
    case ExitCode::kNotTrusted:
      return 4;
    case ExitCode::kPeerDown:
      return 3;
    case ExitCode::kNonconforming:
      return 2;
    case ExitCode::kAllSkipped:
      return 1;
    case ExitCode::kAsExpected:
      return 0;
  }
  return 5;
}

bool PeerWasDownAtStart(const RunResult& run) {
  return !run.trouble.empty() && run.trouble_verdict != Verdict::kBroken &&
         run.cases.empty() && run.selected > 0;
}

}  // namespace

bool Summary::AddsUp() const {
  const std::size_t counted =
      std::accumulate(by_verdict.begin(), by_verdict.end(), std::size_t{0});
  return counted == executed + skipped && selected == executed + skipped;
}

Summary Summarize(const RunResult& run) {
  Summary summary;
  summary.selected = run.selected;
  for (const CaseResult& result : run.cases) {
    ++summary.by_verdict[static_cast<std::size_t>(result.verdict)];
    if (result.verdict != Verdict::kSkip) {
      ++summary.executed;
      continue;
    }
    ++summary.skipped;
    if (result.claimed) ++summary.claimed_skips;
  }
  const std::size_t done = summary.executed + summary.skipped;
  summary.not_run = run.selected > done ? run.selected - done : 0;
  return summary;
}

ExitCode Graver(ExitCode a, ExitCode b) {
  return Gravity(a) >= Gravity(b) ? a : b;
}

std::string WhyNotTrusted(const RunResult& run) {
  const Summary summary = Summarize(run);
  if (run.selected == 0) {
    return "no case was selected: see `vuspec list` for the names";
  }
  if (PeerWasDownAtStart(run)) return "";
  if (!run.trouble.empty() && run.trouble_verdict == Verdict::kBroken) {
    return run.trouble;
  }
  if (summary.not_run > 0) {
    return absl::StrCat(summary.not_run, " of ", run.selected,
                        " selected cases were not run");
  }
  if (!summary.AddsUp()) return "more results than selected cases";
  if (summary.Count(Verdict::kBroken) > 0) {
    return absl::StrCat(summary.Count(Verdict::kBroken),
                        " cases ended without a verdict about the peer");
  }
  for (const CaseResult& result : run.cases) {
    if (result.verdict == Verdict::kSkip && result.reason.empty()) {
      return absl::StrCat(result.id, " skipped without a reason");
    }
  }
  return "";
}

ExitCode ExitCodeOf(const RunResult& run) {
  const Summary summary = Summarize(run);
  auto code = ExitCode::kAsExpected;
  if (!WhyNotTrusted(run).empty()) code = ExitCode::kNotTrusted;
  const bool peer_down = summary.Count(Verdict::kCrash) > 0 ||
                         summary.Count(Verdict::kHang) > 0 ||
                         summary.Count(Verdict::kLeak) > 0;
  if (peer_down ||
      (!run.trouble.empty() && run.trouble_verdict != Verdict::kBroken)) {
    code = Graver(code, ExitCode::kPeerDown);
  }
  if (summary.Count(Verdict::kFail) > 0 || summary.Count(Verdict::kXpass) > 0 ||
      summary.claimed_skips > 0 || !run.expectation_errors.empty()) {
    code = Graver(code, ExitCode::kNonconforming);
  }
  if (summary.selected > 0 && summary.skipped == summary.selected) {
    code = Graver(code, ExitCode::kAllSkipped);
  }
  return code;
}

std::string Meaning(ExitCode code) {
  switch (code) {
    case ExitCode::kAsExpected:
      return "every result is as expected";
    case ExitCode::kNonconforming:
      return "an unexpected conformance result: FAIL, XPASS, a claimed "
             "feature that skipped, a stale expectation";
    case ExitCode::kUsage:
      return "usage, manifest or expectations file is wrong";
    case ExitCode::kPeerDown:
      return "the peer crashed, hung, leaked, or a sanitizer fired";
    case ExitCode::kNotTrusted:
      return "the run is not to be trusted: nothing selected, not all run, "
             "peer not startable, a report not written";
    case ExitCode::kAllSkipped:
      return "every selected case was skipped";
  }
  return "";
}

std::string ExitCodeTable() {
  std::string table = "Exit codes (of several, 2 > 4 > 3 > 1 wins):\n";
  for (const ExitCode code : kAllCodes) {
    const std::string number = std::to_string(static_cast<int>(code));
    absl::StrAppend(&table, "  ", std::string(3 - number.size(), ' '), number,
                    "  ", Meaning(code), "\n");
  }
  return table;
}

protocol::ModelCoverage CoverageOf(const RunResult& run) {
  protocol::ModelCoverage coverage;
  for (const CaseResult& result : run.cases) coverage.Merge(result.model);
  return coverage;
}

bool NeedsAttention(const CaseResult& result) {
  switch (result.verdict) {
    case Verdict::kPass:
    case Verdict::kXfail:
    case Verdict::kAmbig:
      return false;
    case Verdict::kSkip:
      return result.claimed;
    default:
      return true;
  }
}

std::string ShellQuote(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
      "_-./:=,+@%{}";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) {
    return word;
  }
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string ReproCommand(const RunResult& run, const std::string& case_id) {
  std::string command =
      absl::StrCat("vuspec run ", ShellQuote(case_id), " --seed ", run.seed);
  if (!run.options.empty()) absl::StrAppend(&command, " ", run.options);
  if (!run.target.empty()) absl::StrAppend(&command, " ", run.target);
  return command;
}

std::string_view ToolVersion() { return VUSPEC_VERSION; }

std::string_view SpecName() { return "vhost-user (QEMU 11.1.3)"; }

}  // namespace vuspec
