#include "harness/peer/expectations.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vuspec {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pointee;
using testing::SizeIs;

constexpr ConfigDate kToday = {.year = 2026, .month = 6, .day = 30};

constexpr char kTwo[] =
    "[[xfail]]\ncases = ['Ring.Kick']\nmatch = 'no used entry'\n"
    "reason = 'lost kick'\nurl = 'https://example.org/1'\n"
    "[[xfail]]\ncases = ['Malformed*']\nmatch = 'Acked'\nreason = 'lenient'\n"
    "until = 2026-06-30\n";

Expectations Parsed(const std::string& text, ConfigDate today = kToday) {
  auto expectations = Expectations::Parse(text, "e.toml", today);
  EXPECT_TRUE(expectations.ok()) << expectations.status();
  return *std::move(expectations);
}

std::string ErrorOf(const std::string& text) {
  return std::string(
      Expectations::Parse(text, "e.toml", kToday).status().message());
}

TEST(Expectations, MatchNeedsTheCaseAndTheObservation) {
  Expectations expectations = Parsed(kTwo);
  EXPECT_EQ(expectations.Match("Ring.Kick", "crashed"), nullptr);
  EXPECT_EQ(expectations.Match("Ring.Kicks", "no used entry"), nullptr);
  const Xfail* xfail =
      expectations.Match("Ring.Kick", "saw no used entry in 2 s");
  ASSERT_NE(xfail, nullptr);
  EXPECT_EQ(xfail->reason, "lost kick");
  EXPECT_EQ(xfail->url, "https://example.org/1");
  EXPECT_THAT(xfail->where, HasSubstr("e.toml:2:10"));
}

TEST(Expectations, APatternCoversManyCases) {
  Expectations expectations = Parsed(kTwo);
  EXPECT_NE(expectations.Match("Malformed.Short/SET_OWNER", "Acked"), nullptr);
  EXPECT_EQ(expectations.Match("NotMalformed", "Acked"), nullptr);
}

TEST(Expectations, EachCaseOfAListIsJudgedForItself) {
  constexpr char kList[] =
      "[[xfail]]\ncases = [\n  'Ring.Kick',\n  'Ring.Call', 'Log.*',\n]\n"
      "match = 'late'\nreason = 'r'\nuntil = 2026-06-30\n"
      "[[xfail]]\ncases = ['Ring.Kick']\nmatch = 'late'\nreason = 'other'\n";
  Expectations expectations = Parsed(kList);
  const Xfail* kick = expectations.Match("Ring.Kick", "too late");
  ASSERT_NE(kick, nullptr);
  EXPECT_EQ(kick->reason, "r") << "the first that fits";
  EXPECT_NE(expectations.Match("Log.Size", "too late"), nullptr);
  EXPECT_EQ(expectations.Match("Ring.Call", "never"), nullptr);
  EXPECT_THAT(
      expectations.Unmatched(),
      ElementsAre(Pointee(AllOf(Field(&Xfail::case_pattern, "Ring.Call"),
                                Field(&Xfail::where, "e.toml:4:3"),
                                Field(&Xfail::entry, 0u))),
                  Pointee(AllOf(Field(&Xfail::case_pattern, "Ring.Kick"),
                                Field(&Xfail::where, "e.toml:10:10"),
                                Field(&Xfail::entry, 1u)))));
  EXPECT_THAT(expectations.ForCase("Ring.Call"), SizeIs(1));
  EXPECT_THAT(Parsed(kList, {.year = 2026, .month = 7, .day = 1}).Expired(),
              SizeIs(3));
}

TEST(Expectations, WhatMatchedNothingIsReported) {
  Expectations expectations = Parsed(kTwo);
  EXPECT_THAT(expectations.Unmatched(), SizeIs(2));
  expectations.Match("Ring.Kick", "no used entry");
  ASSERT_THAT(expectations.Unmatched(), SizeIs(1));
  EXPECT_EQ(expectations.Unmatched()[0]->case_pattern, "Malformed*");
}

TEST(Expectations, ThoseOfACaseAreFoundWithoutUsingThem) {
  const Expectations expectations = Parsed(kTwo);
  EXPECT_THAT(expectations.ForCase("Ring.Kick"), SizeIs(1));
  EXPECT_THAT(expectations.ForCase("Other"), IsEmpty());
  EXPECT_THAT(expectations.Unmatched(), SizeIs(2));
}

TEST(Expectations, AnEntryHoldsUntilItsDayAndIsReportedAfter) {
  Expectations today = Parsed(kTwo);
  EXPECT_THAT(today.Expired(), IsEmpty());
  Expectations later = Parsed(kTwo, {.year = 2026, .month = 7, .day = 1});
  ASSERT_THAT(later.Expired(), SizeIs(1));
  EXPECT_EQ(later.Expired()[0]->case_pattern, "Malformed*");
  EXPECT_EQ(later.Match("Malformed.X", "Acked"), nullptr);
  EXPECT_THAT(later.Unmatched(), SizeIs(1));
}

TEST(Expectations, ReasonCaseAndMatchAreRequired) {
  EXPECT_THAT(ErrorOf("[[xfail]]\ncases = ['a']\nmatch = 'b'\n"),
              HasSubstr("xfail.reason: is required"));
  EXPECT_THAT(ErrorOf("[[xfail]]\ncases = ['a']\nreason = 'b'\n"),
              HasSubstr("xfail.match: is required"));
  EXPECT_THAT(ErrorOf("[[xfail]]\nmatch = 'a'\nreason = 'b'\n"),
              HasSubstr("e.toml:1:1: xfail.cases: must hold at least one"));
}

TEST(Expectations, AnEntryNamesAtLeastOneCaseAndNoEmptyOne) {
  for (const char* cases : {"[]", "['']", "['a', '']"}) {
    EXPECT_THAT(ErrorOf(std::string("[[xfail]]\ncases = ") + cases +
                        "\nmatch = 'b'\nreason = 'c'\n"),
                HasSubstr("e.toml:2:9: xfail.cases: must hold at least one "
                          "text, and no empty one"));
  }
  EXPECT_THAT(ErrorOf("[[xfail]]\ncases = 'a'\n"),
              HasSubstr("xfail.cases: must be an array of strings"));
}

TEST(Expectations, OneCaseIsAListOfOne) {
  EXPECT_EQ(ErrorOf("[[xfail]]\ncase = 'a'\nmatch = 'b'\nreason = 'c'\n"),
            "e.toml:2:1: xfail.case: is a list now: write "
            "cases = [\"Suite.Name\"]");
}

TEST(Expectations, UnknownKeysAreErrors) {
  EXPECT_THAT(ErrorOf("[[xfial]]\n"), HasSubstr("xfial: unknown key"));
  EXPECT_THAT(ErrorOf(std::string(kTwo) + "why = 'x'\n"),
              HasSubstr("e.toml:11:1: xfail.why: unknown key"));
}

TEST(Expectations, AnEmptyFileExpectsNothing) {
  EXPECT_THAT(Parsed("").Unmatched(), IsEmpty());
}

TEST(ExpectationsTest, ARaceMayPassOrFail) {
  auto expectations = Expectations::Parse(
      "[[xfail]]\ncases = [\"A.B\"]\nmatch = \"late\"\nreason = \"a race\"\n"
      "sometimes = true\n",
      "race.toml", TodayUtc());
  ASSERT_TRUE(expectations.ok()) << expectations.status();
  EXPECT_TRUE(expectations->ForCase("A.B").empty());
  EXPECT_TRUE(expectations->Unmatched().empty());
  EXPECT_NE(expectations->Match("A.B", "too late"), nullptr);
}

}  // namespace
}  // namespace vuspec
