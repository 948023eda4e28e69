#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/backend/fault.h"
#include "harness/cli/commands.h"
#include "harness/cli/facts.h"
#include "harness/cli/suggest.h"
#include "harness/cli/words.h"
#include "harness/suite/catalog.h"
#include "protocol/ambiguity.h"
#include "protocol/requirement.h"
#include "protocol/rules.h"
#include "protocol/untested.h"

namespace vuspec {
namespace {

std::string Row(const char* name, std::string_view text) {
  if (text.empty()) return "";
  return absl::StrFormat("  %-10s%s\n", name, std::string(text));
}

std::string ExplainRequirement(const protocol::Requirement& row) {
  std::string text = absl::StrCat(
      std::string(row.id), "  (", std::string(protocol::ToString(row.level)),
      ", for ", std::string(ToString(row.who)), ")\n");
  absl::StrAppend(&text, Row("clause", row.statement),
                  Row("section", row.section), Row("source", row.source),
                  Row("gate", row.gate), Row("probe", row.probe),
                  Row("seen", ToString(row.observability)));
  for (const protocol::AmbiguityEntry& entry : protocol::AllAmbiguities()) {
    if (entry.clause != row.req) continue;
    absl::StrAppend(&text,
                    Row("open", absl::StrCat(std::string(entry.id), "  ",
                                             std::string(entry.question))));
  }
  for (const std::string& rule : protocol::RulesFor(row.req)) {
    absl::StrAppend(&text, Row("rule", rule));
  }
  const CaseList cases = CasesCiting(row.req);
  for (const CaseInfo* info : cases) {
    absl::StrAppend(&text, Row("case", info->id));
  }
  if (const auto why = protocol::FindUntested(row.req); why && cases.empty()) {
    absl::StrAppend(
        &text, Row("no case", absl::StrCat(std::string(ToString(why->why)),
                                           ": ", std::string(why->reason))));
  }
  for (const std::string_view fault : FaultsCaughtBy(cases)) {
    absl::StrAppend(&text, Row("catches", fault));
  }
  return text;
}

std::string ExplainAmbiguity(const protocol::AmbiguityEntry& entry) {
  std::string text = absl::StrCat(
      std::string(entry.id), "\n", Row("open", entry.question),
      Row("clause",
          absl::StrCat(
              std::string(protocol::Describe(entry.clause).id), "  ",
              std::string(protocol::Describe(entry.clause).statement))),
      Row("allowed", entry.allowed), Row("vuspec", entry.reading),
      Row("seen", entry.seen), Row("read", entry.read),
      Row("proposal", entry.proposal));
  for (const CaseInfo* info : CasesThatLeaveOpen(entry.ambiguity)) {
    absl::StrAppend(&text, Row("case", info->id));
  }
  for (const std::string_view name : BehavioursAllowedBy(entry.id)) {
    absl::StrAppend(&text,
                    Row("mock", absl::StrCat("--fault ", std::string(name))));
  }
  return text;
}

std::string NeedsText(const Needs& needs) {
  std::string text = absl::StrCat(needs.queues, " queues");
  const auto add = [&text](const std::string& more) {
    if (!more.empty()) absl::StrAppend(&text, ", ", more);
  };
  add(protocol::VirtioFeatureNames(needs.virtio));
  add(protocol::ProtocolFeatureNames(needs.protocol));
  if (needs.io) add("verified I/O");
  if (needs.process) add("a process that vuspec started");
  if (!needs.device.empty()) {
    add(absl::StrCat("a ", std::string(needs.device), " device"));
  }
  return text;
}

std::string ExplainCase(const CaseInfo& info) {
  std::string text = absl::StrCat(
      info.id, "  (", std::string(protocol::ToString(info.level())), ")\n");
  absl::StrAppend(&text, Row("about", info.summary),
                  Row("needs", NeedsText(info.needs)),
                  Row("written", info.file));
  for (const protocol::Req req : info.cites) {
    const protocol::Requirement& row = protocol::Describe(req);
    absl::StrAppend(&text,
                    Row("clause", absl::StrCat(std::string(row.id), "  ",
                                               std::string(row.statement))));
  }
  for (const protocol::Ambiguity ambiguity : info.open) {
    const protocol::AmbiguityEntry& entry = protocol::Describe(ambiguity);
    absl::StrAppend(&text,
                    Row("open", absl::StrCat(std::string(entry.id), "  ",
                                             std::string(entry.question))));
  }
  for (const FaultRow& row : AllFaults()) {
    const std::vector<std::string> caught_by = Words(row.must);
    if (std::find(caught_by.begin(), caught_by.end(), info.id) !=
        caught_by.end()) {
      absl::StrAppend(&text,
                      Row("catches", absl::StrCat(std::string(row.name), ": ",
                                                  std::string(row.text))));
    }
  }
  return text;
}

std::vector<std::string> KnownIds() {
  std::vector<std::string> ids;
  for (const protocol::Requirement& row : protocol::AllRequirements()) {
    ids.emplace_back(row.id);
  }
  for (const protocol::AmbiguityEntry& entry : protocol::AllAmbiguities()) {
    ids.emplace_back(entry.id);
  }
  for (const CaseInfo& info : AllCases()) ids.push_back(info.id);
  return ids;
}

}  // namespace

ExitCode ExplainCommand(const ExplainOptions& options) {
  if (const auto req = protocol::FindRequirement(options.id)) {
    return Print(ExplainRequirement(protocol::Describe(*req)),
                 ExitCode::kAsExpected);
  }
  if (const CaseInfo* info = FindCase(options.id)) {
    return Print(ExplainCase(*info), ExitCode::kAsExpected);
  }
  if (const auto ambiguity = protocol::FindAmbiguity(options.id)) {
    return Print(ExplainAmbiguity(protocol::Describe(*ambiguity)),
                 ExitCode::kAsExpected);
  }
  return Complain(absl::NotFoundError(absl::StrCat(
                      "no clause, case or ambiguity is called ", options.id,
                      DidYouMean(options.id, KnownIds()),
                      "; see `vuspec list` and `vuspec list --requirements`")),
                  ExitCode::kUsage);
}

}  // namespace vuspec
