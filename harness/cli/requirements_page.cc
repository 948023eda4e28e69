#include <algorithm>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/cli/facts.h"
#include "harness/cli/pages.h"
#include "protocol/rules.h"
#include "protocol/untested.h"

namespace vuspec {
namespace {

using protocol::Requirement;

struct Tally {
  std::size_t all = 0;
  std::size_t tested = 0;
  std::size_t direct = 0;  // of back-ends, directly observable
  std::size_t direct_tested = 0;

  void Count(const Requirement& row, bool is_tested) {
    ++all;
    if (is_tested) ++tested;
    if (!IsDirectlyObservable(row)) return;
    ++direct;
    if (is_tested) ++direct_tested;
  }
  void Add(const Tally& other) {
    all += other.all;
    tested += other.tested;
    direct += other.direct;
    direct_tested += other.direct_tested;
  }
};

struct Section {
  std::string_view name;
  std::string rows;
  Tally tally;
  Tally now;  // without the rows that are left out
};

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", word);
  }
  return text;
}

// Written cases by name, rows of tables by their suite and number.
std::string CasesText(const CaseList& cases) {
  std::vector<std::string> words;
  std::vector<std::pair<std::string, std::size_t>> generated;
  for (const CaseInfo* info : cases) {
    if (!info->generated) {
      words.push_back(info->id);
      continue;
    }
    const std::string suite = info->id.substr(0, info->id.find('.'));
    if (generated.empty() || generated.back().first != suite) {
      generated.emplace_back(suite, 0);
    }
    ++generated.back().second;
  }
  for (const auto& [suite, count] : generated) {
    words.push_back(absl::StrCat(suite, ".* (", count, ")"));
  }
  return Joined(words);
}

std::string FaultsText(const CaseList& cases) {
  constexpr std::size_t kShown = 6;
  const std::vector<std::string_view> faults = FaultsCaughtBy(cases);
  std::vector<std::string> words;
  for (const std::string_view fault : faults) {
    if (words.size() == kShown) {
      words.push_back(absl::StrCat(faults.size() - kShown, " more"));
      break;
    }
    words.emplace_back(fault);
  }
  return Joined(words);
}

std::string RowText(const Requirement& row, const CaseList& cases) {
  std::string tested = CasesText(cases);
  if (cases.empty()) {
    const std::optional<protocol::Untested> why =
        protocol::FindUntested(row.req);
    tested = why ? absl::StrCat("*", std::string(ToString(why->why)), ":* ",
                                std::string(why->reason))
                 : "**neither a case nor a reason**";
  }
  return absl::StrFormat(
      "| %s | %s | %s | %s | %s | %s | %s |\n", std::string(row.id),
      std::string(protocol::ToString(row.level)),
      std::string(ToString(row.who)), std::string(row.statement),
      Joined(protocol::RulesFor(row.req)), tested, FaultsText(cases));
}

// What the suite is not about so far.
bool IsLeftOut(protocol::Req req) {
  using enum protocol::WhyUntested;
  const std::optional<protocol::Untested> why = protocol::FindUntested(req);
  return why && CasesCiting(req).empty() &&
         (why->why == kPackedRing || why->why == kProgram ||
          why->why == kCovered);
}

std::vector<Section> Sections() {
  std::vector<Section> sections;
  for (const Requirement& row : protocol::AllRequirements()) {
    auto section = std::find_if(
        sections.begin(), sections.end(),
        [&row](const Section& each) { return each.name == row.section; });
    if (section == sections.end()) {
      section = sections.insert(sections.end(), {row.section, "", {}, {}});
    }
    const CaseList cases = CasesCiting(row.req);
    section->rows += RowText(row, cases);
    section->tally.Count(row, !cases.empty());
    if (!IsLeftOut(row.req)) section->now.Count(row, !cases.empty());
  }
  return sections;
}

std::string TallyRow(std::string_view name, const Tally& tally) {
  const std::size_t percent =
      tally.direct == 0 ? 100 : tally.direct_tested * 100 / tally.direct;
  return absl::StrFormat("| %s | %d | %d | %d | %d | %d %% |\n",
                         std::string(name), tally.all, tally.tested,
                         tally.direct, tally.direct_tested, percent);
}

}  // namespace

std::string RequirementsPage() {
  const std::vector<Section> sections = Sections();
  std::string page =
      "# Requirements\n\n"
      "Made by `vuspec list --page requirements`; do not edit. A test compares "
      "this\npage, `scripts/golden` rewrites it.\n\n"
      "Every requirement has cases or a written reason. Rules are the rows and "
      "files of\n`protocol/` that check it, faults the defects of the mock "
      "that "
      "its cases have to\ncatch; a number in brackets counts generated cases. "
      "\"Direct\" is what can be seen\nof a back-end from the front-end's "
      "seat; "
      "the last line leaves out\npacked rings, the command line of programs "
      "and what one front-end expects.\n\n"
      "| section | all | tested | direct | tested | |\n"
      "|---|---|---|---|---|---|\n";
  Tally all;
  Tally now;
  for (const Section& section : sections) {
    page += TallyRow(section.name, section.tally);
    all.Add(section.tally);
    now.Add(section.now);
  }
  absl::StrAppend(&page, TallyRow("**all**", all),
                  TallyRow("**all but those left out**", now));
  for (const Section& section : sections) {
    absl::StrAppend(
        &page, "\n## ", std::string(section.name),
        "\n\n| id | level | of | statement | rules | cases, or why none | "
        "faults |\n|---|---|---|---|---|---|---|\n",
        section.rows);
  }
  return page;
}

}  // namespace vuspec
