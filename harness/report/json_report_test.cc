#include "harness/report/json_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/report/report_examples.h"
#include "harness/report/summary.h"

namespace vuspec {
namespace {

using nlohmann::json;

// The interpreter that has the jsonschema package; scripts/ installs
// Debian's, which another python3 that comes first in PATH does not see.
std::string PythonWithJsonschema() {
  for (const char* python : {"/usr/bin/python3", "python3"}) {
    const std::string check = std::string(python) + " -c 'import jsonschema'";
    if (RunCommand(check).status == 0) return python;
  }
  return "";
}

CommandResult Validate(const std::string& report) {
  const std::string python = PythonWithJsonschema();
  if (python.empty()) return {-1, "no python3 with the jsonschema package"};
  const TempFolder folder;
  const std::string file = folder.Write("result.json", report);
  return RunCommand(
      python +
      " -c 'import json, jsonschema, sys; a = [json.load(open(p)) for p in "
      "sys.argv[1:]]; jsonschema.Draft7Validator.check_schema(a[1]); "
      "jsonschema.validate(a[0], a[1])' " +
      file + " " + VUSPEC_SOURCE_DIR "/docs/result.schema.json");
}

TEST(JsonReport, IsValidUnderThePublishedSchema) {
  RunResult down = GoodRun();
  down.cases.clear();
  down.trouble = "says nothing \x01";
  down.trouble_verdict = Verdict::kHang;
  down.expectation_errors = {"x.toml:1:1: stale"};
  for (const RunResult& run : {EveryVerdict(), GoodRun(), down}) {
    const CommandResult result = Validate(JsonReport(run));
    EXPECT_EQ(result.status, 0) << result.output;
  }
}

TEST(JsonReport, SchemaRefusesWhatIsWrong) {
  const json good = json::parse(JsonReport(EveryVerdict()));
  std::vector<std::pair<std::string, json>> wrong;
  for (const auto& [key, value] : good.items()) {
    json without = good;
    without.erase(key);
    wrong.emplace_back("no " + key, without);
  }
  for (const auto& [pointer, value] : std::vector<std::pair<std::string, json>>{
           {"/schema", 2},
           {"/cases/0/verdict", "FINE"},
           {"/cases/7/reason", ""},
           {"/cases/0/level", "maybe"},
           {"/cases/0/repro", "rm -rf"},
           {"/summary/selected", -1},
           {"/summary/exit_code", 5},
           {"/mutate", "twice"},
           {"/model/pairs_seen", -1},
           {"/cases/0/points", "many"},
           {"/requirements/0/cases", json::array()}}) {
    json changed = good;
    changed[json::json_pointer(pointer)] = value;
    wrong.emplace_back(pointer, changed);
  }
  // One interpreter start for all of them: it is the slow part.
  const TempFolder folder;
  std::string files;
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    files += " " + folder.Write(std::to_string(i), wrong[i].second.dump());
  }
  const CommandResult result = RunCommand(
      PythonWithJsonschema() +
      " -c 'import json, jsonschema, sys\n"
      "s = json.load(open(sys.argv[1]))\n"
      "v = jsonschema.Draft7Validator(s)\n"
      "for p in sys.argv[2:]: print(int(v.is_valid(json.load(open(p)))), "
      "end=\"\")' " VUSPEC_SOURCE_DIR "/docs/result.schema.json" +
      files);
  ASSERT_EQ(result.output.size(), wrong.size()) << result.output;
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    EXPECT_EQ(result.output[i], '0') << wrong[i].first;
  }
}

TEST(JsonReport, SummaryAddsUpAndTellsTheExitCode) {
  const RunResult run = EveryVerdict();
  const json summary = json::parse(JsonReport(run))["summary"];
  int executed = 0;
  for (const char* key : {"passed", "failed", "crashed", "hung", "leaked",
                          "xfailed", "xpassed", "ambiguous", "broken"}) {
    executed += summary[key].get<int>();
  }
  EXPECT_EQ(summary["executed"], executed);
  EXPECT_EQ(summary["selected"], executed + summary["skipped"].get<int>());
  EXPECT_EQ(summary["exit_code"], static_cast<int>(ExitCodeOf(run)));
}

TEST(JsonReport, RequirementsListTheirCases) {
  const json report = json::parse(JsonReport(GoodRun()));
  ASSERT_EQ(report["requirements"].size(), 2u);
  EXPECT_EQ(report["requirements"][0]["id"], "HDR-01");
  EXPECT_EQ(report["requirements"][0]["cases"].size(), 4u);
  EXPECT_EQ(report["requirements"][0]["cases"][0]["verdict"], "PASS");
}

TEST(JsonReport, TellsWhichStatesOfTheModelWereSeen) {
  const json model = json::parse(JsonReport(GoodRun()))["model"];
  EXPECT_EQ(model["pairs_seen"], 1);
  EXPECT_EQ(model["pairs"], 1 + model["pairs_unseen"].size());
  EXPECT_EQ(model["transitions_seen"], 1);
  EXPECT_EQ(model["transitions"], 1 + model["transitions_unseen"].size());
}

TEST(CaseRecord, ComesBackAsItWas) {
  for (int i = 0; i < 10; ++i) {
    CaseResult result = ExampleCase("A.B", static_cast<Verdict>(i));
    result.claimed = i % 2 == 0;
    const auto back = DecodeCaseResult(EncodeCaseResult(result));
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(back->id, result.id);
    EXPECT_EQ(back->verdict, result.verdict);
    EXPECT_EQ(back->level, result.level);
    EXPECT_EQ(back->requirements, result.requirements);
    EXPECT_EQ(back->reason, result.reason);
    EXPECT_EQ(back->expected, result.expected);
    EXPECT_EQ(back->observed, result.observed);
    EXPECT_EQ(back->details, result.details);
    EXPECT_EQ(back->transcript, result.transcript);
    EXPECT_EQ(back->peer_stderr, "oops \\x1b[31m<&]]> \\xff \\x01\n");
    EXPECT_EQ(back->claimed, result.claimed);
    EXPECT_EQ(back->points, result.points);
    EXPECT_EQ(back->model, result.model);
    EXPECT_EQ(back->duration, result.duration);
    EXPECT_EQ(back->round_trip, result.round_trip);
  }
}

TEST(CaseRecord, RubbishIsRefused) {
  for (const char* text : {"", "{", "[]", "{}", "{\"id\":\"a\"}",
                           "{\"id\":\"a\",\"verdict\":\"FINE\"}"}) {
    EXPECT_FALSE(DecodeCaseResult(text).ok()) << text;
  }
}

TEST(ProbeRecord, ComesBackAsItWas) {
  ProbeResult probe;
  probe.virtio_features = ~std::uint64_t{0};
  probe.protocol_features = 5;
  probe.queue_count = 256;
  probe.memory_slots = 509;
  probe.round_trip = std::chrono::microseconds(12);
  probe.answer = std::chrono::microseconds(3);
  const auto back = DecodeProbeResult(EncodeProbeResult(probe));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->virtio_features, probe.virtio_features);
  EXPECT_EQ(back->protocol_features, probe.protocol_features);
  EXPECT_EQ(back->queue_count, probe.queue_count);
  EXPECT_EQ(back->memory_slots, probe.memory_slots);
  EXPECT_EQ(back->round_trip, probe.round_trip);
  EXPECT_EQ(back->answer, probe.answer);
  EXPECT_FALSE(DecodeProbeResult("[").ok());
}

}  // namespace
}  // namespace vuspec
