// What --mutate finds, and what it does not blame a peer for.
#include "conformance/program/whole_program.h"
#include "gmock/gmock.h"

namespace vuspec {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr char kCase[] = "RingLifecycle.GetVringBaseStopsTheRing";

class MutateOption : public WholeProgram {};

TEST_F(MutateOption, RevealsAPeerThatTakesNoPieces) {
  const Ended plain = RunAgainst("SplitMessageRefused", {kCase});
  EXPECT_EQ(plain.code, 0) << plain.out;
  // The one that waits until a piece was read: of the others, a peer may read
  // several at once.
  const Ended ended =
      RunAgainst("SplitMessageRefused", {kCase, "--mutate", "slow"});
  EXPECT_EQ(ended.code, 1) << ended.out;
  EXPECT_THAT(ended.out, AllOf(HasSubstr(", mutate slow\n"),
                               HasSubstr("--mutate slow -- ")));
  EXPECT_EQ(Report()["mutate"], "slow");
}

TEST_F(MutateOption, RefusedLibertiesAreAmbiguous) {
  const Ended ended = Run({kCase, "--mutate", "surplus-fds"});
  EXPECT_EQ(ended.code, 0) << ended.out;
  EXPECT_EQ(Report()["summary"]["ambiguous"], 1) << ended.out;
}

TEST_F(MutateOption, LibertiesFindALeak) {
  const Ended ended =
      RunAgainst("SurplusFdsLeaked", {kCase, "--mutate", "surplus-fds"});
  EXPECT_EQ(ended.code, 3) << ended.out;
  EXPECT_THAT(ended.out, HasSubstr("the peer keeps a descriptor"));
}

TEST_F(MutateOption, LibertiesFindACrash) {
  const Ended ended =
      RunAgainst("AbortsOnSurplusFds", {kCase, "--mutate", "surplus-fds"});
  EXPECT_EQ(ended.code, 3) << ended.out;
  EXPECT_EQ(Report()["summary"]["crashed"], 1) << ended.out;
}

TEST_F(MutateOption, TakesOnlyNamesThatExist) {
  const Ended ended = Vuspec({"run", "--mutate", "split2"});
  EXPECT_EQ(ended.code, 2);
  EXPECT_THAT(ended.err, HasSubstr("late-fds"));
}

}  // namespace
}  // namespace vuspec
