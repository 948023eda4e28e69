#include "harness/suite/apply_expectations.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "harness/suite/catalog.h"

namespace vuspec {
namespace {

void Apply(Expectations& expectations, CaseResult& result) {
  if (MayBeExpected(result.verdict)) {
    const Xfail* entry = expectations.Match(result.id, Observation(result));
    if (entry == nullptr) return;
    result.reason =
        absl::StrCat(entry->reason, " (", std::string(ToString(result.verdict)),
                     ": ", result.reason, ")");
    result.verdict = Verdict::kXfail;
  } else if (result.verdict == Verdict::kPass) {
    const std::vector<const Xfail*> entries = expectations.ForCase(result.id);
    if (entries.empty()) return;
    result.verdict = Verdict::kXpass;
    result.reason = absl::StrCat("passes, but ", entries[0]->where,
                                 " expects it to fail: ", entries[0]->reason);
  }
}

// What to do about an entry that matched nothing; empty: nothing.
std::string Complaint(const Xfail& entry, const RunResult& run) {
  const auto fits = [&entry](const auto& row) {
    return MatchesGlob(entry.case_pattern, row.id);
  };
  const auto in_run = std::find_if(run.cases.begin(), run.cases.end(), fits);
  if (in_run == run.cases.end()) {
    const bool known = std::any_of(AllCases().begin(), AllCases().end(), fits);
    if (known) return "";
    return absl::StrCat(entry.where, ": no case is called \"",
                        entry.case_pattern, "\": see `vuspec list`");
  }
  // An XPASS has said it already.
  if (std::any_of(run.cases.begin(), run.cases.end(),
                  [&](const CaseResult& result) {
                    return fits(result) && result.verdict == Verdict::kXpass;
                  })) {
    return "";
  }
  return absl::StrCat(entry.where, ": ", entry.case_pattern, " with \"",
                      entry.match, "\" matched nothing (", in_run->id, " is ",
                      std::string(ToString(in_run->verdict)),
                      "): mend or remove the entry");
}

}  // namespace

std::string Observation(const CaseResult& result) {
  return absl::StrCat(result.reason, "\n", result.observed, "\n",
                      result.details);
}

bool MayBeExpected(Verdict verdict) {
  return verdict == Verdict::kFail || verdict == Verdict::kCrash ||
         verdict == Verdict::kHang || verdict == Verdict::kLeak;
}

bool MatchesGlob(std::string_view pattern, std::string_view text) {
  // Where to go on after the last star, if what follows it does not fit.
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  std::size_t p = 0;
  for (std::size_t t = 0; t < text.size();) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() &&
               (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

void ApplyExpectations(Expectations& expectations, RunResult& run) {
  for (CaseResult& result : run.cases) Apply(expectations, result);
  for (const Xfail* entry : expectations.Unmatched()) {
    std::string complaint = Complaint(*entry, run);
    if (!complaint.empty()) {
      run.expectation_errors.push_back(std::move(complaint));
    }
  }
  for (const Xfail* entry : expectations.Expired()) {
    run.expectation_errors.push_back(
        absl::StrCat(entry->where, ": ", entry->case_pattern, " held until ",
                     entry->until.has_value() ? entry->until->ToString() : "",
                     ": look at it again"));
  }
}

}  // namespace vuspec
