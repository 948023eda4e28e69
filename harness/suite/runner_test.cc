#include "harness/suite/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/peer/scratch_dir.h"
#include "harness/report/summary.h"
#include "harness/suite/toy_cases.h"

namespace vuspec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ScopedVariable {
 public:
  ScopedVariable(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    ::setenv(name, value.c_str(), 1);
  }
  ~ScopedVariable() {
    if (old_) ::setenv(name_, old_->c_str(), 1);
    if (!old_) ::unsetenv(name_);
  }

 private:
  const char* const name_;
  std::optional<std::string> old_;
};

RunPlan Plan(std::vector<std::string> ids) {
  RunPlan plan;
  plan.case_ids = std::move(ids);
  plan.make_peer = [](int) { return MakeToyPeer(); };
  return plan;
}

CaseResult RunOne(const std::string& id) {
  const RunResult run = RunCases(Plan({id}));
  EXPECT_THAT(run.cases, SizeIs(1)) << run.trouble;
  return run.cases.empty() ? CaseResult{} : run.cases[0];
}

std::vector<std::string> Ids(const RunResult& run) {
  std::vector<std::string> ids;
  for (const CaseResult& result : run.cases) ids.push_back(result.id);
  return ids;
}

TEST(Runner, GivesEachOutcomeItsVerdict) {
  const std::pair<const char*, Verdict> rows[] = {
      {"Toy.Passes", Verdict::kPass},
      {"Toy.Fails", Verdict::kFail},
      {"Toy.GivesUpInAHelper", Verdict::kFail},
      {"Toy.Skips", Verdict::kSkip},
      {"Toy.SkipsAClaim", Verdict::kSkip},
      {"Toy.SkipsSilently", Verdict::kBroken},
      {"Toy.IsAmbiguous", Verdict::kAmbig},
      {"Toy.SeesACrash", Verdict::kCrash},
      {"Toy.SeesAHang", Verdict::kHang},
      {"Toy.SeesALeak", Verdict::kLeak},
      {"Toy.Throws", Verdict::kBroken},
      {"Toy.Dies", Verdict::kBroken},
      {"Toy.NobodyWroteThis", Verdict::kBroken},
  };
  std::vector<std::string> ids;
  for (const auto& [id, verdict] : rows) ids.push_back(id);
  const RunResult run = RunCases(Plan(ids));
  EXPECT_EQ(run.trouble, "");
  ASSERT_EQ(Ids(run), ids);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(run.cases[i].verdict, rows[i].second)
        << ids[i] << ": " << run.cases[i].reason;
  }
}

TEST(Runner, BringsHomeWhatAFailingCaseReports) {
  const CaseResult result = RunOne("Toy.Fails");
  EXPECT_EQ(result.expected, "num=3");
  EXPECT_EQ(result.observed, "num=0");
  EXPECT_EQ(result.transcript, "one\ntwo\n");
  EXPECT_EQ(result.peer_stderr, "peer: \\x1b[31moops\n");
  EXPECT_THAT(result.details, HasSubstr("toy_cases.cc:"));
  EXPECT_THAT(result.details, HasSubstr("the base was lost"));
  EXPECT_THAT(result.requirements,
              ElementsAre(protocol::Req::HDR_03, protocol::Req::HDR_01));
  EXPECT_EQ(result.level, protocol::Describe(protocol::Req::HDR_01).level);
}

TEST(Runner, KeepsTheFirstOfTheGravestVerdicts) {
  EXPECT_EQ(RunOne("Toy.SeesAHang").reason, "no answer in 2 s");
  EXPECT_EQ(RunOne("Toy.SeesACrash").reason, "peer died: signal 11");
}

TEST(Runner, MarksASkipOfAClaim) {
  EXPECT_TRUE(RunOne("Toy.SkipsAClaim").claimed);
  const CaseResult plain = RunOne("Toy.Skips");
  EXPECT_FALSE(plain.claimed);
  EXPECT_EQ(plain.reason, "MQ is not offered");
}

TEST(Runner, LosesOnlyTheCaseThatKillsItsWorker) {
  for (const int jobs : {1, 3}) {
    RunPlan plan = Plan({"Toy.Passes", "Toy.Dies", "Toy.PassesToo", "Toy.Fails",
                         "Toy.IsAmbiguous"});
    plan.jobs = jobs;
    const RunResult run = RunCases(plan);
    ASSERT_THAT(run.cases, SizeIs(5)) << run.trouble;
    EXPECT_EQ(run.cases[1].verdict, Verdict::kBroken);
    EXPECT_THAT(run.cases[1].reason, HasSubstr("signal 9"));
    EXPECT_EQ(run.cases[2].verdict, Verdict::kPass);
    EXPECT_EQ(run.cases[4].verdict, Verdict::kAmbig);
    EXPECT_TRUE(Summarize(run).AddsUp());
    EXPECT_EQ(ExitCodeOf(run), ExitCode::kNotTrusted);
  }
}

TEST(Runner, EndsACaseThatNeverEnds) {
  RunPlan plan = Plan({"Toy.HangsForEver", "Toy.Passes"});
  plan.case_budget = std::chrono::milliseconds(300);
  const RunResult run = RunCases(plan);
  ASSERT_THAT(run.cases, SizeIs(2)) << run.trouble;
  EXPECT_EQ(run.cases[0].verdict, Verdict::kBroken);
  EXPECT_THAT(run.cases[0].reason, HasSubstr("not done after 300 ms"));
  EXPECT_EQ(run.cases[1].verdict, Verdict::kPass);
}

TEST(Runner, SeedOfACaseDependsOnSeedAndNameOnly) {
  RunPlan plan = Plan({"Toy.Passes", "Other.TellsItsSeed"});
  plan.settings.seed = 7;
  const std::string seed = RunCases(plan).cases[1].observed;
  plan.case_ids = {"Other.TellsItsSeed"};
  EXPECT_EQ(RunCases(plan).cases[0].observed, seed);
  plan.settings.seed = 8;
  EXPECT_NE(RunCases(plan).cases[0].observed, seed);
}

TEST(Runner, HandsOutInTheOrderOfTheSeed) {
  const auto started = [](std::uint64_t seed) {
    std::vector<std::string> ids;
    RunPlan plan = Plan({"Toy.Passes", "Toy.PassesToo", "Toy.Skips",
                         "Toy.Fails", "Toy.IsAmbiguous"});
    plan.shuffle = true;
    plan.settings.seed = seed;
    plan.observer.on_start = [&](const std::string& id) { ids.push_back(id); };
    // Whatever the order of execution, the results keep that of the plan.
    EXPECT_EQ(Ids(RunCases(plan)), plan.case_ids);
    return ids;
  };
  EXPECT_EQ(started(7), started(7));
  EXPECT_NE(started(7), started(11));
}

TEST(Runner, ShuffledOrderIsAPermutation) {
  std::vector<std::size_t> order = ShuffledOrder(100, 3);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  const std::set<std::size_t> unique(order.begin(), order.end());
  EXPECT_EQ(unique.size(), 100u);
  EXPECT_EQ(*unique.rbegin(), 99u);
}

TEST(Runner, PeerThatCannotBeMadeIsTroubleAndNotAFailureOfEachCase) {
  RunPlan plan = Plan({"Toy.Passes", "Toy.Fails"});
  plan.make_peer = [](int) -> absl::StatusOr<std::unique_ptr<Peer>> {
    return absl::NotFoundError("no such program: frob");
  };
  const RunResult run = RunCases(plan);
  EXPECT_THAT(run.cases, IsEmpty());
  EXPECT_EQ(run.trouble, "no such program: frob");
  EXPECT_EQ(ExitCodeOf(run), ExitCode::kNotTrusted);
}

TEST(Runner, PreflightIsLookedAtOnceAndReachesEveryWorker) {
  RunPlan plan = Plan({"Toy.Passes", "Toy.PassesToo", "Toy.Skips"});
  plan.jobs = 2;
  plan.preflight = [](const RunContext&) {
    Preflight preflight;
    preflight.probe.queue_count = 4;
    return preflight;
  };
  const RunResult run = RunCases(plan);
  EXPECT_EQ(run.probe.queue_count, 4u);
  EXPECT_THAT(run.cases, SizeIs(3));
}

TEST(Runner, PeerThatIsDownAtPreflightGetsOneDiagnosis) {
  const std::pair<Verdict, ExitCode> rows[] = {
      {Verdict::kCrash, ExitCode::kPeerDown},
      {Verdict::kHang, ExitCode::kPeerDown},
      {Verdict::kBroken, ExitCode::kNotTrusted},
  };
  for (const auto& [verdict, code] : rows) {
    RunPlan plan = Plan({"Toy.Passes", "Toy.Fails"});
    plan.preflight = [verdict = verdict](const RunContext&) {
      return Preflight{verdict, "says nothing", {}, false};
    };
    const RunResult run = RunCases(plan);
    EXPECT_THAT(run.cases, IsEmpty());
    EXPECT_EQ(run.trouble, "says nothing");
    EXPECT_EQ(run.trouble_verdict, verdict);
    EXPECT_EQ(ExitCodeOf(run), code);
  }
}

TEST(Runner, PreflightMayGoOnButItsVerdictStays) {
  RunPlan plan = Plan({"Toy.Passes", "Toy.PassesToo"});
  plan.preflight = [](const RunContext&) {
    Preflight preflight{Verdict::kCrash, "died once", {}, true};
    preflight.probe.queue_count = 4;
    return preflight;
  };
  const RunResult run = RunCases(plan);
  EXPECT_THAT(run.cases, SizeIs(2));
  EXPECT_EQ(run.probe.queue_count, 4u);
  EXPECT_EQ(run.trouble, "died once");
  EXPECT_EQ(ExitCodeOf(run), ExitCode::kPeerDown);
}

TEST(Runner, ReasonOfAFailureIsOneLine) {
  EXPECT_EQ(RunOne("Toy.Fails").reason,
            "Expected equality of these values: 3, 0, the base was lost");
}

TEST(Runner, WorkerThatDiesOutsideOfACaseIsTrouble) {
  RunPlan plan = Plan({"Toy.Passes"});
  plan.preflight = [](const RunContext&) -> Preflight { std::_Exit(9); };
  const RunResult run = RunCases(plan);
  EXPECT_THAT(run.cases, IsEmpty());
  EXPECT_THAT(run.trouble, HasSubstr("exit code 9"));
  EXPECT_EQ(ExitCodeOf(run), ExitCode::kNotTrusted);
}

TEST(Runner, LastWordsOfThePeerCount) {
  RunPlan plan = Plan({"Toy.Passes"});
  plan.make_peer = [](int) {
    PeerHealth health;
    health.verdict = PeerHealth::Verdict::kSanitizer;
    health.report = CrashReport{ReportKind::kLeakSanitizer, "64 byte(s)"};
    health.detail = "LeakSanitizer: 64 byte(s)";
    return MakeToyPeer([health] { return health; });
  };
  const RunResult run = RunCases(plan);
  EXPECT_THAT(run.cases, SizeIs(1));
  EXPECT_EQ(run.trouble_verdict, Verdict::kLeak);
  EXPECT_EQ(ExitCodeOf(run), ExitCode::kPeerDown);
}

TEST(Runner, InterruptKeepsWhatIsThere) {
  RunPlan plan = Plan({"Toy.Passes", "Other.Interrupts", "Toy.PassesToo"});
  const RunResult run = RunCases(plan);
  // The case that was running may finish; whether the next one had been
  // handed out already is a race that the signal may lose.
  ASSERT_GE(run.cases.size(), 2u);
  EXPECT_EQ(run.cases[1].verdict, Verdict::kPass);
  EXPECT_EQ(run.trouble, "interrupted");
  EXPECT_EQ(ExitCodeOf(run), ExitCode::kNotTrusted);
}

TEST(Runner, InterruptDoesNotWaitForACaseWithoutEnd) {
  RunPlan plan = Plan({"Toy.Passes", "Other.TerminatesTheRunner"});
  plan.case_budget = std::chrono::milliseconds(400);
  const RunResult run = RunCases(plan);
  ASSERT_THAT(run.cases, SizeIs(2));
  EXPECT_EQ(run.cases[1].verdict, Verdict::kBroken);
  EXPECT_EQ(run.trouble, "interrupted");
}

TEST(Runner, InterruptDoesNotWaitForAPeerWithoutEnd) {
  RunPlan plan = Plan({"Other.Interrupts", "Toy.Passes"});
  plan.make_peer = [](int) {
    return MakeToyPeer([]() -> PeerHealth { ToyHang(); });
  };
  plan.grace = std::chrono::milliseconds(100);
  const RunResult run = RunCases(plan);
  EXPECT_THAT(run.cases, SizeIs(1));
  EXPECT_EQ(run.trouble, "interrupted");
}

TEST(Runner, LeavesNothingOfAWorkerThatWasKilled) {
  const absl::StatusOr<ScratchDir> folder = ScratchDir::Make();
  ASSERT_TRUE(folder.ok());
  const ScopedVariable tmpdir("TMPDIR", folder->path());
  const RunResult run = RunCases(Plan({"Other.LeavesMuchBehindAndDies"}));
  EXPECT_EQ(run.cases[0].verdict, Verdict::kBroken);
  EXPECT_TRUE(std::filesystem::is_empty(folder->path()));
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a process was left";
}

TEST(Runner, WorkerThatEndsBadlyAfterItsFarewellIsTrouble) {
  RunPlan plan = Plan({"Toy.Passes"});
  // As a leak report at the end of the worker does.
  plan.make_peer = [](int) {
    return MakeToyPeer([] {
      std::atexit([] { ::_exit(23); });
      return PeerHealth();
    });
  };
  const RunResult run = RunCases(plan);
  EXPECT_THAT(run.cases, SizeIs(1));
  EXPECT_THAT(run.trouble, HasSubstr("exit code 23"));
}

TEST(Runner, NothingSelectedStartsNothing) {
  RunPlan plan = Plan({});
  plan.make_peer = [](int) -> absl::StatusOr<std::unique_ptr<Peer>> {
    return absl::InternalError("started a peer for nothing");
  };
  const RunResult run = RunCases(plan);
  EXPECT_EQ(run.trouble, "");
  EXPECT_EQ(ExitCodeOf(run), ExitCode::kNotTrusted);
}

}  // namespace
}  // namespace vuspec
