#include "harness/suite/bless_expectations.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "harness/suite/apply_expectations.h"
#include "harness/suite/catalog.h"

namespace vuspec {
namespace {

using Lines = std::vector<std::string>;

// Of an observation, enough to tell it from others.
constexpr std::size_t kMatchSize = 72;

bool StartsWith(const std::string& line, std::string_view start) {
  const std::size_t at = line.find_first_not_of(" \t");
  return at != std::string::npos && line.compare(at, start.size(), start) == 0;
}

// The file as the lines before the first entry, and those of each entry with
// the comment above it.
std::vector<Lines> Blocks(const std::string& text) {
  std::vector<Lines> blocks(1);
  for (std::string& line : Lines(absl::StrSplit(text, '\n'))) {
    if (StartsWith(line, "[[xfail]]")) {
      Lines& before = blocks.back();
      auto comment = before.end();
      while (comment != before.begin() && StartsWith(*(comment - 1), "#")) {
        --comment;
      }
      Lines block(comment, before.end());
      before.erase(comment, before.end());
      blocks.push_back(std::move(block));
    }
    blocks.back().push_back(std::move(line));
  }
  return blocks;
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += absl::ascii_iscntrl(static_cast<unsigned char>(c)) ? ' ' : c;
  }
  return quoted + "\"";
}

// The block of one case of the pattern that it was written for.
Lines NarrowedTo(const std::string& id, const Lines& block) {
  Lines narrowed = block;
  for (std::string& line : narrowed) {
    if (StartsWith(line, "case")) line = absl::StrCat("case   = ", Quoted(id));
  }
  return narrowed;
}

// ASCII up to a length, and only what is found again in an observation.
std::string MatchOf(const CaseResult& result) {
  const auto plain = [](char c) {
    return absl::ascii_isprint(static_cast<unsigned char>(c));
  };
  const auto end =
      std::find_if_not(result.reason.begin(), result.reason.end(), plain);
  return std::string(result.reason.begin(), end).substr(0, kMatchSize);
}

Lines NewEntry(const CaseResult& result) {
  return {"[[xfail]]", absl::StrCat("case   = ", Quoted(result.id)),
          absl::StrCat("match  = ", Quoted(MatchOf(result))),
          "reason = \"\"  # say why, and where it is written up", ""};
}

class Blesser {
 public:
  Blesser(Expectations& expectations, const RunResult& run)
      : expectations_(expectations), run_(run) {
    for (const CaseResult& result : run.cases) {
      if (!MayBeExpected(result.verdict)) continue;
      const Xfail* entry = expectations_.Match(result.id, Observation(result));
      if (entry == nullptr) {
        unexpected_.push_back(&result);
      } else {
        matched_[entry].push_back(result.id);
      }
    }
  }

  absl::StatusOr<Blessed> Bless(const std::string& text) {
    std::vector<Lines> blocks = Blocks(text);
    const std::vector<const Xfail*> entries = expectations_.All();
    if (entries.size() + 1 != blocks.size()) {
      return absl::InvalidArgumentError(
          "only entries written as [[xfail]] tables can be blessed");
    }
    Append(blocks[0]);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      Treat(*entries[i], blocks[i + 1]);
    }
    for (const CaseResult* result : unexpected_) {
      if (HasExpired(result->id)) continue;
      ++blessed_.added;
      if (!lines_.empty() && !lines_.back().empty()) lines_.push_back("");
      Append(NewEntry(*result));
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

  void Treat(const Xfail& entry, const Lines& block) {
    const std::vector<std::string>& matched = matched_[&entry];
    if (entry.sometimes || IsExpired(entry) || ReachesBeyondTheRun(entry) ||
        (!matched.empty() && !CoversAPass(entry))) {
      ++blessed_.kept;
      return Append(block);
    }
    if (matched.empty()) {
      ++blessed_.dropped;
      return;
    }
    for (const std::string& id : matched) {
      ++blessed_.kept;
      if (!lines_.empty() && !lines_.back().empty()) lines_.push_back("");
      Append(NarrowedTo(id, block));
    }
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
  std::map<const Xfail*, std::vector<std::string>> matched_;
  std::vector<const CaseResult*> unexpected_;
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
