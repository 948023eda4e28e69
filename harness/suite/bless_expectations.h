// Rewrites an expectations file after what a run saw: `vuspec run --bless`.
//
// Contract: pure. What a person wrote stays: cases that still match keep their
// entry with its text and its comments; a pattern that matches some of its
// cases while others pass is replaced by those that match. Cases that match
// nothing of this run are taken out, and an entry of none goes; those outside
// of the run, of races (`sometimes`) and expired ones are left to their reader.
// Failures that nobody expected get new entries, one for all that look the
// same, whose reason is empty: no run accepts that (Expectations::Load) until
// somebody has written it. So they never join an entry that has a reason.
#ifndef VUSPEC_HARNESS_SUITE_BLESS_EXPECTATIONS_H_
#define VUSPEC_HARNESS_SUITE_BLESS_EXPECTATIONS_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "harness/peer/expectations.h"
#include "harness/report/result.h"

namespace vuspec {

struct Blessed {
  std::string text;      // of the whole file
  std::size_t kept = 0;  // like the others: cases and patterns of them
  std::size_t dropped = 0;
  std::size_t added = 0;
};

// `text` is what `expectations` was read from; `run` has its own verdicts yet
// (ApplyExpectations comes after).
// kInvalidArgument if the entries are not written as [[xfail]] tables, or a
// list to be changed not as strings of one line.
absl::StatusOr<Blessed> BlessExpectations(const std::string& text,
                                          Expectations& expectations,
                                          const RunResult& run);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_SUITE_BLESS_EXPECTATIONS_H_
