#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/backend/fault.h"
#include "harness/cli/commands.h"
#include "harness/cli/suggest.h"
#include "harness/cli/words.h"
#include "harness/suite/catalog.h"
#include "protocol/requirement.h"

namespace vuspec {
namespace {

std::string Row(const char* name, std::string_view text) {
  if (text.empty()) return "";
  return absl::StrFormat("  %-10s%s\n", name, std::string(text));
}

std::string_view ToString(protocol::Who who) {
  switch (who) {
    case protocol::Who::kBackend:
      return "the back-end";
    case protocol::Who::kFrontend:
      return "the front-end";
    case protocol::Who::kBoth:
      return "both sides";
  }
  return "";
}

std::string_view ToString(protocol::Observability observability) {
  switch (observability) {
    case protocol::Observability::kDirect:
      return "directly";
    case protocol::Observability::kIndirect:
      return "by its effects only";
    case protocol::Observability::kNone:
      return "not at all";
  }
  return "";
}

std::string ExplainRequirement(const protocol::Requirement& row) {
  std::string text = absl::StrCat(
      std::string(row.id), "  (", std::string(protocol::ToString(row.level)),
      ", for ", std::string(ToString(row.who)), ")\n");
  absl::StrAppend(&text, Row("clause", row.statement),
                  Row("section", row.section), Row("source", row.source),
                  Row("gate", row.gate), Row("probe", row.probe),
                  Row("seen", ToString(row.observability)));
  for (const std::string& id : CasesCiting(AllCases(), row.req)) {
    absl::StrAppend(&text, Row("case", id));
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
  return Complain(absl::NotFoundError(absl::StrCat(
                      "no clause and no case is called ", options.id,
                      DidYouMean(options.id, KnownIds()),
                      "; see `vuspec list` and `vuspec list --requirements`")),
                  ExitCode::kUsage);
}

}  // namespace vuspec
