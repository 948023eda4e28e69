#include "harness/cli/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vuspec {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(Options, RunTakesEverything) {
  const ParsedCommandLine parsed = ParseCommandLine(
      {"run",  "Ring.*",    "Mq.*",     "--filter", "A.B", "--level",
       "must", "--device",  "net",      "--jobs",   "3",   "--seed",
       "7",    "--out",     "o",        "--json",   "j",   "--junit",
       "x",    "--expect",  "e",        "--shard",  "2/4", "--timings",
       "-v",   "--fault",   "F1",       "--fault",  "F2",  "--deadline-ms",
       "300",  "--shuffle", "--mutate", "slow"});
  ASSERT_TRUE(parsed.options.has_value()) << parsed.text;
  const auto& run = std::get<RunOptions>(*parsed.options);
  EXPECT_THAT(run.filters,
              testing::UnorderedElementsAre("Ring.*", "Mq.*", "A.B"));
  EXPECT_EQ(run.level, "must");
  EXPECT_EQ(run.target.device, "net");
  EXPECT_EQ(run.jobs, 3);
  EXPECT_EQ(run.seed, 7u);
  EXPECT_EQ(run.out, "o");
  EXPECT_EQ(run.json, "j");
  EXPECT_EQ(run.junit, "x");
  EXPECT_EQ(run.expect, "e");
  EXPECT_EQ(run.shard, "2/4");
  EXPECT_TRUE(run.timings);
  EXPECT_TRUE(run.verbose);
  EXPECT_TRUE(run.shuffle);
  EXPECT_EQ(run.mutate, "slow");
  EXPECT_THAT(run.target.faults, ElementsAre("F1", "F2"));
  EXPECT_EQ(run.target.deadline_ms, 300);
  EXPECT_FALSE(run.target.has_command);
}

TEST(Options, WhatFollowsTheDashesBelongsToThePeer) {
  const ParsedCommandLine parsed = ParseCommandLine(
      {"run", "--seed", "7", "--", "./b", "--level", "x", "--", "{socket}"});
  ASSERT_TRUE(parsed.options.has_value()) << parsed.text;
  const auto& run = std::get<RunOptions>(*parsed.options);
  EXPECT_TRUE(run.target.has_command);
  EXPECT_THAT(run.target.command,
              ElementsAre("./b", "--level", "x", "--", "{socket}"));
}

TEST(Options, AFilterDoesNotSwallowTheNextOption) {
  const ParsedCommandLine parsed =
      ParseCommandLine({"run", "--fault", "F1", "Ring.*"});
  ASSERT_TRUE(parsed.options.has_value()) << parsed.text;
  const auto& run = std::get<RunOptions>(*parsed.options);
  EXPECT_THAT(run.target.faults, ElementsAre("F1"));
  EXPECT_THAT(run.filters, ElementsAre("Ring.*"));
}

TEST(Options, MistakesAreUsageErrorsThatSayWhereToLook) {
  const std::vector<std::vector<std::string>> mistakes = {
      {},
      {"frob"},
      {"run", "--frob"},
      {"run", "--level", "all"},
      {"run", "--device", "scsi"},
      {"run", "--jobs", "0"},
      {"run", "--jobs", "many"},
      {"run", "--seed", "-1"},
      {"run", "--deadline-ms", "0"},
      {"run", "--peer", "a.toml", "--socket", "b"},
      {"list", "--faults", "--requirements"},
      {"list", "--", "x"},
      {"explain"},
      {"serve"},
      {"serve", "--socket", "s", "--device", "fs"},
      {"replay"},
  };
  for (const auto& mistake : mistakes) {
    const ParsedCommandLine parsed = ParseCommandLine(mistake);
    const std::string shown = testing::PrintToString(mistake);
    EXPECT_FALSE(parsed.options.has_value()) << shown;
    EXPECT_EQ(parsed.exit_code, 2) << shown;
    EXPECT_THAT(parsed.text, AllOf(HasSubstr("vuspec: "), HasSubstr("--help")))
        << shown;
  }
}

TEST(Options, HelpOfEachCommandHasExamples) {
  for (const char* command :
       {"run", "list", "explain", "probe", "serve", "replay"}) {
    const ParsedCommandLine parsed = ParseCommandLine({command, "--help"});
    EXPECT_EQ(parsed.exit_code, 0);
    EXPECT_THAT(parsed.text, HasSubstr("Examples:"));
    EXPECT_THAT(parsed.text, HasSubstr(std::string("vuspec ") + command));
  }
}

TEST(Options, HelpHasOneExitCodeTable) {
  const std::string text = ParseCommandLine({"--help"}).text;
  const std::size_t first = text.find("Exit codes");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(text.find("Exit codes", first + 1), std::string::npos);
  for (const char* row :
       {"    0  ", "    1  ", "    2  ", "    3  ", "    4  ", "   77  "}) {
    EXPECT_THAT(text, HasSubstr(row));
  }
}

TEST(Options, VersionIsOneLine) {
  const ParsedCommandLine parsed = ParseCommandLine({"--version"});
  EXPECT_EQ(parsed.exit_code, 0);
  EXPECT_THAT(parsed.text, testing::MatchesRegex("vuspec [0-9.]+\n"));
}

}  // namespace
}  // namespace vuspec
