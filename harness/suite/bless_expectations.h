// Rewrites an expectations file after what a run saw: `vuspec run --bless`.
//
// Contract: pure. What a person wrote stays: entries that still match keep
// their text and the comment above them; one that matches some of the cases of
// its pattern while others pass is taken apart into one for each. Entries that
// match nothing of this run are dropped, those of cases outside of it, of races
// (`sometimes`) and expired ones are left to their reader. A failure that
// nobody expected gets an entry whose reason is empty, which no run accepts
// (Expectations::Load) until somebody has written it.
#ifndef VUSPEC_HARNESS_SUITE_BLESS_EXPECTATIONS_H_
#define VUSPEC_HARNESS_SUITE_BLESS_EXPECTATIONS_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "harness/peer/expectations.h"
#include "harness/report/result.h"

namespace vuspec {

struct Blessed {
  std::string text;  // of the whole file
  std::size_t kept = 0;
  std::size_t dropped = 0;
  std::size_t added = 0;
};

// `text` is what `expectations` was read from; `run` has its own verdicts yet
// (ApplyExpectations comes after).
// kInvalidArgument if the entries are not written as [[xfail]] tables.
absl::StatusOr<Blessed> BlessExpectations(const std::string& text,
                                          Expectations& expectations,
                                          const RunResult& run);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_SUITE_BLESS_EXPECTATIONS_H_
