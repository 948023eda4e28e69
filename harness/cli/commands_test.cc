// list, explain, probe, serve and replay, as programs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/cli/program.h"
#include "harness/report/report_examples.h"
#include "protocol/requirement.h"

namespace vuspec {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

TEST(List, NamesEveryCase) {
  const Ended ended = Vuspec({"list"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.out, HasSubstr("Toy.Passes  HDR-03\n"));
  EXPECT_THAT(ended.out, HasSubstr("18 cases: 18 written, 0 rows of tables\n"));
  const json cases = json::parse(Vuspec({"list", "--json"}).out)["cases"];
  EXPECT_EQ(cases.size(), 18u);
  EXPECT_EQ(cases[0]["id"], "Toy.Passes");
  EXPECT_EQ(cases[0]["requirements"][0], "HDR-03");
}

TEST(List, NamesEveryDefectAndEveryClause) {
  const json faults =
      json::parse(Vuspec({"list", "--faults", "--json"}).out)["faults"];
  EXPECT_GE(faults.size(), 60u);
  const std::string text = Vuspec({"list", "--faults"}).out;
  for (const json& fault : faults) {
    EXPECT_THAT(text, HasSubstr(fault["name"].get<std::string>()));
  }
  const std::size_t count = protocol::AllRequirements().size();
  EXPECT_THAT(Vuspec({"list", "--requirements"}).out,
              HasSubstr(std::to_string(count) +
                        " clauses, 2 of them cited by a case\n"));
  const json rows = json::parse(
      Vuspec({"list", "--requirements", "--json"}).out)["requirements"];
  EXPECT_EQ(rows.size(), count);
}

TEST(Explain, TellsAboutAClauseAndACase) {
  const Ended clause = Vuspec({"explain", "HDR-03"});
  EXPECT_EQ(clause.code, 0);
  EXPECT_THAT(clause.out, HasSubstr("A reply carries the same request number"));
  EXPECT_THAT(clause.out, HasSubstr("  case      Toy.Fails\n"));
  const Ended one = Vuspec({"explain", "Toy.Fails"});
  EXPECT_EQ(one.code, 0);
  EXPECT_THAT(one.out, HasSubstr("  clause    HDR-03  A reply carries"));
  EXPECT_THAT(one.out, HasSubstr("  about     the toy that is called Fails"));
}

TEST(Explain, TellsWhyAClauseHasNoCase) {
  const Ended ended = Vuspec({"explain", "VP-05"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.out, HasSubstr("  no case   packed ring: "));
  EXPECT_THAT(Vuspec({"explain", "OWN-01"}).out,
              HasSubstr("  rule      messages.def SET_OWNER\n"));
}

TEST(Explain, TellsWhatIsOpen) {
  const Ended ended = Vuspec({"explain", "AMB-second-owner"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.out, HasSubstr("  clause    OWN-03  "));
  EXPECT_THAT(ended.out, HasSubstr("  case      Toy.IsAmbiguous\n"));
  EXPECT_THAT(Vuspec({"explain", "OWN-03"}).out,
              HasSubstr("  open      AMB-second-owner  "));
  EXPECT_THAT(Vuspec({"explain", "AMB-before-owner"}).out,
              HasSubstr("  mock      --fault OwnerNotChecked\n"));
  EXPECT_THAT(Vuspec({"explain", "AMB-second-owners"}).err,
              HasSubstr("did you mean AMB-second-owner"));
}

TEST(List, NamesEveryAmbiguity) {
  const json rows = json::parse(
      Vuspec({"list", "--ambiguities", "--json"}).out)["ambiguities"];
  EXPECT_GE(rows.size(), 25u);
  const std::string text = Vuspec({"list", "--ambiguities"}).out;
  for (const json& row : rows) {
    EXPECT_THAT(text, HasSubstr(row["id"].get<std::string>()));
  }
}

TEST(List, PrintsPages) {
  const std::pair<const char*, const char*> pages[] = {
      {"requirements", "| HDR-01 | must | both sides |"},
      {"ambiguities", "- *Cases:* `Toy.IsAmbiguous`\n"},
      {"coverage", "## Protocol features\n"},
  };
  for (const auto& [name, hint] : pages) {
    const Ended ended = Vuspec({"list", "--page", name});
    EXPECT_EQ(ended.code, 0);
    EXPECT_THAT(ended.out, HasSubstr(hint));
  }
  EXPECT_EQ(Vuspec({"list", "--page", "frontpage"}).code, 2);
}

TEST(Probe, TellsWhatTheMockIs) {
  const Ended ended = Vuspec({"probe"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("PROTOCOL_FEATURES"));
  EXPECT_THAT(ended.out, HasSubstr("REPLY_ACK"));
  EXPECT_THAT(ended.out, HasSubstr("config      8 bytes: 00 40"));
  EXPECT_THAT(ended.out, HasSubstr("serves again"));
  EXPECT_THAT(ended.out, HasSubstr("second one  queued"));
  const json report = json::parse(Vuspec({"probe", "--json"}).out);
  EXPECT_EQ(report["verdict"], "PASS");
  EXPECT_GE(report["probe"]["queue_count"], 1);
  EXPECT_EQ(report["config"].size(), 8u);
}

TEST(Probe, PeerThatIsNotThereIsNotTrusted) {
  const TempFolder folder;
  const Ended ended = Vuspec({"probe", "--socket", folder.path() + "/nobody"});
  EXPECT_EQ(ended.code, 4);
  EXPECT_THAT(ended.out, HasSubstr("down        BROKEN"));
}

TEST(Serve, IsAPeerLikeAnyOther) {
  const TempFolder folder;
  const std::string socket = folder.path() + "/s";
  Program server({"serve", "--socket", socket, "--device", "net"});
  ASSERT_TRUE(server.AwaitErr("listens on"));
  const Ended run =
      Vuspec({"run", "Toy.Passes", "--socket", socket, "--device", "net"});
  EXPECT_EQ(run.code, 0) << run.out << run.err;
  EXPECT_THAT(run.out, HasSubstr("target  --socket " + socket));
  ::kill(server.pid(), SIGTERM);
  EXPECT_EQ(server.Wait().code, 0);
  EXPECT_FALSE(std::filesystem::exists(socket));
}

TEST(Serve, OnceServesOneSession) {
  const TempFolder folder;
  const std::string socket = folder.path() + "/s";
  Program server({"serve", "--socket", socket, "--once"});
  ASSERT_TRUE(server.AwaitErr("listens on"));
  const std::string file =
      folder.Write("x.vu", "> main GET_QUEUE_NUM flags=0x1\n");
  Vuspec({"replay", file, "--socket", socket});
  EXPECT_EQ(server.Wait().code, 0);
}

TEST(Serve, SaysWhatAMishapIs) {
  const auto complaint = [](const std::string& mishap) {
    const Ended ended =
        Vuspec({"serve", "--socket", "/nowhere/s", "--mishap", mishap});
    EXPECT_EQ(ended.code, 2);
    return ended.err;
  };
  EXPECT_THAT(complaint("bursts@GET_CONFIG"), HasSubstr("dies@REQUEST"));
  EXPECT_THAT(complaint("dies"), HasSubstr("dies@REQUEST"));
  EXPECT_THAT(complaint("dies@GET_CONFIGS"),
              HasSubstr("there is no request GET_CONFIGS of the front-end"));
  EXPECT_THAT(complaint("dies@BACKEND_CONFIG_CHANGE_MSG"),
              HasSubstr("there is no request"));
}

TEST(Serve, RunStartsItAsACommand) {
  const Ended run = Vuspec({"run", "Toy.Passes", "--jobs", "2", "--",
                            VUSPEC_PROGRAM, "serve", "--socket", "{socket}"});
  EXPECT_EQ(run.code, 0) << run.out << run.err;
}

TEST(Replay, SameAnswersAreTheSame) {
  const TempFolder folder;
  const std::string file =
      folder.Write("x.vu",
                   "> main SET_OWNER flags=0x1\n"
                   "> main SET_VRING_CALL flags=0x1 fds=eventfd u64:0\n"
                   "> main SET_VRING_NUM flags=0x1 u32:0 u32:256\n"
                   "> main GET_VRING_BASE flags=0x1 u32:0 u32:0\n"
                   "< main GET_VRING_BASE flags=0x5 u32:0 u32:0\n");
  const Ended ended = Vuspec({"replay", file});
  EXPECT_EQ(ended.code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("5: < GET_VRING_BASE"));
  EXPECT_THAT(ended.out, HasSubstr("0 answers differ\n"));
}

TEST(Replay, OtherMissingAndSurplusAnswersDiffer) {
  const TempFolder folder;
  const std::string other = folder.Write(
      "other.vu",
      "> main GET_FEATURES flags=0x1\n< main GET_FEATURES flags=0x5 u64:1\n");
  const Ended changed = Vuspec({"replay", other});
  EXPECT_EQ(changed.code, 1);
  EXPECT_THAT(changed.out, HasSubstr("2: DIFFERS  < GET_FEATURES"));
  const std::string missing =
      folder.Write("missing.vu", "< main GET_FEATURES flags=0x5 u64:1\n");
  const Ended silent = Vuspec({"replay", missing, "--deadline-ms", "100"});
  EXPECT_EQ(silent.code, 1);
  EXPECT_THAT(silent.out, HasSubstr("no such answer"));
  const std::string surplus =
      folder.Write("surplus.vu", "> main GET_FEATURES flags=0x1\n");
  const Ended more = Vuspec({"replay", surplus});
  EXPECT_EQ(more.code, 1);
  EXPECT_THAT(more.out, HasSubstr("the transcript has no such answer"));
}

TEST(Replay, RubbishIsNamedWithItsLine) {
  const TempFolder folder;
  const std::string file = folder.Write("x.vu", "> main FROB\n");
  const Ended ended = Vuspec({"replay", file});
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, HasSubstr("line 1"));
}

}  // namespace
}  // namespace vuspec
