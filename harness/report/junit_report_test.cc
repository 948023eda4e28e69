#include "harness/report/junit_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/report/report_examples.h"

namespace vuspec {
namespace {

using testing::HasSubstr;
using testing::Not;

CommandResult Validate(const std::string& report) {
  const TempFolder folder;
  return RunCommand("xmllint --noout --nonet --schema " VUSPEC_SOURCE_DIR
                    "/docs/junit.xsd " +
                    folder.Write("junit.xml", report));
}

RunResult DownRun() {
  RunResult run = GoodRun();
  run.cases.clear();
  run.trouble = "no such program: frob";
  return run;
}

TEST(JunitReport, IsValidUnderTheSchema) {
  for (const RunResult& run : {EveryVerdict(), GoodRun(), DownRun()}) {
    const CommandResult result = Validate(JunitReport(run));
    EXPECT_EQ(result.status, 0) << result.output;
  }
}

TEST(JunitReport, SchemaRefusesWhatIsWrong) {
  const std::string good = JunitReport(EveryVerdict());
  const std::pair<const char*, const char*> changes[] = {
      {"<testcase classname", "<testcase class"},
      {" tests=", " texts="},
      {"type=\"FAIL\"", "type=\"\""},
      {"time=\"", "time=\"-"},
      {"<skipped ", "<skipped x=\"\" "},
  };
  for (const auto& [from, to] : changes) {
    std::string wrong = good;
    ASSERT_NE(wrong.find(from), std::string::npos) << from;
    wrong.replace(wrong.find(from), std::string(from).size(), to);
    EXPECT_EQ(Validate(wrong).status, 3) << from;  // 3: not valid
  }
}

TEST(JunitReport, CountsAddUp) {
  const std::string report = JunitReport(EveryVerdict());
  // FAIL, CRASH, HANG, LEAK, XPASS and the claimed skip; BROKEN; SKIP, XFAIL.
  EXPECT_THAT(report, HasSubstr("<testsuites name=\"vuspec\" tests=\"11\" "
                                "failures=\"6\" errors=\"1\" skipped=\"2\""));
}

TEST(JunitReport, FailureTellsClauseAndRepro) {
  const std::string report = JunitReport(RunOfOne(Verdict::kFail));
  EXPECT_THAT(report, HasSubstr("<failure message=\"no reply\" type=\"FAIL\">"
                                "HDR-03: "));
  EXPECT_THAT(report, HasSubstr("repro: vuspec run Ring.Stops --seed 1"));
  EXPECT_THAT(report, HasSubstr("\\x1b[31m&lt;&amp;"));
}

TEST(JunitReport, RedRunWithoutARedCaseHasAnErrorOfItsOwn) {
  EXPECT_THAT(JunitReport(GoodRun()), Not(HasSubstr("TheRun")));
  EXPECT_THAT(JunitReport(DownRun()),
              HasSubstr("<error message=\"no such program: frob\""));
  RunResult cut = GoodRun();
  cut.selected = 9;
  EXPECT_THAT(JunitReport(cut),
              HasSubstr("<error message=\"5 of 9 selected cases were not run"));
  RunResult stale = GoodRun();
  stale.expectation_errors = {"x.toml:1:1: stale"};
  EXPECT_THAT(JunitReport(stale), HasSubstr("<error message=\"x.toml:1:1"));
}

}  // namespace
}  // namespace vuspec
