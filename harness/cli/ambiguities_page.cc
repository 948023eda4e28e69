#include <string>

#include "absl/strings/str_cat.h"
#include "harness/cli/facts.h"
#include "harness/cli/pages.h"

namespace vuspec {
namespace {

using protocol::AmbiguityEntry;

std::string Item(const char* name, std::string_view text) {
  if (text.empty()) return "";
  return absl::StrCat("- *", name, ":* ", std::string(text), "\n");
}

std::string CasesText(const AmbiguityEntry& entry) {
  std::string text;
  std::size_t generated = 0;
  for (const CaseInfo* info : CasesThatLeaveOpen(entry.ambiguity)) {
    if (info->generated) {
      ++generated;
      continue;
    }
    absl::StrAppend(&text, text.empty() ? "`" : ", `", info->id, "`");
  }
  if (generated != 0) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", generated,
                    " generated cases");
  }
  return text;
}

std::string BehavioursText(const AmbiguityEntry& entry) {
  std::string text;
  for (const std::string_view name : BehavioursAllowedBy(entry.id)) {
    absl::StrAppend(&text, text.empty() ? "`" : ", `", std::string(name), "`");
  }
  return text;
}

}  // namespace

std::string AmbiguitiesPage() {
  std::string page =
      "# Ambiguities: where the document allows several behaviours\n\n"
      "Made by `vuspec list --page ambiguities` from "
      "`protocol/ambiguities.def`; "
      "do not\nedit. A test compares this page, `scripts/golden` rewrites "
      "it.\n\n"
      "A case about an ambiguity accepts every allowed outcome and may record "
      "which one\nit saw: verdict AMBIG, red under `--strict-ambiguities` "
      "only. "
      "*Seen* is what a run\nshowed and names the version; "
      "`scripts/ambiguities` "
      "asks the peers again. *Read*\ncomes from sources and is not proven by a "
      "run. *Proposal* is wording for the\ndocument, in our words.\n";
  for (const AmbiguityEntry& entry : protocol::AllAmbiguities()) {
    absl::StrAppend(&page, "\n<a id=\"", std::string(entry.id), "\"></a>\n## ",
                    std::string(entry.id), "\n\n", std::string(entry.question),
                    " (", std::string(protocol::Describe(entry.clause).id),
                    ")\n\n", Item("Allowed", entry.allowed),
                    Item("vuspec", entry.reading), Item("Seen", entry.seen),
                    Item("Read", entry.read), Item("Proposal", entry.proposal),
                    Item("Cases", CasesText(entry)),
                    Item("Behaviours of the mock", BehavioursText(entry)));
  }
  return page;
}

}  // namespace vuspec
