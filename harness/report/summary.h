// The numbers of a run, and the exit code that they add up to.
//
// Never falsely green: selected = executed + skipped, or the exit code says
// that the run is not to be trusted.
//
// Contract: pure functions of a RunResult.
#ifndef VUSPEC_HARNESS_REPORT_SUMMARY_H_
#define VUSPEC_HARNESS_REPORT_SUMMARY_H_

#include <array>
#include <cstddef>
#include <string>

#include "harness/report/result.h"

namespace vuspec {

struct Summary {
  std::size_t selected = 0;
  std::size_t executed = 0;  // every verdict but SKIP
  std::size_t skipped = 0;
  std::size_t claimed_skips = 0;  // of `skipped`
  std::size_t not_run = 0;        // selected, but without a result
  std::array<std::size_t, 10> by_verdict{};

  std::size_t Count(Verdict verdict) const {
    return by_verdict[static_cast<std::size_t>(verdict)];
  }
  // selected = executed + skipped, and every case has been counted once.
  bool AddsUp() const;
};

Summary Summarize(const RunResult& run);

enum class ExitCode : int {
  kAsExpected = 0,
  kNonconforming = 1,  // FAIL, XPASS, a claimed skip, a stale expectation
  kUsage = 2,          // command line, manifest, expectations file
  kPeerDown = 3,       // crash, hang, leak, sanitizer
  kNotTrusted = 4,     // nothing selected, not all run, BROKEN, no report
  kAllSkipped = 77,
};

// The graver of the two: 2 > 4 > 3 > 1 > 77 > 0.
ExitCode Graver(ExitCode a, ExitCode b);

ExitCode ExitCodeOf(const RunResult& run);

// One line a code, for --help and for the end of a report.
std::string ExitCodeTable();
std::string Meaning(ExitCode code);

// Why ExitCodeOf says kNotTrusted; empty when it does not.
std::string WhyNotTrusted(const RunResult& run);

// What all cases together sent, and in which states of the session model.
protocol::ModelCoverage CoverageOf(const RunResult& run);

// Whether the verdict of the case is worth a block of its own.
bool NeedsAttention(const CaseResult& result);

// "vuspec run Suite.Case --seed 7 --peer x.toml", quoted for a shell.
std::string ReproCommand(const RunResult& run, const std::string& case_id);
// Quotes what a POSIX shell would take apart.
std::string ShellQuote(const std::string& word);

// "0.1.0".
std::string_view ToolVersion();
// The document whose clauses the cases cite.
std::string_view SpecName();

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_REPORT_SUMMARY_H_
