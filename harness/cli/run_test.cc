// The whole program, from the command line to the exit code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/cli/program.h"
#include "harness/report/report_examples.h"

namespace vuspec {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

TEST(Run, ExitCodesOfTheMock) {
  const std::pair<std::vector<std::string>, int> rows[] = {
      {{"Toy.Passes", "Toy.Skips", "Toy.IsAmbiguous"}, 0},
      {{"Toy.Passes", "Toy.Fails"}, 1},
      {{"Toy.Passes", "Toy.SkipsAClaim"}, 1},
      {{"Toy.SeesACrash"}, 3},
      {{"Toy.SeesAHang", "Toy.Fails"}, 3},
      {{"Toy.SeesALeak"}, 3},
      {{"Toy.Throws"}, 4},
      {{"Toy.Dies", "Toy.SeesACrash"}, 4},
      {{"Toy.Skips"}, 77},
  };
  for (const auto& [cases, code] : rows) {
    std::vector<std::string> arguments = {"run"};
    arguments.insert(arguments.end(), cases.begin(), cases.end());
    const Ended ended = Vuspec(arguments);
    EXPECT_EQ(ended.code, code) << ended.out << ended.err;
    EXPECT_THAT(ended.out,
                HasSubstr(std::to_string(cases.size()) + " selected = "));
  }
}

TEST(Run, DeadWorkerIsBrokenAndTheRestRuns) {
  const Ended ended = Vuspec({"run", "Toy.Dies", "Toy.Passes*", "--jobs", "2"});
  EXPECT_EQ(ended.code, 4);
  EXPECT_THAT(ended.out,
              HasSubstr("3 selected = 2 passed + 1 BROKEN + 0 skipped"));
  EXPECT_THAT(ended.out, HasSubstr("signal 9"));
}

TEST(Run, FilterThatSelectsNothingSaysSo) {
  const Ended ended = Vuspec({"run", "Toy.Pass"});
  EXPECT_EQ(ended.code, 4);
  EXPECT_THAT(ended.err, HasSubstr("Toy.Pass: no such case; did you mean "
                                   "Toy.Passes"));
  EXPECT_THAT(ended.out, HasSubstr("0 selected = 0 passed"));
}

TEST(Run, UnwritableReportIsKnownBeforeTheRun) {
  const TempFolder folder;
  const std::string path = folder.path() + "/no/folder/x";
  for (const char* option : {"--json", "--junit"}) {
    const Ended ended = Vuspec({"run", "Toy.Passes", option, path});
    EXPECT_EQ(ended.code, 4);
    EXPECT_THAT(ended.err, AllOf(HasSubstr(path), HasSubstr("choose a place")));
    EXPECT_EQ(ended.out, "");
  }
  const std::string file = folder.Write("taken", "x");
  EXPECT_EQ(Vuspec({"run", "Toy.Passes", "--out", file}).code, 4);
}

TEST(Run, FullDiskIsNotAPass) {
  const Ended ended = Vuspec({"run", "Toy.Passes", "--json", "/dev/full"});
  EXPECT_EQ(ended.code, 4);
  EXPECT_THAT(ended.err, HasSubstr("/dev/full"));
  EXPECT_THAT(ended.out, HasSubstr("1 selected = 1 passed"));
}

TEST(Run, UsageErrorsSayWhatToDo) {
  const TempFolder folder;
  const std::string unknown_key =
      folder.Write("p.toml",
                   "name = \"x\"\nfrobs = 1\n"
                   "[spawn]\nargv = [\"x\", \"{socket}\"]\n");
  const std::string bad_expectations = folder.Write("e.toml", "[[xfoul]]\n");
  const std::pair<std::vector<std::string>, const char*> rows[] = {
      {{"run", "--fault", "AckMising"}, "did you mean"},
      {{"run", "--peer", unknown_key}, "frobs"},
      {{"run", "--peer", folder.path() + "/none.toml"}, "none.toml"},
      {{"run", "--", "./backend"}, "{socket}"},
      {{"run", "--"}, "{socket}"},
      {{"run", "--expect", bad_expectations}, "xfoul"},
      {{"run", "--device", "fs"}, "--device blk, net or gpu"},
      {{"run", "--shard", "5/4"}, "I/N"},
      {{"run", "--level", "most"}, "--help"},
      {{"run", "--socket", "s", "--jobs", "2"}, "--jobs"},
      {{"run", "--socket", "s", "--fault", "AckMissing"}, "--fault"},
      {{"run", "--socket", "s", "--", "b", "{socket}"}, "more than one"},
      {{"explain", "HDR-033"}, "did you mean HDR-"},
      {{"serve", "--socket", "s", "--fault", "Frob"}, "list --faults"},
      {{"replay", "/no/such.vu"}, "/no/such.vu"},
  };
  for (const auto& [arguments, hint] : rows) {
    const Ended ended = Vuspec(arguments);
    const std::string shown = testing::PrintToString(arguments);
    EXPECT_EQ(ended.code, 2) << shown << ended.out << ended.err;
    EXPECT_THAT(ended.err, AllOf(StartsWith("vuspec: "), HasSubstr(hint)))
        << shown;
    EXPECT_EQ(ended.out, "") << shown;
  }
}

TEST(Run, PeerThatCannotStartIsOneDiagnosis) {
  for (const char* program : {"/no/such/program", "/bin/false"}) {
    const Ended ended =
        Vuspec({"run", "Toy.Passes", "Toy.Fails", "--", program, "{socket}"});
    EXPECT_EQ(ended.code, 4) << ended.out << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("TROUBLE  "));
    EXPECT_THAT(ended.out,
                HasSubstr("2 selected = 0 passed + 0 skipped + 2 NOT RUN"));
  }
}

// The toy program as the peer of itself, with a defect.
std::vector<std::string> RunDefective(const char* fault) {
  return {"run",      "Toy.Passes", "Toy.PassesToo", "--deadline-ms",
          "300",      "--",         VUSPEC_PROGRAM,  "serve",
          "--socket", "{socket}",   "--fault",       fault};
}

TEST(Run, HungPeerIsOneDiagnosis) {
  const Ended ended = Vuspec(RunDefective("NeverAnswers"));
  EXPECT_EQ(ended.code, 3) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("TROUBLE  the peer: HANG, no answer to "
                                   "GET_FEATURES in 300 ms"));
  EXPECT_THAT(ended.out,
              HasSubstr("2 selected = 0 passed + 0 skipped + 2 NOT RUN"));
}

TEST(Run, PeerThatDiesInThePreflightIsSeenThoughCasesPass) {
  const Ended ended = Vuspec(RunDefective("AbortsOnGetQueueNum"));
  EXPECT_EQ(ended.code, 3) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("TROUBLE  the peer: CRASH, down when asked "
                                   "for features and limits: "));
  EXPECT_THAT(ended.out, HasSubstr("2 selected = 2 passed + 0 skipped"));
}

TEST(Run, KilledPeerIsOneDiagnosis) {
  const TempFolder folder;
  // Listens, and is killed as soon as somebody connects.
  const std::string script =
      folder.Write("peer.py",
                   "import os, signal, socket, sys\n"
                   "s = socket.socket(socket.AF_UNIX)\n"
                   "s.bind(sys.argv[1])\ns.listen()\nc = s.accept()\n"
                   "os.kill(os.getpid(), signal.SIGKILL)\n");
  const Ended ended =
      Vuspec({"run", "Toy.Passes", "--", "python3", script, "{socket}"});
  EXPECT_EQ(ended.code, 3) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("TROUBLE  the peer: CRASH, down at the "
                                   "first GET_FEATURES: "));
}

TEST(Run, DefectOfTheMockIsForTheCasesToFind) {
  const Ended ended = Vuspec(
      {"run", "Toy.Passes", "--fault", "NeverAnswers", "--deadline-ms", "100"});
  EXPECT_THAT(ended.out, HasSubstr("1 selected = 1 passed + 0 skipped"));
  EXPECT_EQ(ended.code, 3);
}

TEST(Run, OutFolderHoldsEveryReport) {
  const TempFolder folder;
  const std::string out = folder.path() + "/out";
  const Ended ended =
      Vuspec({"run", "Toy.Fails", "Toy.Passes", "--seed", "9", "--out", out});
  EXPECT_EQ(ended.code, 1);
  const json report = json::parse(ReadFile(out + "/result.json"));
  EXPECT_EQ(report["summary"]["failed"], 1);
  EXPECT_EQ(report["seed"], 9);
  EXPECT_EQ(report["cases"][1]["repro"], "vuspec run Toy.Fails --seed 9");
  EXPECT_THAT(ReadFile(out + "/junit.xml"), HasSubstr("failures=\"1\""));
  EXPECT_EQ(ReadFile(out + "/report.txt"), ended.out);
  EXPECT_EQ(ReadFile(out + "/transcripts/Toy.Fails.vu"), "one\ntwo\n");
}

TEST(Run, ExpectationsMakeARunGreenAndStaleOnesRed) {
  const TempFolder folder;
  const std::string entry =
      "[[xfail]]\ncases = [\"Toy.Fails\"]\nmatch = \"num=0\"\nreason = "
      "\"known\"\n";
  const std::string known = folder.Write("known.toml", entry);
  EXPECT_EQ(Vuspec({"run", "Toy.Fails", "--expect", known}).code, 0);
  EXPECT_EQ(Vuspec({"run", "Toy.Passes", "--expect", known}).code, 0);
  const std::string stale =
      folder.Write("stale.toml",
                   "[[xfail]]\ncases = [\"Toy.Passes\"]\nmatch = \"x\"\nreason "
                   "= \"known\"\n");
  const Ended ended = Vuspec({"run", "Toy.Passes", "--expect", stale});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.out, HasSubstr("XPASS  Toy.Passes"));
}

TEST(Run, ExpiredUnmatchedAndUnreasonedExpectationsAreRed) {
  const TempFolder folder;
  const std::string entry =
      "[[xfail]]\ncases = [\"Toy.Fails\"]\nmatch = \"num=0\"\nreason = ";
  const std::pair<std::string, int> rows[] = {
      {entry + "\"known\"\nuntil = 2999-01-01\n", 0},
      {entry + "\"known\"\nuntil = 2020-01-01\n", 1},
      {entry + "\"known\"\n[[xfail]]\ncases = [\"Toy.Fails\"]\n"
               "match = \"num=9\"\nreason = \"never\"\n",
       1},
      {entry + "\"\"\n", 2},
  };
  for (const auto& [text, code] : rows) {
    const std::string file = folder.Write("e.toml", text);
    EXPECT_EQ(Vuspec({"run", "Toy.Fails", "--expect", file}).code, code)
        << text;
  }
}

TEST(Run, BlessRewritesTheExpectations) {
  const TempFolder folder;
  const std::string file = folder.path() + "/e.toml";
  const std::vector<std::string> bless = {"run",      "Toy.Fails", "Toy.Passes",
                                          "--expect", file,        "--bless"};
  const Ended first = Vuspec(bless);
  EXPECT_EQ(first.code, 1);
  EXPECT_THAT(first.err, HasSubstr("0 kept, 0 dropped, 1 added"));
  EXPECT_EQ(Vuspec({"run", "Toy.Fails", "--expect", file}).code, 2)
      << "an entry without a reason";
  std::string text = ReadFile(file);
  text.replace(text.find("reason = \"\""), 11, "reason = \"it is a toy\"");
  folder.Write("e.toml", text);
  EXPECT_EQ(Vuspec({"run", "Toy.Fails", "--expect", file}).code, 0);
  EXPECT_THAT(Vuspec(bless).err, HasSubstr("1 kept, 0 dropped, 0 added"));
  EXPECT_EQ(ReadFile(file), text);
}

TEST(Run, BlessNeedsAFileAndARunToTrust) {
  EXPECT_EQ(Vuspec({"run", "Toy.Passes", "--bless"}).code, 2);
  const TempFolder folder;
  const std::string entry =
      "[[xfail]]\ncases = [\"Toy.Passes\"]\nmatch = \"x\"\nreason = \"y\"\n";
  const std::string file = folder.Write("e.toml", entry);
  const Ended ended =
      Vuspec({"run", "Toy.Passes", "Toy.Dies", "--expect", file, "--bless"});
  EXPECT_EQ(ended.code, 4);
  EXPECT_THAT(ended.err, HasSubstr("is left as it is"));
  EXPECT_EQ(ReadFile(file), entry);
}

TEST(Run, AmbiguitiesAreRedWhenStrict) {
  EXPECT_EQ(Vuspec({"run", "Toy.IsAmbiguous"}).code, 0);
  const Ended strict =
      Vuspec({"run", "Toy.IsAmbiguous", "--strict-ambiguities"});
  EXPECT_EQ(strict.code, 1);
  EXPECT_THAT(strict.out, HasSubstr("FAIL  Toy.IsAmbiguous"));
  EXPECT_THAT(strict.out, HasSubstr("answers with zero (AMB-second-owner)"));
  EXPECT_THAT(strict.out, HasSubstr("--seed 1 --strict-ambiguities"));
}

TEST(Run, NoTerminalMeansPlainLines) {
  const Ended ended = Vuspec({"run", "Toy.Passes", "Toy.Fails"});
  EXPECT_THAT(ended.out, Not(HasSubstr("\x1b")));
  EXPECT_EQ(ended.err, "");
}

TEST(Run, TerminalHasProgressAndColoursUnlessRefused) {
  const std::vector<std::string> arguments = {"run", "Toy.Passes", "Toy.Fails"};
  const Ended plain = VuspecOnTerminal(arguments, {{"TERM", "xterm"}});
  EXPECT_EQ(plain.code, 1);
  EXPECT_THAT(plain.out, HasSubstr("\x1b[31mFAIL\x1b[0m  Toy.Fails"));
  EXPECT_THAT(plain.out, HasSubstr("\r\x1b[K[   0/2] Toy.Passes"));
  const Ended grey =
      VuspecOnTerminal(arguments, {{"TERM", "xterm"}, {"NO_COLOR", "1"}});
  EXPECT_THAT(grey.out, HasSubstr("[   0/2] Toy.Passes"));
  EXPECT_THAT(grey.out, Not(HasSubstr("\x1b[3")));
  const Ended dumb = VuspecOnTerminal(arguments, {{"TERM", "dumb"}});
  EXPECT_THAT(dumb.out, Not(HasSubstr("\x1b")));
}

TEST(Run, ShardsPartitionTheCases) {
  std::multiset<std::string> together;
  const TempFolder folder;
  const std::string file = folder.path() + "/x.json";
  for (const char* index : {"0", "1", "2"}) {
    const Ended ended =
        Vuspec({"run", "Toy.*Pass*", "Toy.Skips*", "Toy.Sees*", "--json", file},
               {{"TEST_TOTAL_SHARDS", "3"}, {"TEST_SHARD_INDEX", index}});
    const json report = json::parse(ReadFile(file));
    for (const json& result : report["cases"]) {
      together.insert(result["id"].get<std::string>());
    }
    EXPECT_THAT(ended.out, HasSubstr("(0 not run)"));
  }
  EXPECT_EQ(together.size(), 8u);
  EXPECT_EQ(std::set<std::string>(together.begin(), together.end()).size(), 8u);
}

TEST(Run, SameSeedSameRun) {
  const auto observed = [](const char* seed) {
    const TempFolder folder;
    const std::string file = folder.path() + "/x.json";
    Vuspec({"run", "Other.TellsItsSeed", "--seed", seed, "--json", file});
    return json::parse(ReadFile(file))["cases"][0]["observed"]
        .get<std::string>();
  };
  EXPECT_EQ(observed("5"), observed("5"));
  EXPECT_NE(observed("5"), observed("6"));
}

TEST(Run, InterruptEndsWithWhatIsThere) {
  const Ended ended = Vuspec({"run", "Other.Interrupts", "Toy.Passes"});
  EXPECT_EQ(ended.code, 4);
  EXPECT_THAT(ended.out, HasSubstr("TROUBLE  interrupted"));
  EXPECT_THAT(ended.out, HasSubstr("2 selected = "));
}

TEST(Run, TimingsRelateToTheBaseline) {
  const Ended ended = Vuspec({"run", "Toy.Passes", "--timings"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.out, HasSubstr("timings: median case "));
  EXPECT_THAT(ended.out, HasSubstr(" x the "));
}

}  // namespace
}  // namespace vuspec
