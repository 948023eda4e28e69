#include "harness/report/junit_report.h"

#include <pugixml.hpp>
#include <sstream>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/report/summary.h"
#include "harness/report/terminal.h"
#include "protocol/requirement.h"

namespace vuspec {
namespace {

struct Counts {
  std::size_t tests = 0;
  std::size_t failures = 0;
  std::size_t errors = 0;
  std::size_t skipped = 0;
  std::chrono::microseconds time{0};
};

// The element that tells the outcome, or nullptr for a pass.
const char* OutcomeElement(const CaseResult& result) {
  switch (result.verdict) {
    case Verdict::kPass:
    case Verdict::kAmbig:
      return nullptr;
    case Verdict::kXfail:
      return "skipped";
    case Verdict::kSkip:
      return result.claimed ? "failure" : "skipped";
    case Verdict::kBroken:
      return "error";
    default:
      return "failure";
  }
}

void SetText(pugi::xml_node node, std::string_view text) {
  node.text().set(Printable(text).c_str());
}

void SetAttribute(pugi::xml_node node, const char* name,
                  std::string_view value) {
  node.append_attribute(name).set_value(Printable(value).c_str());
}

std::string SecondsText(std::chrono::microseconds time) {
  return absl::StrFormat("%.6f", static_cast<double>(time.count()) / 1e6);
}

std::string Body(const RunResult& run, const CaseResult& result) {
  std::string body;
  for (const protocol::Req req : result.requirements) {
    const protocol::Requirement& row = protocol::Describe(req);
    absl::StrAppend(&body, std::string(row.id), ": ",
                    std::string(row.statement), "\n");
  }
  if (!result.expected.empty()) {
    absl::StrAppend(&body, "expected: ", result.expected, "\n");
  }
  if (!result.observed.empty()) {
    absl::StrAppend(&body, "observed: ", result.observed, "\n");
  }
  absl::StrAppend(&body, result.details,
                  "repro: ", ReproCommand(run, result.id), "\n");
  return body;
}

void AddOutcome(pugi::xml_node test, const RunResult& run,
                const CaseResult& result, Counts& counts) {
  const char* element = OutcomeElement(result);
  if (element == nullptr) return;
  const std::string_view kind(element);
  pugi::xml_node outcome = test.append_child(element);
  SetAttribute(outcome, "message",
               result.reason.empty() ? ToString(result.verdict)
                                     : std::string_view(result.reason));
  if (kind == "skipped") {
    ++counts.skipped;
    return;
  }
  ++(kind == "error" ? counts.errors : counts.failures);
  SetAttribute(outcome, "type", ToString(result.verdict));
  SetText(outcome, Body(run, result));
}

void AddCase(pugi::xml_node suite, const RunResult& run,
             const CaseResult& result, Counts& counts) {
  const std::size_t dot = result.id.find('.');
  pugi::xml_node test = suite.append_child("testcase");
  SetAttribute(test, "classname", result.id.substr(0, dot));
  SetAttribute(
      test, "name",
      dot == std::string::npos ? result.id : result.id.substr(dot + 1));
  SetAttribute(test, "time", SecondsText(result.duration));
  ++counts.tests;
  counts.time += result.duration;
  AddOutcome(test, run, result, counts);
  if (result.verdict == Verdict::kAmbig) {
    SetText(test.append_child("system-out"), "AMBIG: " + result.observed);
  } else if (!result.transcript.empty()) {
    SetText(test.append_child("system-out"), result.transcript);
  }
  if (!result.peer_stderr.empty()) {
    SetText(test.append_child("system-err"), result.peer_stderr);
  }
}

void SetCounts(pugi::xml_node node, const Counts& counts) {
  node.append_attribute("tests").set_value(counts.tests);
  node.append_attribute("failures").set_value(counts.failures);
  node.append_attribute("errors").set_value(counts.errors);
  node.append_attribute("skipped").set_value(counts.skipped);
  SetAttribute(node, "time", SecondsText(counts.time));
}

// What is wrong with the run and told by none of its cases.
std::string RunTrouble(const RunResult& run) {
  const Summary summary = Summarize(run);
  std::string text;
  if (!run.trouble.empty()) absl::StrAppend(&text, run.trouble, "\n");
  if (run.selected == 0 || summary.not_run > 0) {
    absl::StrAppend(&text, summary.not_run, " of ", run.selected,
                    " selected cases were not run\n");
  }
  for (const std::string& error : run.expectation_errors) {
    absl::StrAppend(&text, error, "\n");
  }
  return text;
}

pugi::xml_node SuiteNode(pugi::xml_node root, const CaseResult& result) {
  const std::string name = result.id.substr(0, result.id.find('.'));
  pugi::xml_node suite =
      root.find_child_by_attribute("testsuite", "name", name.c_str());
  if (suite) return suite;
  suite = root.append_child("testsuite");
  SetAttribute(suite, "name", name);
  return suite;
}

}  // namespace

std::string JunitReport(const RunResult& run) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  pugi::xml_node root = document.append_child("testsuites");
  SetAttribute(root, "name", "vuspec");

  RunResult whole = run;
  if (const std::string trouble = RunTrouble(run); !trouble.empty()) {
    CaseResult result;
    result.id = "vuspec.TheRun";
    result.reason = trouble.substr(0, trouble.find('\n'));
    result.details = trouble;
    whole.cases.push_back(result);
  }
  std::vector<std::pair<pugi::xml_node, Counts>> suites;
  for (const CaseResult& result : whole.cases) {
    const pugi::xml_node suite = SuiteNode(root, result);
    auto row = std::find_if(suites.begin(), suites.end(),
                            [&](const auto& r) { return r.first == suite; });
    if (row == suites.end()) row = suites.insert(row, {suite, {}});
    AddCase(suite, run, result, row->second);
  }
  Counts total;
  for (const auto& [suite, counts] : suites) {
    SetCounts(suite, counts);
    total.tests += counts.tests;
    total.failures += counts.failures;
    total.errors += counts.errors;
    total.skipped += counts.skipped;
    total.time += counts.time;
  }
  SetCounts(root, total);
  std::ostringstream out;
  document.save(out, "  ");
  return out.str();
}

}  // namespace vuspec
