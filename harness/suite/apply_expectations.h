// Turns what a peer is known to do wrong into XFAIL and XPASS.
//
// Contract: changes the verdicts of `run`, after it has ended; fills
// run.expectation_errors with the entries that are expired, that name no case,
// or that name a case of this run and match nothing it did. An entry for a
// case that this run did not select is left alone.
#ifndef VUSPEC_HARNESS_SUITE_APPLY_EXPECTATIONS_H_
#define VUSPEC_HARNESS_SUITE_APPLY_EXPECTATIONS_H_

#include <string>
#include <string_view>

#include "harness/peer/expectations.h"
#include "harness/report/result.h"

namespace vuspec {

void ApplyExpectations(Expectations& expectations, RunResult& run);

// What an entry matches a part of: all that was seen.
std::string Observation(const CaseResult& result);
// A failure of the peer, rather than of ours or none.
bool MayBeExpected(Verdict verdict);

// Whether `pattern` (* is any text, ? any character) is all of `text`.
bool MatchesGlob(std::string_view pattern, std::string_view text);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_SUITE_APPLY_EXPECTATIONS_H_
