#include "harness/report/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/report/report_examples.h"

namespace vuspec {
namespace {

using testing::HasSubstr;

TEST(Verdict, NamesAreFoundAgain) {
  for (int i = 0; i < 10; ++i) {
    const auto verdict = static_cast<Verdict>(i);
    EXPECT_EQ(FindVerdict(ToString(verdict)), verdict);
  }
  EXPECT_EQ(FindVerdict("pass"), std::nullopt);
}

TEST(Summary, NumbersAddUp) {
  const Summary summary = Summarize(EveryVerdict());
  EXPECT_EQ(summary.selected, 11u);
  EXPECT_EQ(summary.executed, 9u);
  EXPECT_EQ(summary.skipped, 2u);
  EXPECT_EQ(summary.claimed_skips, 1u);
  EXPECT_EQ(summary.not_run, 0u);
  EXPECT_TRUE(summary.AddsUp());
}

TEST(Summary, MissingAndSurplusResultsDoNotAddUp) {
  RunResult run = EveryVerdict();
  run.selected = 12;
  EXPECT_EQ(Summarize(run).not_run, 1u);
  EXPECT_FALSE(Summarize(run).AddsUp());
  run.selected = 10;
  EXPECT_EQ(Summarize(run).not_run, 0u);
  EXPECT_FALSE(Summarize(run).AddsUp());
  EXPECT_EQ(ExitCodeOf(run), ExitCode::kNotTrusted);
}

TEST(ExitCode, OfOneCase) {
  const std::pair<Verdict, ExitCode> rows[] = {
      {Verdict::kPass, ExitCode::kAsExpected},
      {Verdict::kFail, ExitCode::kNonconforming},
      {Verdict::kCrash, ExitCode::kPeerDown},
      {Verdict::kHang, ExitCode::kPeerDown},
      {Verdict::kLeak, ExitCode::kPeerDown},
      {Verdict::kXfail, ExitCode::kAsExpected},
      {Verdict::kXpass, ExitCode::kNonconforming},
      {Verdict::kSkip, ExitCode::kAllSkipped},
      {Verdict::kAmbig, ExitCode::kAsExpected},
      {Verdict::kBroken, ExitCode::kNotTrusted},
  };
  for (const auto& [verdict, code] : rows) {
    EXPECT_EQ(ExitCodeOf(RunOfOne(verdict)), code) << ToString(verdict);
  }
}

TEST(ExitCode, GraverWins) {
  const ExitCode in_order[] = {ExitCode::kAsExpected,    ExitCode::kAllSkipped,
                               ExitCode::kNonconforming, ExitCode::kPeerDown,
                               ExitCode::kNotTrusted,    ExitCode::kUsage};
  for (std::size_t a = 0; a < 6; ++a) {
    for (std::size_t b = 0; b < 6; ++b) {
      EXPECT_EQ(Graver(in_order[a], in_order[b]), in_order[std::max(a, b)]);
    }
  }
}

TEST(ExitCode, OfSeveralCases) {
  EXPECT_EQ(ExitCodeOf(GoodRun()), ExitCode::kAsExpected);
  EXPECT_EQ(ExitCodeOf(EveryVerdict()), ExitCode::kNotTrusted);
  RunResult run = GoodRun();
  run.cases[0].verdict = Verdict::kFail;
  run.cases[1].verdict = Verdict::kHang;
  EXPECT_EQ(ExitCodeOf(run), ExitCode::kPeerDown);
}

TEST(ExitCode, ClaimedSkipIsNonconforming) {
  RunResult run = GoodRun();
  run.cases[2].claimed = true;
  EXPECT_EQ(ExitCodeOf(run), ExitCode::kNonconforming);
  RunResult only = RunOfOne(Verdict::kSkip);
  only.cases[0].claimed = true;
  EXPECT_EQ(ExitCodeOf(only), ExitCode::kNonconforming);
}

TEST(ExitCode, SkipWithoutAReasonIsNotTrusted) {
  RunResult run = GoodRun();
  run.cases[2].reason.clear();
  EXPECT_EQ(ExitCodeOf(run), ExitCode::kNotTrusted);
  EXPECT_THAT(WhyNotTrusted(run), HasSubstr("Mq.Counts"));
}

TEST(ExitCode, NothingSelectedIsNotTrusted) {
  EXPECT_EQ(ExitCodeOf(RunResult{}), ExitCode::kNotTrusted);
  EXPECT_THAT(WhyNotTrusted(RunResult{}), HasSubstr("vuspec list"));
}

TEST(ExitCode, StaleExpectationIsNonconforming) {
  RunResult run = GoodRun();
  run.expectation_errors.push_back("x.toml:1:1: expired");
  EXPECT_EQ(ExitCodeOf(run), ExitCode::kNonconforming);
}

TEST(ExitCode, TroubleOfOursIsNotTrustedAndOfThePeerIsThePeers) {
  RunResult run = GoodRun();
  run.trouble = "something";
  EXPECT_EQ(ExitCodeOf(run), ExitCode::kNotTrusted);
  run.trouble_verdict = Verdict::kLeak;
  EXPECT_EQ(ExitCodeOf(run), ExitCode::kPeerDown);
  // At the start there is one diagnosis instead of results.
  run.cases.clear();
  EXPECT_EQ(ExitCodeOf(run), ExitCode::kPeerDown);
  // In the middle of a run, what is missing is missing.
  run.cases = GoodRun().cases;
  run.selected = 5;
  EXPECT_EQ(ExitCodeOf(run), ExitCode::kNotTrusted);
}

TEST(ExitCode, TableNamesEveryCode) {
  for (const char* start :
       {"    0  ", "    1  ", "    2  ", "    3  ", "    4  ", "   77  "}) {
    EXPECT_THAT(ExitCodeTable(), HasSubstr(start));
  }
}

TEST(Repro, RepeatsWhatMatters) {
  EXPECT_EQ(ReproCommand(EveryVerdict(), "Ring.Stops"),
            "vuspec run Ring.Stops --seed 7 --device blk -- './my backend' "
            "--socket={socket}");
  EXPECT_EQ(ReproCommand(GoodRun(), "Ring.Stops"),
            "vuspec run Ring.Stops --seed 1");
}

TEST(ShellQuote, SurvivesAShell) {
  for (const std::string word : {"", "plain-1.2/{socket}", "two words", "it's",
                                 "$HOME", "a\nb", "*", "\"", "\\"}) {
    const CommandResult echoed =
        RunCommand("printf '<%s>' " + ShellQuote(word));
    EXPECT_EQ(echoed.output, "<" + word + ">");
  }
}

}  // namespace
}  // namespace vuspec
