#include "harness/report/json_report.h"

#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "harness/report/summary.h"
#include "harness/report/terminal.h"
#include "protocol/features.h"
#include "protocol/requirement.h"

namespace vuspec {
namespace {

using Json = nlohmann::ordered_json;

double Milliseconds(std::chrono::microseconds time) {
  return static_cast<double>(time.count()) / 1000.0;
}

std::string Text(std::string_view text) { return Printable(text); }

Json RequirementIds(const std::vector<protocol::Req>& requirements) {
  Json ids = Json::array();
  for (const protocol::Req req : requirements) {
    ids.push_back(std::string(protocol::Describe(req).id));
  }
  return ids;
}

Json CaseJson(const CaseResult& result) {
  return {{"id", Text(result.id)},
          {"verdict", ToString(result.verdict)},
          {"level", protocol::ToString(result.level)},
          {"requirements", RequirementIds(result.requirements)},
          {"reason", Text(result.reason)},
          {"expected", Text(result.expected)},
          {"observed", Text(result.observed)},
          {"details", Text(result.details)},
          {"duration_ms", Milliseconds(result.duration)},
          {"round_trip_ms", Milliseconds(result.round_trip)},
          {"transcript", Text(result.transcript)},
          {"peer_stderr", Text(result.peer_stderr)},
          {"claimed", result.claimed},
          {"points", result.points}};
}

Json ModelJson(const RunResult& run) {
  const protocol::ModelCoverage coverage = CoverageOf(run);
  return {{"pairs", protocol::AllPairCount()},
          {"pairs_seen", coverage.pair_count()},
          {"pairs_unseen", UnseenPairs(coverage)},
          {"transitions", protocol::AllTransitions().size()},
          {"transitions_seen", coverage.transition_count()},
          {"transitions_unseen", UnseenTransitions(coverage)}};
}

Json ProbeJson(const ProbeResult& probe) {
  const auto names = [](const std::string& joined) {
    Json list = Json::array();
    for (std::size_t start = 0; start < joined.size();) {
      const std::size_t end = std::min(joined.find(' ', start), joined.size());
      list.push_back(joined.substr(start, end - start));
      start = end + 1;
    }
    return list;
  };
  return {
      {"virtio_features", probe.virtio_features},
      {"virtio_feature_names",
       names(protocol::VirtioFeatureNames(probe.virtio_features))},
      {"protocol_features", probe.protocol_features},
      {"protocol_feature_names",
       names(protocol::ProtocolFeatureNames(probe.protocol_features))},
      {"queue_count", probe.queue_count},
      {"memory_slots", probe.memory_slots},
      {"round_trip_us", probe.round_trip.count()},
      {"answer_us", probe.answer.count()},
  };
}

Json SummaryJson(const RunResult& run) {
  const Summary summary = Summarize(run);
  return {{"selected", summary.selected},
          {"executed", summary.executed},
          {"skipped", summary.skipped},
          {"not_run", summary.not_run},
          {"passed", summary.Count(Verdict::kPass)},
          {"failed", summary.Count(Verdict::kFail)},
          {"crashed", summary.Count(Verdict::kCrash)},
          {"hung", summary.Count(Verdict::kHang)},
          {"leaked", summary.Count(Verdict::kLeak)},
          {"xfailed", summary.Count(Verdict::kXfail)},
          {"xpassed", summary.Count(Verdict::kXpass)},
          {"ambiguous", summary.Count(Verdict::kAmbig)},
          {"broken", summary.Count(Verdict::kBroken)},
          {"claimed_skips", summary.claimed_skips},
          {"duration_ms", Milliseconds(run.duration)},
          {"exit_code", static_cast<int>(ExitCodeOf(run))},
          {"exit_meaning", Meaning(ExitCodeOf(run))}};
}

// Per requirement: the cases of this run that cite it, with their verdicts.
Json RequirementsJson(const RunResult& run) {
  std::map<protocol::Req, std::vector<const CaseResult*>> cited;
  for (const CaseResult& result : run.cases) {
    for (const protocol::Req req : result.requirements) {
      cited[req].push_back(&result);
    }
  }
  Json rows = Json::array();
  for (const auto& [req, results] : cited) {
    const protocol::Requirement& row = protocol::Describe(req);
    Json cases = Json::array();
    for (const CaseResult* result : results) {
      cases.push_back(
          {{"id", Text(result->id)}, {"verdict", ToString(result->verdict)}});
    }
    rows.push_back({{"id", row.id},
                    {"level", protocol::ToString(row.level)},
                    {"section", row.section},
                    {"statement", row.statement},
                    {"cases", std::move(cases)}});
  }
  return rows;
}

// Strings are printable already; replace is the belt to those braces.
std::string Dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::chrono::microseconds Microseconds(double milliseconds) {
  return std::chrono::microseconds(std::llround(milliseconds * 1000.0));
}

}  // namespace

std::string JsonReport(const RunResult& run) {
  Json cases = Json::array();
  for (const CaseResult& result : run.cases) {
    Json entry = CaseJson(result);
    entry["repro"] = ReproCommand(run, result.id);
    cases.push_back(std::move(entry));
  }
  Json errors = Json::array();
  for (const std::string& error : run.expectation_errors) {
    errors.push_back(Text(error));
  }
  const Json report = {
      {"schema", kResultSchemaVersion},
      {"tool", {{"name", "vuspec"}, {"version", ToolVersion()}}},
      {"spec", SpecName()},
      {"target", Text(run.target.empty() ? "built-in mock" : run.target)},
      {"device", Text(run.device)},
      {"level", run.level},
      {"seed", run.seed},
      {"mutate", Text(run.mutation)},
      {"probe", ProbeJson(run.probe)},
      {"summary", SummaryJson(run)},
      {"model", ModelJson(run)},
      {"trouble", Text(run.trouble)},
      {"trouble_verdict",
       run.trouble.empty() ? "" : ToString(run.trouble_verdict)},
      {"expectation_errors", std::move(errors)},
      {"cases", std::move(cases)},
      {"requirements", RequirementsJson(run)}};
  return Dump(report, 2) + "\n";
}

std::string EncodeCaseResult(const CaseResult& result) {
  Json record = CaseJson(result);
  record["model"] = result.model.Numbers();
  return Dump(record, -1);
}

absl::StatusOr<CaseResult> DecodeCaseResult(const std::string& text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("id")) {
    return absl::InvalidArgumentError("not the record of a case");
  }
  const auto string = [&json](const char* key) {
    return json.value(key, std::string());
  };
  const std::optional<Verdict> verdict = FindVerdict(string("verdict"));
  if (!verdict.has_value()) {
    return absl::InvalidArgumentError("a record of a case without a verdict");
  }
  CaseResult result;
  result.id = string("id");
  result.verdict = *verdict;
  result.reason = string("reason");
  result.expected = string("expected");
  result.observed = string("observed");
  result.details = string("details");
  result.transcript = string("transcript");
  result.peer_stderr = string("peer_stderr");
  result.claimed = json.value("claimed", false);
  result.points = json.value("points", std::size_t{0});
  for (const std::uint32_t number :
       json.value("model", std::vector<std::uint32_t>())) {
    result.model.Add(number);
  }
  result.duration = Microseconds(json.value("duration_ms", 0.0));
  result.round_trip = Microseconds(json.value("round_trip_ms", 0.0));
  for (const protocol::Level level :
       {protocol::Level::kMust, protocol::Level::kShould,
        protocol::Level::kDefacto, protocol::Level::kRobust,
        protocol::Level::kMay}) {
    if (protocol::ToString(level) == string("level")) result.level = level;
  }
  for (const std::string& id :
       json.value("requirements", std::vector<std::string>())) {
    if (const auto req = protocol::FindRequirement(id)) {
      result.requirements.push_back(*req);
    }
  }
  return result;
}

std::string EncodeProbeResult(const ProbeResult& probe) {
  return Dump(ProbeJson(probe), -1);
}

absl::StatusOr<ProbeResult> DecodeProbeResult(const std::string& text) {
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) {
    return absl::InvalidArgumentError("not the record of a probe");
  }
  const auto number = [&json](const char* key) {
    return json.value(key, std::uint64_t{0});
  };
  ProbeResult probe;
  probe.virtio_features = number("virtio_features");
  probe.protocol_features = number("protocol_features");
  probe.queue_count = number("queue_count");
  probe.memory_slots = number("memory_slots");
  probe.round_trip = std::chrono::microseconds(number("round_trip_us"));
  probe.answer = std::chrono::microseconds(number("answer_us"));
  return probe;
}

}  // namespace vuspec
