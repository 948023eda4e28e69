#include "harness/suite/apply_expectations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/report/summary.h"

namespace vuspec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Expectations Parse(const std::string& text) {
  const auto parsed =
      Expectations::Parse(text, "peer.expect.toml", ConfigDate{2026, 7, 1});
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() ? *parsed : Expectations();
}

RunResult RunOf(Verdict verdict, const std::string& reason) {
  RunResult run;
  CaseResult result;
  result.id = "Toy.Fails";
  result.verdict = verdict;
  result.reason = reason;
  run.cases.push_back(result);
  run.selected = 1;
  return run;
}

constexpr const char* kLostBase = R"(
  [[xfail]]
  cases = ["Toy.Fails"]
  match = "num=0"
  reason = "loses the base"
)";

TEST(ApplyExpectations, ExpectedFailureIsXfail) {
  for (const Verdict verdict :
       {Verdict::kFail, Verdict::kCrash, Verdict::kHang, Verdict::kLeak}) {
    Expectations expectations = Parse(kLostBase);
    RunResult run = RunOf(verdict, "observed num=0");
    ApplyExpectations(expectations, run);
    EXPECT_EQ(run.cases[0].verdict, Verdict::kXfail);
    EXPECT_THAT(run.cases[0].reason, HasSubstr("loses the base"));
    EXPECT_THAT(run.expectation_errors, IsEmpty());
    EXPECT_EQ(ExitCodeOf(run), ExitCode::kAsExpected);
  }
}

TEST(ApplyExpectations, OtherFailureStaysAFailureAndTheEntryIsStale) {
  Expectations expectations = Parse(kLostBase);
  RunResult run = RunOf(Verdict::kFail, "num=7");
  ApplyExpectations(expectations, run);
  EXPECT_EQ(run.cases[0].verdict, Verdict::kFail);
  EXPECT_THAT(run.expectation_errors,
              ElementsAre(HasSubstr("Toy.Fails with \"num=0\" matched nothing "
                                    "(Toy.Fails is FAIL)")));
}

TEST(ApplyExpectations, PassIsXpassAndComplainedAboutOnce) {
  Expectations expectations = Parse(kLostBase);
  RunResult run = RunOf(Verdict::kPass, "");
  ApplyExpectations(expectations, run);
  EXPECT_EQ(run.cases[0].verdict, Verdict::kXpass);
  EXPECT_THAT(run.cases[0].reason, HasSubstr("peer.expect.toml:"));
  EXPECT_THAT(run.expectation_errors, IsEmpty());
  EXPECT_EQ(ExitCodeOf(run), ExitCode::kNonconforming);
}

TEST(ApplyExpectations, BrokenAndSkippedAreNeverExpected) {
  for (const Verdict verdict : {Verdict::kBroken, Verdict::kSkip}) {
    Expectations expectations = Parse(kLostBase);
    RunResult run = RunOf(verdict, "num=0");
    ApplyExpectations(expectations, run);
    EXPECT_EQ(run.cases[0].verdict, verdict);
    EXPECT_THAT(run.expectation_errors, ElementsAre(HasSubstr("matched")));
  }
}

TEST(ApplyExpectations, EntryForACaseThatDoesNotExistIsAnError) {
  Expectations expectations = Parse(R"(
    [[xfail]]
    cases = ["Toy.Renamed"]
    match = "x"
    reason = "y"
  )");
  RunResult run = RunOf(Verdict::kFail, "num=7");
  ApplyExpectations(expectations, run);
  EXPECT_THAT(run.expectation_errors,
              ElementsAre(HasSubstr("no case is called \"Toy.Renamed\"")));
}

TEST(ApplyExpectations, StaleCasesOfAListAreNamedOneByOne) {
  Expectations expectations = Parse(R"(
    [[xfail]]
    cases = [
      "Toy.Fails",
      "Toy.Renamed", "Toy.F*",
    ]
    match = "num=0"
    reason = "loses the base"
  )");
  RunResult run = RunOf(Verdict::kFail, "num=0");
  ApplyExpectations(expectations, run);
  EXPECT_EQ(run.cases[0].verdict, Verdict::kXfail);
  EXPECT_THAT(
      run.expectation_errors,
      ElementsAre(
          HasSubstr("peer.expect.toml:5:7: no case is called \"Toy.Renamed\""),
          HasSubstr("peer.expect.toml:5:22: Toy.F* with \"num=0\" matched")));
}

TEST(ApplyExpectations, EntryForACaseOutsideOfThisRunIsLeftAlone) {
  Expectations expectations = Parse(R"(
    [[xfail]]
    cases = ["Toy.Dies"]
    match = "x"
    reason = "y"
  )");
  RunResult run = RunOf(Verdict::kFail, "num=7");
  ApplyExpectations(expectations, run);
  EXPECT_THAT(run.expectation_errors, IsEmpty());
}

TEST(ApplyExpectations, ExpiredEntryIsAnErrorAndExpectsNothing) {
  Expectations expectations =
      Parse(std::string(kLostBase) + "  until = 2026-06-30\n");
  RunResult run = RunOf(Verdict::kFail, "num=0");
  ApplyExpectations(expectations, run);
  EXPECT_EQ(run.cases[0].verdict, Verdict::kFail);
  EXPECT_THAT(run.expectation_errors, ElementsAre(HasSubstr("2026-06-30")));
  EXPECT_EQ(ExitCodeOf(run), ExitCode::kNonconforming);
}

TEST(MatchesGlob, StarsAndQuestionMarks) {
  EXPECT_TRUE(MatchesGlob("*", ""));
  EXPECT_TRUE(MatchesGlob("*", "Ring.Stops"));
  EXPECT_TRUE(MatchesGlob("Ring.*", "Ring.Stops"));
  EXPECT_TRUE(MatchesGlob("*Stops", "Ring.Stops"));
  EXPECT_TRUE(MatchesGlob("*ab", "aab"));
  EXPECT_TRUE(MatchesGlob("R*.S*s", "Ring.Stops"));
  EXPECT_TRUE(MatchesGlob("Ring.Stop?", "Ring.Stops"));
  EXPECT_FALSE(MatchesGlob("Ring", "Ring.Stops"));
  EXPECT_FALSE(MatchesGlob("", "Ring.Stops"));
  EXPECT_FALSE(MatchesGlob("Ring.Stop??", "Ring.Stops"));
  EXPECT_FALSE(MatchesGlob("ring.*", "Ring.Stops"));
}

}  // namespace
}  // namespace vuspec
