#include "harness/peer/health.h"

#include <signal.h>

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace vuspec {
namespace {

using testing::HasSubstr;
using Verdict = PeerHealth::Verdict;

constexpr char kAsan[] = "==1==ERROR: AddressSanitizer: SEGV on 0x0\n";

Ending Exited(int code) {
  Ending ending;
  ending.exit.code = code;
  ending.memory_is_limited = true;
  ending.memory_mib = 100;
  ending.cpu_limit_ms = 5000;
  return ending;
}

Ending Signalled(int number) {
  Ending ending = Exited(number);
  ending.exit.signalled = true;
  return ending;
}

TEST(Health, AWishedCleanExitIsFine) {
  Ending ending = Exited(0);
  ending.may_exit = true;
  EXPECT_TRUE(JudgeEnding(ending).ok());
  EXPECT_EQ(JudgeEnding(ending).state, PeerHealth::State::kExited);
}

TEST(Health, AnExitThatNobodyWishedIsNot) {
  EXPECT_EQ(JudgeEnding(Exited(0)).verdict, Verdict::kUnexpectedExit);
  Ending ending = Exited(1);
  ending.may_exit = true;
  const PeerHealth health = JudgeEnding(ending);
  EXPECT_EQ(health.verdict, Verdict::kUnexpectedExit);
  EXPECT_EQ(health.exit->code, 1);
  EXPECT_THAT(health.detail, HasSubstr("exit code 1"));
}

TEST(Health, ASignalIsACrash) {
  const PeerHealth health = JudgeEnding(Signalled(SIGSEGV));
  EXPECT_EQ(health.verdict, Verdict::kCrashed);
  EXPECT_EQ(health.state, PeerHealth::State::kSignalled);
  EXPECT_THAT(health.detail, HasSubstr("signal 11 (Segmentation fault)"));
}

TEST(Health, ASanitizerSpeaksLouderThanTheExit) {
  Ending ending = Signalled(SIGABRT);
  ending.output = kAsan;
  const PeerHealth health = JudgeEnding(ending);
  EXPECT_EQ(health.verdict, Verdict::kSanitizer);
  EXPECT_THAT(health.detail, HasSubstr("AddressSanitizer: SEGV on 0x0"));
}

TEST(Health, ASanitizerSpoilsEvenACleanExit) {
  Ending ending = Exited(0);
  ending.may_exit = true;
  ending.output = kAsan;
  EXPECT_EQ(JudgeEnding(ending).verdict, Verdict::kSanitizer);
}

TEST(Health, APanicIsACrashWithAReport) {
  Ending ending = Exited(101);
  ending.output = "thread 'main' panicked at x.rs:1\n";
  const PeerHealth health = JudgeEnding(ending);
  EXPECT_EQ(health.verdict, Verdict::kCrashed);
  EXPECT_EQ(health.report->kind, ReportKind::kRustPanic);
}

TEST(Health, TheCpuLimitIsSigxcpuOrItsSigkill) {
  EXPECT_EQ(JudgeEnding(Signalled(SIGXCPU)).verdict, Verdict::kCpuLimit);
  Ending stubborn = Signalled(SIGKILL);
  stubborn.cpu_ms = 6000;
  EXPECT_EQ(JudgeEnding(stubborn).verdict, Verdict::kCpuLimit);
  EXPECT_EQ(JudgeEnding(Signalled(SIGKILL)).verdict, Verdict::kCrashed);
}

TEST(Health, TheMemoryLimitIsTheWatchOrAFailedAllocation) {
  Ending watched = Signalled(SIGKILL);
  watched.memory_watch_fired = true;
  EXPECT_EQ(JudgeEnding(watched).verdict, Verdict::kMemoryLimit);
  Ending refused = Signalled(SIGABRT);
  refused.output = "memory allocation of 99 bytes failed\n";
  const PeerHealth health = JudgeEnding(refused);
  EXPECT_EQ(health.verdict, Verdict::kMemoryLimit);
  EXPECT_THAT(health.detail, HasSubstr("100 MiB"));
  refused.memory_is_limited = false;
  EXPECT_EQ(JudgeEnding(refused).verdict, Verdict::kCrashed);
}

TEST(Health, ToExitForWantOfMemoryIsAnExit) {
  Ending refusal = Exited(1);
  refusal.output = "Failed to mmap region 0: Cannot allocate memory\n";
  const PeerHealth health = JudgeEnding(refusal);
  EXPECT_EQ(health.verdict, Verdict::kUnexpectedExit);
  EXPECT_EQ(health.detail, "the peer ended with exit code 1");
  refusal.output = "==1==ERROR: AddressSanitizer: out-of-memory: 0x9999\n";
  EXPECT_EQ(JudgeEnding(refusal).verdict, Verdict::kMemoryLimit);
}

TEST(Health, TheOutputOfALivingProcessIsJudgedToo) {
  EXPECT_TRUE(JudgeOutput("all is well\n").ok());
  EXPECT_TRUE(JudgeOutput("Cannot allocate memory, trying less\n").ok());
  EXPECT_EQ(JudgeOutput("a.c:1:2: runtime error: shift\n").verdict,
            Verdict::kSanitizer);
}

}  // namespace
}  // namespace vuspec
