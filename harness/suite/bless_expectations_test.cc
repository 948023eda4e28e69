#include "harness/suite/bless_expectations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vuspec {
namespace {

using testing::HasSubstr;

constexpr char kFile[] = R"(# What toys do wrong.

# Seen by everybody.
[[xfail]]
cases  = ["Toy.Fails"]
match  = "num=0"
reason = "loses the base"
url    = "https://example.org/1"

[[xfail]]
cases  = ["Toy.Passes"]
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
  EXPECT_EQ(blessed->text,
            std::string(kFile).substr(
                0, std::string(kFile).find("\n[[xfail]]\n"
                                           "cases  = [\"Toy.P")));
  EXPECT_EQ(blessed->kept, 1u);
  EXPECT_EQ(blessed->dropped, 1u);
  EXPECT_EQ(blessed->added, 0u);
}

TEST(BlessExpectations, ANewEntryMakesTheFileRedUntilItHasAReason) {
  const std::string text =
      Bless("", RunOf({ResultOf("Toy.SeesACrash", Verdict::kCrash,
                                "says \"no\" \\ and dies")}));
  EXPECT_THAT(text, HasSubstr("cases  = [\"Toy.SeesACrash\"]\n"));
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
      "[[xfail]]\ncases = [\"Toy.Passes*\"]\nmatch = \"late\"\nreason = "
      "\"r\"\n";
  const CaseResult late = ResultOf("Toy.Passes", Verdict::kFail, "late");
  EXPECT_EQ(
      Bless(pattern,
            RunOf({late, ResultOf("Toy.PassesToo", Verdict::kFail, "late")})),
      pattern);
  const std::string narrowed = Bless(
      pattern, RunOf({late, ResultOf("Toy.PassesToo", Verdict::kPass, "")}));
  EXPECT_EQ(narrowed,
            "[[xfail]]\ncases = [\"Toy.Passes\"]\nmatch = \"late\"\n"
            "reason = \"r\"\n");
  EXPECT_EQ(Bless(pattern, RunOf({late})), pattern) << "half of it did not run";
}

constexpr char kList[] = R"(# A list.
[[xfail]]
match  = "late"  # is part of what was seen
cases  = [  # of toys
  # Those that end.
  'Toy.Passes',       # a line
  "Toy.Fails", "Toy.SeesACrash",  # two of them
  # And \"]\" more.
  "Toy.\"Dies#]",
]  # that is all
reason = "r"
)";

CaseResult Late(const std::string& id) {
  return ResultOf(id, Verdict::kFail, "late");
}

TEST(BlessExpectations, AListThatStillMatchesStaysByteByByte) {
  EXPECT_EQ(Bless(kList, RunOf({Late("Toy.Passes"), Late("Toy.Fails"),
                                Late("Toy.SeesACrash"), Late("Toy.\"Dies#]")})),
            kList);
}

TEST(BlessExpectations, StaleCasesLeaveTheirListAndCommentsStay) {
  const auto blessed = BlessText(
      kList,
      RunOf({ResultOf("Toy.Passes", Verdict::kPass, ""), Late("Toy.Fails"),
             ResultOf("Toy.SeesACrash", Verdict::kPass, ""),
             Late("Toy.\"Dies#]")}));
  ASSERT_TRUE(blessed.ok()) << blessed.status();
  EXPECT_EQ(blessed->text, R"(# A list.
[[xfail]]
match  = "late"  # is part of what was seen
cases  = [
  # of toys
  # Those that end.
  "Toy.Fails",  # two of them
  # And \"]\" more.
  "Toy.\"Dies#]",
]  # that is all
reason = "r"
)");
  EXPECT_EQ(blessed->kept, 2u);
  EXPECT_EQ(blessed->dropped, 2u);
}

TEST(BlessExpectations, AnEntryWithoutACaseLeftGoes) {
  EXPECT_EQ(
      Bless(kList, RunOf({ResultOf("Toy.Passes", Verdict::kPass, ""),
                          ResultOf("Toy.Fails", Verdict::kPass, ""),
                          ResultOf("Toy.SeesACrash", Verdict::kPass, "")})),
      "");
}

TEST(BlessExpectations, APatternOfAListIsReplacedByWhatMatches) {
  const std::string head = "[[xfail]]\ncases = [";
  const std::string tail = "]\nmatch = \"late\"\nreason = \"r\"\n";
  EXPECT_EQ(
      Bless(head + "\"Toy.Fails\", \"Toy.Passes*\"" + tail,
            RunOf({Late("Toy.Passes"), Late("Toy.PassesToo"),
                   ResultOf("Toy.PassesLast", Verdict::kPass, "")})),
      head + "\n  \"Toy.Fails\",\n  \"Toy.Passes\",\n  \"Toy.PassesToo\",\n" +
          tail);
}

TEST(BlessExpectations, NewFailuresThatLookTheSameShareAnEntry) {
  const auto blessed = BlessText(
      kFile, RunOf({ResultOf("Toy.Fails", Verdict::kFail, "num=0"),
                    Late("Toy.Passes"), Late("Toy.Dies"),
                    ResultOf("Toy.SeesACrash", Verdict::kCrash, "signal 11"),
                    ResultOf("Toy.Leaks", Verdict::kFail, "num=0")}));
  ASSERT_TRUE(blessed.ok()) << blessed.status();
  EXPECT_EQ(blessed->text, std::string(kFile) + R"(
[[xfail]]
cases  = ["Toy.Dies"]
match  = "late"
reason = ""  # say why, and where it is written up

[[xfail]]
cases  = ["Toy.SeesACrash"]
match  = "signal 11"
reason = ""  # say why, and where it is written up

[[xfail]]
cases  = ["Toy.Leaks"]
match  = "num=0"
reason = ""  # say why, and where it is written up
)") << "and never join one that has a reason";
  EXPECT_EQ(blessed->added, 3u);
  EXPECT_THAT(Bless("", RunOf({Late("Toy.Passes"),
                               ResultOf("Toy.Fails", Verdict::kFail, "num=0"),
                               Late("Toy.Dies")})),
              HasSubstr("[[xfail]]\ncases  = [\n  \"Toy.Passes\",\n  "
                        "\"Toy.Dies\",\n]\nmatch  = \"late\"\n"));
}

TEST(BlessExpectations, AListOfLongStringsIsNotRewritten) {
  const auto blessed = BlessText(
      "[[xfail]]\ncases = [\"\"\"Toy.Fails\"\"\", \"Toy.Passes\"]\n"
      "match = \"late\"\nreason = \"r\"\n",
      RunOf({Late("Toy.Fails"), ResultOf("Toy.Passes", Verdict::kPass, "")}));
  EXPECT_EQ(blessed.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(blessed.status().message()),
              HasSubstr("e.toml:2:10: only a list of one-line strings"));
}

TEST(BlessExpectations, RacesAndExpiredEntriesAreLeftToTheirReader) {
  for (const char* more : {"sometimes = true\n", "until = 2026-06-30\n"}) {
    const std::string entry =
        "[[xfail]]\ncases = [\"Toy.Fails\"]\nmatch = \"late\"\nreason = "
        "\"r\"\n" +
        std::string(more);
    EXPECT_EQ(Bless(entry, RunOf({ResultOf("Toy.Fails", Verdict::kPass, "")})),
              entry);
  }
}

TEST(BlessExpectations, AnExpiredEntryIsNotDoubled) {
  const std::string entry =
      "[[xfail]]\ncases = [\"Toy.Fails\"]\nmatch = \"late\"\nreason = \"r\"\n"
      "until = 2026-06-30\n";
  EXPECT_EQ(
      Bless(entry, RunOf({ResultOf("Toy.Fails", Verdict::kFail, "late")})),
      entry);
}

TEST(BlessExpectations, InlineTablesAreNotRewritten) {
  const auto blessed = BlessText(
      "xfail = [{cases = [\"Toy.Fails\"], match = \"x\", reason = \"y\"}]\n",
      RunOf({}));
  EXPECT_EQ(blessed.status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace vuspec
