#include "harness/report/text_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "harness/report/report_examples.h"
#include "harness/report/summary.h"

namespace vuspec {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

std::string Clause(protocol::Req req) {
  return std::string(protocol::Describe(req).statement).substr(0, 40);
}

TEST(SummaryLine, AddsUpToTheSelected) {
  RunResult run = EveryVerdict();
  run.selected = 13;
  const std::string line = SummaryLine(run);
  EXPECT_EQ(line,
            "13 selected = 1 passed + 1 FAIL + 1 CRASH + 1 HANG + 1 LEAK + "
            "1 xfail + 1 XPASS + 1 ambig + 1 BROKEN + 2 skipped + 2 NOT RUN, "
            "1.2 s (2 not run)\n");
  // What a reader would do: add the terms.
  const std::regex term("[=+] (\\d+) ");
  int sum = 0;
  for (std::sregex_iterator it(line.begin(), line.end(), term), end; it != end;
       ++it) {
    sum += std::stoi((*it)[1]);
  }
  EXPECT_EQ(sum, 13);
}

TEST(TextReport, FailureBlockTellsWhatIsNeeded) {
  const RunResult run = EveryVerdict();
  TextOptions options;
  options.likely_cause = [](const CaseResult&) { return "a lost index"; };
  const std::string block = FailureBlock(run, run.cases[1], options);
  EXPECT_THAT(block, HasSubstr("FAIL  Suite1.SeesFAIL  (defacto)\n"));
  EXPECT_THAT(
      block, HasSubstr("  clause    HDR-03  " + Clause(protocol::Req::HDR_03)));
  EXPECT_THAT(block, HasSubstr("  clause    HDR-01  "));
  EXPECT_THAT(block, HasSubstr("  reason    no reply\n"));
  EXPECT_THAT(block, HasSubstr("  expected  num=3\n"
                               "            (3 buffers were used)\n"));
  EXPECT_THAT(block, HasSubstr("  observed  num=0\n"));
  EXPECT_THAT(block, HasSubstr("  details   a.cc:1: one\n"
                               "            a.cc:2: two\n"));
  EXPECT_THAT(block, HasSubstr("  frames    2\n            3\n"));
  EXPECT_THAT(block,
              HasSubstr("  stderr    oops \\x1b[31m<&]]> \\xff \\x01\n"));
  EXPECT_THAT(block, HasSubstr("  likely    a lost index\n"));
  EXPECT_THAT(block, HasSubstr("  repro     vuspec run Suite1.SeesFAIL --seed "
                               "7 --device blk -- './my backend'"));
}

TEST(TextReport, BlocksAreForWhatNeedsAttentionOnly) {
  const std::string report = TextReport(EveryVerdict(), {});
  for (const char* id : {"SeesFAIL", "SeesCRASH", "SeesHANG", "SeesLEAK",
                         "SeesXPASS", "SeesBROKEN"}) {
    EXPECT_THAT(report, HasSubstr(std::string(id) + "  (defacto)"));
  }
  EXPECT_THAT(report, HasSubstr("CLAIMED SKIP  Claims/row.Skips"));
  for (const char* id : {"SeesPASS", "SeesSKIP", "SeesXFAIL", "SeesAMBIG"}) {
    EXPECT_THAT(report, Not(HasSubstr(std::string(id) + "  (defacto)")));
  }
  // These are worth a line.
  EXPECT_THAT(report, HasSubstr("XFAIL  Suite2.SeesXFAIL: no reply\n"));
  EXPECT_THAT(report, HasSubstr("AMBIG  Suite2.SeesAMBIG: num=0 (no reply)\n"));
  EXPECT_THAT(report, HasSubstr("    2 skipped: no reply\n"));
}

TEST(TextReport, IsQuietAboutAGoodRun) {
  const std::string report = TextReport(GoodRun(), {});
  EXPECT_THAT(report, HasSubstr("the built-in mock back-end"));
  EXPECT_THAT(report, HasSubstr("  Ring  2 passed\n"
                                "  Mq    1 ambig, 1 skipped\n"));
  EXPECT_THAT(report, HasSubstr("\nmodel: 1 of 264 states x messages, 1 of "));
  EXPECT_THAT(report, HasSubstr("\npoints: 12 tried\n"));
  EXPECT_THAT(report, Not(HasSubstr("mutate")));
  EXPECT_THAT(report, EndsWith("\n4 selected = 2 passed + 1 ambig + 1 skipped,"
                               " 0.0 s (0 not run)\n"));
}

TEST(TextReport, NamesTheMutation) {
  EXPECT_THAT(TextReport(EveryVerdict(), {}),
              HasSubstr(", seed 7, mutate split1\n"));
}

TEST(TextReport, SaysWhyTheExitCodeIsNotZero) {
  RunResult run = GoodRun();
  run.selected = 6;
  run.trouble = "interrupted";
  run.expectation_errors = {"x.toml:3:1: stale"};
  const std::string report = TextReport(run, {});
  EXPECT_THAT(report, HasSubstr("TROUBLE  interrupted\n"));
  EXPECT_THAT(report, HasSubstr("EXPECT  x.toml:3:1: stale\n"));
  EXPECT_THAT(report, HasSubstr("exit 4: "));
  run.trouble = "says nothing";
  run.trouble_verdict = Verdict::kHang;
  run.cases.clear();
  EXPECT_THAT(TextReport(run, {}), HasSubstr("the peer: HANG, says nothing"));
  EXPECT_THAT(TextReport(run, {}), HasSubstr("exit 3: "));
}

TEST(TextReport, ListsEveryCaseWhenAsked) {
  TextOptions options;
  options.every_case = true;
  const std::string report = TextReport(GoodRun(), options);
  EXPECT_THAT(report, HasSubstr("PASS   Ring.Starts  (1.5 ms)\n"));
  EXPECT_THAT(report, HasSubstr("SKIP   Mq.Counts  no reply  (1.5 ms)\n"));
}

TEST(TextReport, HasColoursOnlyWhereWanted) {
  TextOptions options;
  EXPECT_THAT(TextReport(EveryVerdict(), options), Not(HasSubstr("\x1b")));
  options.terminal.colour = true;
  EXPECT_THAT(TextReport(EveryVerdict(), options),
              HasSubstr("\x1b[31mFAIL\x1b[0m  Suite1"));
}

TEST(Timings, RelateTheMedianPassToTheBaseline) {
  RunResult run = GoodRun();
  run.cases.push_back(ExampleCase("Ring.Third", Verdict::kPass));
  run.cases[1].duration = std::chrono::microseconds(9000);
  run.cases[1].round_trip = std::chrono::microseconds(7000);
  EXPECT_EQ(TimingsLine(run),
            "timings: median case 1.500 ms = 3.0 x the 0.500 ms of connect + "
            "GET_FEATURES + close\n");
  for (CaseResult& result : run.cases) {
    result.round_trip = std::chrono::microseconds(0);
  }
  EXPECT_THAT(TimingsLine(run), HasSubstr("no baseline"));
}

}  // namespace
}  // namespace vuspec
