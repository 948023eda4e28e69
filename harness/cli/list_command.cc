#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/backend/fault.h"
#include "harness/cli/commands.h"
#include "harness/cli/facts.h"
#include "harness/cli/json_output.h"
#include "harness/cli/pages.h"
#include "harness/cli/words.h"
#include "harness/suite/catalog.h"

namespace vuspec {
namespace {

std::string CasesText() {
  std::string text;
  std::size_t written = 0;
  for (const CaseInfo& info : AllCases()) {
    std::string ids;
    for (const protocol::Req req : info.cites) {
      absl::StrAppend(&ids, " ", std::string(protocol::Describe(req).id));
    }
    absl::StrAppendFormat(&text, "%-8s %s %s\n",
                          std::string(protocol::ToString(info.level())),
                          info.id, ids);
    if (!info.generated) ++written;
  }
  absl::StrAppend(&text, AllCases().size(), " cases: ", written, " written, ",
                  AllCases().size() - written, " rows of tables\n");
  return text;
}

std::string FaultsText() {
  std::string text;
  for (const FaultRow& row : AllFaults()) {
    absl::StrAppend(&text, std::string(row.name),
                    row.process_only ? "  (in a process of its own)" : "",
                    row.allowed_by.empty() ? "" : "  (legal)", "\n  ",
                    std::string(row.text), "\n");
    for (const std::string& id : Words(row.must)) {
      absl::StrAppend(&text, "    ", id, "\n");
    }
  }
  absl::StrAppend(&text, AllFaults().size(), " defects\n");
  return text;
}

std::string RequirementsText() {
  std::string text;
  std::size_t cited = 0;
  for (const protocol::Requirement& row : protocol::AllRequirements()) {
    const std::size_t count = CasesCiting(row.req).size();
    if (count > 0) ++cited;
    absl::StrAppendFormat(&text, "%-12s %-8s %4d cases  %s\n",
                          std::string(row.id),
                          std::string(protocol::ToString(row.level)), count,
                          std::string(row.section));
  }
  absl::StrAppend(&text, protocol::AllRequirements().size(), " clauses, ",
                  cited, " of them cited by a case\n");
  return text;
}

std::string AmbiguitiesText() {
  std::string text;
  for (const protocol::AmbiguityEntry& entry : protocol::AllAmbiguities()) {
    absl::StrAppendFormat(&text, "%-27s %s\n", std::string(entry.id),
                          std::string(entry.question));
  }
  absl::StrAppend(&text, protocol::AllAmbiguities().size(), " ambiguities\n");
  return text;
}

std::string PageText(const std::string& name) {
  if (name == "requirements") return RequirementsPage();
  if (name == "ambiguities") return AmbiguitiesPage();
  return CoveragePage();
}

}  // namespace

ExitCode ListCommand(const ListOptions& options) {
  std::string text;
  if (!options.page.empty()) {
    text = PageText(options.page);
  } else if (options.ambiguities) {
    text = options.json ? AmbiguitiesJson() : AmbiguitiesText();
  } else if (options.faults) {
    text = options.json ? FaultsJson(AllFaults()) : FaultsText();
  } else if (options.requirements) {
    text = options.json ? RequirementsJson() : RequirementsText();
  } else {
    text = options.json ? CasesJson(AllCases()) : CasesText();
  }
  return Print(text, ExitCode::kAsExpected);
}

}  // namespace vuspec
