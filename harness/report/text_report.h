// The run as text for people: a header, a block for each case that needs
// attention, a line for each suite, and one line whose numbers add up.
//
// Contract: pure. Text of the peer is made printable.
#ifndef VUSPEC_HARNESS_REPORT_TEXT_REPORT_H_
#define VUSPEC_HARNESS_REPORT_TEXT_REPORT_H_

#include <functional>
#include <string>

#include "harness/report/result.h"
#include "harness/report/terminal.h"

namespace vuspec {

struct TextOptions {
  Terminal terminal;
  bool every_case = false;  // a line for each case, not for each suite
  bool timings = false;     // how the median case relates to the baseline
  // A known cause of such a failure, or ""; may be empty.
  std::function<std::string(const CaseResult&)> likely_cause;
};

std::string TextReport(const RunResult& run, const TextOptions& options);

// The parts of it.
std::string FailureBlock(const RunResult& run, const CaseResult& result,
                         const TextOptions& options);
// "12 selected = 9 passed + 1 FAIL + 2 skipped, 0.3 s (0 not run)"
std::string SummaryLine(const RunResult& run);
// "median case 1.20 ms = 4.0 x the 0.30 ms of connect + GET_FEATURES + close"
std::string TimingsLine(const RunResult& run);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_REPORT_TEXT_REPORT_H_
