#include "harness/suite/bless_expectations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vuspec {
namespace {

using testing::HasSubstr;

constexpr char kFile[] = R"(# What toys do wrong.

# Seen by everybody.
[[xfail]]
case   = "Toy.Fails"
match  = "num=0"
reason = "loses the base"
url    = "https://example.org/1"

[[xfail]]
case   = "Toy.Passes"
match  = "late"
reason = "was late once"
)";

CaseResult ResultOf(const std::string& id, Verdict verdict,
                    const std::string& reason) {
  CaseResult result;
  result.id = id;
  result.verdict = verdict;
  result.reason = reason;
  return result;
}

RunResult RunOf(std::vector<CaseResult> cases) {
  RunResult run;
  run.selected = cases.size();
  run.cases = std::move(cases);
  return run;
}

absl::StatusOr<Blessed> BlessText(const std::string& text,
                                  const RunResult& run) {
  auto expectations =
      Expectations::Parse(text, "e.toml", ConfigDate{2026, 7, 1});
  EXPECT_TRUE(expectations.ok()) << expectations.status();
  return BlessExpectations(text, *expectations, run);
}

std::string Bless(const std::string& text, const RunResult& run) {
  const auto blessed = BlessText(text, run);
  EXPECT_TRUE(blessed.ok()) << blessed.status();
  return blessed.ok() ? blessed->text : "";
}

TEST(BlessExpectations, KeepsWhatMatchesAndDropsWhatIsStale) {
  const auto blessed =
      BlessText(kFile, RunOf({ResultOf("Toy.Fails", Verdict::kFail, "num=0"),
                              ResultOf("Toy.Passes", Verdict::kPass, "")}));
  ASSERT_TRUE(blessed.ok());
  EXPECT_EQ(blessed->text, std::string(kFile).substr(
                               0, std::string(kFile).find("\n[[xfail]]\n"
                                                          "case   = \"Toy.P")));
  EXPECT_EQ(blessed->kept, 1u);
  EXPECT_EQ(blessed->dropped, 1u);
  EXPECT_EQ(blessed->added, 0u);
}

TEST(BlessExpectations, ANewEntryMakesTheFileRedUntilItHasAReason) {
  const std::string text =
      Bless("", RunOf({ResultOf("Toy.SeesACrash", Verdict::kCrash,
                                "says \"no\" \\ and dies")}));
  EXPECT_THAT(text, HasSubstr("case   = \"Toy.SeesACrash\"\n"));
  const ConfigDate today = {2026, 7, 1};
  EXPECT_THAT(
      std::string(
          Expectations::Parse(text, "e.toml", today).status().message()),
      HasSubstr("xfail.reason: is required"));
  std::string filled = text;
  filled.replace(filled.find("\"\"  #"), 2, "\"it dies\"");
  auto parsed = Expectations::Parse(filled, "e.toml", today);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_NE(parsed->Match("Toy.SeesACrash", "says \"no\" \\ and dies"),
            nullptr);
}

TEST(BlessExpectations, AFailureOfAnotherKindReplacesTheEntry) {
  const std::string text =
      Bless(kFile, RunOf({ResultOf("Toy.Fails", Verdict::kFail, "num=7")}));
  EXPECT_THAT(text, testing::Not(HasSubstr("loses the base")));
  EXPECT_THAT(text, HasSubstr("match  = \"num=7\"\nreason = \"\""));
  EXPECT_THAT(text, HasSubstr("was late once")) << "of a case that did not run";
}

TEST(BlessExpectations, APatternIsTakenApartWhereSomeOfItPasses) {
  const std::string pattern =
      "[[xfail]]\ncase = \"Toy.Passes*\"\nmatch = \"late\"\nreason = \"r\"\n";
  const CaseResult late = ResultOf("Toy.Passes", Verdict::kFail, "late");
  EXPECT_EQ(
      Bless(pattern,
            RunOf({late, ResultOf("Toy.PassesToo", Verdict::kFail, "late")})),
      pattern);
  const std::string narrowed = Bless(
      pattern, RunOf({late, ResultOf("Toy.PassesToo", Verdict::kPass, "")}));
  EXPECT_EQ(narrowed,
            "[[xfail]]\ncase   = \"Toy.Passes\"\nmatch = \"late\"\n"
            "reason = \"r\"\n");
  EXPECT_EQ(Bless(pattern, RunOf({late})), pattern) << "half of it did not run";
}

TEST(BlessExpectations, RacesAndExpiredEntriesAreLeftToTheirReader) {
  for (const char* more : {"sometimes = true\n", "until = 2026-06-30\n"}) {
    const std::string entry =
        "[[xfail]]\ncase = \"Toy.Fails\"\nmatch = \"late\"\nreason = \"r\"\n" +
        std::string(more);
    EXPECT_EQ(Bless(entry, RunOf({ResultOf("Toy.Fails", Verdict::kPass, "")})),
              entry);
  }
}

TEST(BlessExpectations, AnExpiredEntryIsNotDoubled) {
  const std::string entry =
      "[[xfail]]\ncase = \"Toy.Fails\"\nmatch = \"late\"\nreason = \"r\"\n"
      "until = 2026-06-30\n";
  EXPECT_EQ(
      Bless(entry, RunOf({ResultOf("Toy.Fails", Verdict::kFail, "late")})),
      entry);
}

TEST(BlessExpectations, InlineTablesAreNotRewritten) {
  const auto blessed = BlessText(
      "xfail = [{case = \"Toy.Fails\", match = \"x\", reason = \"y\"}]\n",
      RunOf({}));
  EXPECT_EQ(blessed.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace vuspec
