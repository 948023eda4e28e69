#include "harness/cli/json_output.h"

#include <nlohmann/json.hpp>

#include "harness/cli/words.h"
#include "harness/report/json_report.h"
#include "harness/report/terminal.h"

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
  return {{"id", info.id},
          {"level", protocol::ToString(info.level())},
          {"requirements", std::move(ids)},
          {"needs", NeedsJson(info.needs)},
          {"generated", info.generated},
          {"summary", Printable(info.summary)},
          {"file", Printable(info.file)}};
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

std::string RequirementsJson(const std::vector<CaseInfo>& cases) {
  Json rows = Json::array();
  for (const protocol::Requirement& row : protocol::AllRequirements()) {
    rows.push_back({{"id", row.id},
                    {"level", protocol::ToString(row.level)},
                    {"section", row.section},
                    {"statement", row.statement},
                    {"cases", CasesCiting(cases, row.req)}});
  }
  return Text({{"schema", 1}, {"requirements", std::move(rows)}});
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
