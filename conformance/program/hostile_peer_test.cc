// Peers that want to do harm: vuspec survives each, says what happened, and
// leaks nothing.
#include "conformance/program/whole_program.h"
#include "gmock/gmock.h"

namespace vuspec {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

class HostilePeer : public WholeProgram {};

TEST_F(HostilePeer, OneBytePerMillisecondIsSlowAndNothingElse) {
  const Ended ended =
      RunAgainst("AnswersOneBytePerMillisecond",
                 {"ConfigSpace.ReadsAnswerOffsetAndSize",
                  "Header.RepliesNameTheRequestThatTheyAnswer"});
  EXPECT_EQ(ended.code, 0) << ended.out;
  EXPECT_THAT(ended.out, HasSubstr("2 selected = 2 passed + 0 skipped"));
  // A reply of 20 bytes.
  EXPECT_GE(Report()["probe"]["answer_us"], 20000);
}

TEST_F(HostilePeer, NoAnswerIsOneDiagnosis) {
  const Ended ended =
      RunAgainst("NeverAnswers", {"Features.*", "--deadline-ms", "100"});
  EXPECT_EQ(ended.code, 3) << ended.out;
  EXPECT_THAT(ended.out, HasSubstr("TROUBLE  the peer: HANG, no answer to "
                                   "GET_FEATURES in 100 ms"));
  EXPECT_EQ(Report()["summary"]["executed"], 0);
}

TEST_F(HostilePeer, FloodsOfDescriptorsAreCountedAndClosed) {
  const Ended ended = RunAgainst("FloodsFds", {"Features.*", "Header.Repl*"});
  EXPECT_EQ(ended.code, 1) << ended.out;
  const nlohmann::json report = Report();
  int flood_count = 0;
  for (const auto& result : report["cases"]) {
    if (result["verdict"] != "FAIL") continue;
    EXPECT_THAT(result["reason"].get<std::string>(),
                HasSubstr("descriptors = 253, expected at most 0 (FD-18)"));
    ++flood_count;
  }
  // More than one could be held.
  EXPECT_GE(flood_count, 8) << ended.out;
}

TEST_F(HostilePeer, TruncatedMemoryIsNamed) {
  const Ended ended = RunAgainst("SharedFileTruncated",
                                 {"MemoryBacking.MemfdWithoutSealsIsUsable",
                                  "Header.Repl*", "--deadline-ms", "500"});
  EXPECT_EQ(ended.code, 1) << ended.out;
  EXPECT_THAT(ended.out, HasSubstr("the peer cut a file of guest memory "
                                   "short"));
  EXPECT_EQ(Report()["summary"]["failed"], 1) << ended.out;
}

TEST_F(HostilePeer, ConnectionsThatCloseAreNamed) {
  const Ended ended =
      RunAgainst("ClosesAfterMessage", {"Features.*", "Header.*"});
  EXPECT_EQ(ended.code, 1) << ended.out;
  EXPECT_THAT(ended.out, ContainsRegex("the peer (reset|closed) the "
                                       "connection"));
}

}  // namespace
}  // namespace vuspec
