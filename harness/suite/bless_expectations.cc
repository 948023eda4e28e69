#include "harness/suite/bless_expectations.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/suite/apply_expectations.h"
#include "harness/suite/catalog.h"
#include "harness/suite/expectations_text.h"

namespace vuspec {
namespace {

// Of an observation, enough to tell it from others.
constexpr std::size_t kMatchSize = 72;

// ASCII up to a length, and only what is found again in an observation.
std::string MatchOf(const CaseResult& result) {
  const auto plain = [](char c) {
    return absl::ascii_isprint(static_cast<unsigned char>(c));
  };
  const auto end =
      std::find_if_not(result.reason.begin(), result.reason.end(), plain);
  return std::string(result.reason.begin(), end).substr(0, kMatchSize);
}

// Failures that nobody expected, and that look the same.
struct NewEntry {
  std::string match;
  Cases cases;
};

class Blesser {
 public:
  Blesser(Expectations& expectations, const RunResult& run)
      : expectations_(expectations), run_(run) {
    for (const CaseResult& result : run.cases) {
      if (!MayBeExpected(result.verdict)) continue;
      const Xfail* entry = expectations_.Match(result.id, Observation(result));
      if (entry != nullptr) {
        matched_[entry].push_back(result.id);
      } else if (!HasExpired(result.id)) {
        AddCase(result.id, MatchOf(result));
      }
    }
  }

  absl::StatusOr<Blessed> Bless(const std::string& text) {
    const std::vector<Lines> blocks = EntryBlocks(text);
    std::vector<std::vector<const Xfail*>> entries;
    for (const Xfail* xfail : expectations_.All()) {
      entries.resize(xfail->entry + 1);
      entries.back().push_back(xfail);
    }
    if (entries.size() + 1 != blocks.size()) {
      return absl::InvalidArgumentError(
          "only entries written as [[xfail]] tables can be blessed");
    }
    Append(blocks[0]);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (absl::Status status = Treat(entries[i], blocks[i + 1]);
          !status.ok()) {
        return status;
      }
    }
    for (const NewEntry& entry : added_) {
      blessed_.added += entry.cases.size();
      if (!lines_.empty() && !lines_.back().empty()) lines_.push_back("");
      Append(NewEntryBlock(entry.cases, entry.match));
    }
    blessed_.text = absl::StrJoin(lines_, "\n");
    absl::StripTrailingAsciiWhitespace(&blessed_.text);
    if (!blessed_.text.empty()) blessed_.text += "\n";
    return std::move(blessed_);
  }

 private:
  void Append(const Lines& lines) {
    lines_.insert(lines_.end(), lines.begin(), lines.end());
  }

  void AddCase(const std::string& id, const std::string& match) {
    auto entry = std::find_if(
        added_.begin(), added_.end(),
        [&](const NewEntry& added) { return added.match == match; });
    if (entry == added_.end()) {
      entry = added_.insert(entry, {.match = match, .cases = {}});
    }
    entry->cases.push_back(id);
  }

  absl::Status Treat(const std::vector<const Xfail*>& entry,
                     const Lines& block) {
    std::vector<Cases> remains;
    std::size_t kept = 0;
    bool changed = false;
    for (const Xfail* xfail : entry) {
      remains.push_back(RemainsOf(*xfail));
      kept += remains.back().size();
      if (remains.back().empty()) ++blessed_.dropped;
      changed = changed || remains.back() != Cases{xfail->case_pattern};
    }
    blessed_.kept += kept;
    if (kept == 0) return absl::OkStatus();
    const std::optional<Lines> left =
        changed ? WithCases(block, remains) : block;
    if (!left) {
      return absl::InvalidArgumentError(absl::StrCat(
          entry[0]->where, ": only a list of one-line strings can be blessed"));
    }
    Append(*left);
    return absl::OkStatus();
  }

  // The pattern itself, the cases of it that match, or nothing.
  Cases RemainsOf(const Xfail& xfail) {
    const Cases& matched = matched_[&xfail];
    if (xfail.sometimes || IsExpired(xfail) || ReachesBeyondTheRun(xfail) ||
        (!matched.empty() && !CoversAPass(xfail))) {
      return {xfail.case_pattern};
    }
    return matched;
  }

  bool IsExpired(const Xfail& entry) const {
    const auto expired = expectations_.Expired();
    return std::find(expired.begin(), expired.end(), &entry) != expired.end();
  }
  bool HasExpired(const std::string& id) const {
    const auto expired = expectations_.Expired();
    return std::any_of(expired.begin(), expired.end(), [&](const Xfail* entry) {
      return MatchesGlob(entry->case_pattern, id);
    });
  }

  // Whether a case of the pattern was not run, and is none of our business.
  bool ReachesBeyondTheRun(const Xfail& entry) const {
    return std::any_of(
        AllCases().begin(), AllCases().end(), [&](const CaseInfo& info) {
          return MatchesGlob(entry.case_pattern, info.id) &&
                 std::none_of(run_.cases.begin(), run_.cases.end(),
                              [&info](const CaseResult& result) {
                                return result.id == info.id;
                              });
        });
  }

  bool CoversAPass(const Xfail& entry) const {
    return std::any_of(run_.cases.begin(), run_.cases.end(),
                       [&entry](const CaseResult& result) {
                         return result.verdict == Verdict::kPass &&
                                MatchesGlob(entry.case_pattern, result.id);
                       });
  }

  Expectations& expectations_;
  const RunResult& run_;
  std::map<const Xfail*, Cases> matched_;
  std::vector<NewEntry> added_;
  Lines lines_;
  Blessed blessed_;
};

}  // namespace

absl::StatusOr<Blessed> BlessExpectations(const std::string& text,
                                          Expectations& expectations,
                                          const RunResult& run) {
  return Blesser(expectations, run).Bless(text);
}

}  // namespace vuspec
