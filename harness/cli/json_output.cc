#include "harness/cli/json_output.h"

#include <nlohmann/json.hpp>

#include "harness/cli/facts.h"
#include "harness/cli/words.h"
#include "harness/report/json_report.h"
#include "harness/report/terminal.h"
#include "protocol/ambiguity.h"
#include "protocol/rules.h"
#include "protocol/untested.h"

namespace vuspec {
namespace {

using Json = nlohmann::ordered_json;

std::string Text(const Json& json) { return json.dump(2) + "\n"; }

Json NeedsJson(const Needs& needs) {
  return {{"virtio", Words(protocol::VirtioFeatureNames(needs.virtio))},
          {"protocol", Words(protocol::ProtocolFeatureNames(needs.protocol))},
          {"queues", needs.queues},
          {"io", needs.io},
          {"device", needs.device},
          {"process", needs.process}};
}

Json CaseJson(const CaseInfo& info) {
  Json ids = Json::array();
  for (const protocol::Req req : info.cites) {
    ids.push_back(protocol::Describe(req).id);
  }
  Json open = Json::array();
  for (const protocol::Ambiguity ambiguity : info.open) {
    open.push_back(protocol::Describe(ambiguity).id);
  }
  return {{"id", info.id},
          {"level", protocol::ToString(info.level())},
          {"requirements", std::move(ids)},
          {"ambiguities", std::move(open)},
          {"needs", NeedsJson(info.needs)},
          {"generated", info.generated},
          {"summary", Printable(info.summary)},
          {"file", Printable(info.file)}};
}

Json IdsOf(const CaseList& cases) {
  Json ids = Json::array();
  for (const CaseInfo* info : cases) ids.push_back(info->id);
  return ids;
}

}  // namespace

std::string CasesJson(const std::vector<CaseInfo>& cases) {
  Json rows = Json::array();
  for (const CaseInfo& info : cases) rows.push_back(CaseJson(info));
  return Text({{"schema", 1}, {"cases", std::move(rows)}});
}

std::string FaultsJson(std::span<const FaultRow> faults) {
  Json rows = Json::array();
  for (const FaultRow& row : faults) {
    rows.push_back({{"name", row.name},
                    {"text", row.text},
                    {"must_fail", Words(row.must)},
                    {"may_fail", Words(row.may)},
                    {"process_only", row.process_only},
                    {"allowed_by", row.allowed_by}});
  }
  return Text({{"schema", 1}, {"faults", std::move(rows)}});
}

std::string RequirementsJson() {
  Json rows = Json::array();
  for (const protocol::Requirement& row : protocol::AllRequirements()) {
    const CaseList cases = CasesCiting(row.req);
    Json json = {{"id", row.id},
                 {"level", protocol::ToString(row.level)},
                 {"section", row.section},
                 {"statement", row.statement},
                 {"rules", protocol::RulesFor(row.req)},
                 {"cases", IdsOf(cases)},
                 {"faults", FaultsCaughtBy(cases)}};
    if (const auto why = protocol::FindUntested(row.req);
        why && (cases.empty() || !why->of_section)) {
      json["untested"] = {{"why", protocol::ToString(why->why)},
                          {"reason", why->reason}};
    }
    rows.push_back(std::move(json));
  }
  return Text({{"schema", 1}, {"requirements", std::move(rows)}});
}

std::string AmbiguitiesJson() {
  Json rows = Json::array();
  for (const protocol::AmbiguityEntry& entry : protocol::AllAmbiguities()) {
    rows.push_back({{"id", entry.id},
                    {"clause", protocol::Describe(entry.clause).id},
                    {"question", entry.question},
                    {"allowed", entry.allowed},
                    {"reading", entry.reading},
                    {"proposal", entry.proposal},
                    {"seen", entry.seen},
                    {"read", entry.read},
                    {"cases", IdsOf(CasesThatLeaveOpen(entry.ambiguity))}});
  }
  return Text({{"schema", 1}, {"ambiguities", std::move(rows)}});
}

std::string ProbeJson(const ProbeReport& report) {
  const Preflight& preflight = report.preflight;
  return Text({{"schema", 1},
               {"verdict", ToString(preflight.verdict)},
               {"reason", Printable(preflight.reason)},
               {"probe", Json::parse(EncodeProbeResult(preflight.probe))},
               {"config", report.config},
               {"config_note", Printable(report.config_note)},
               {"after_disconnect", Printable(report.after_disconnect)},
               {"second_connection", Printable(report.second_connection)},
               {"health", Printable(report.health)}});
}

}  // namespace vuspec
