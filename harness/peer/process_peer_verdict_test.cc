// Every way in which a process peer can come to grief, and its verdict.
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/peer/peer_test_support.h"
#include "harness/peer/process_peer.h"

namespace vuspec {
namespace {

using testing::HasSubstr;
using State = PeerHealth::State;
using Verdict = PeerHealth::Verdict;

class VerdictTest : public ProcessTestBase {
 protected:
  // Sends `command` to a child with `limits`, sees the connection end (or
  // not) and asks for the health, as a case does.
  PeerHealth After(char command, bool answered = false) {
    auto made = ProcessPeer::Make(manifest_);
    EXPECT_TRUE(made.ok()) << made.status();
    peer_ = *std::move(made);
    auto fd = peer_->Connect(Soon());
    EXPECT_TRUE(fd.ok()) << fd.status();
    EXPECT_EQ(Command(*fd, command), answered);
    fd->reset();
    return peer_->Check();
  }

  void TearDown() override {
    peer_.reset();
    ProcessTestBase::TearDown();
  }

  // The peer is up again, and what happened is told once only.
  void ExpectCarriesOn() {
    auto fd = peer_->Connect(Soon());
    ASSERT_TRUE(fd.ok()) << fd.status();
    EXPECT_TRUE(Command(*fd, 'p'));
    EXPECT_TRUE(peer_->Check().ok());
  }

  Manifest manifest_ = ChildManifest("serve");
  std::unique_ptr<ProcessPeer> peer_;
};

TEST_F(VerdictTest, Abort) {
  const PeerHealth health = After('a');
  EXPECT_EQ(health.verdict, Verdict::kCrashed);
  EXPECT_EQ(health.state, State::kSignalled);
  EXPECT_EQ(health.exit->code, SIGABRT);
  ExpectCarriesOn();
}

TEST_F(VerdictTest, SegmentationFault) {
  const PeerHealth health = After('s');
  EXPECT_EQ(health.verdict, Verdict::kCrashed);
  EXPECT_THAT(health.detail, HasSubstr("Segmentation fault"));
  ExpectCarriesOn();
}

TEST_F(VerdictTest, ExitWithACode) {
  const PeerHealth health = After('x');
  EXPECT_EQ(health.verdict, Verdict::kUnexpectedExit);
  EXPECT_EQ(health.exit->code, 3);
  ExpectCarriesOn();
}

TEST_F(VerdictTest, ExitWithoutACodeWhereItShouldStay) {
  EXPECT_EQ(After('z').verdict, Verdict::kUnexpectedExit);
}

TEST_F(VerdictTest, ExitWithoutACodeWhereItMay) {
  manifest_ = ChildManifest("serve-once", Life::kExits);
  EXPECT_TRUE(After('z').ok());
}

TEST_F(VerdictTest, SanitizerReport) {
  const PeerHealth health = After('r');
  EXPECT_EQ(health.verdict, Verdict::kSanitizer);
  ASSERT_TRUE(health.report.has_value());
  EXPECT_THAT(health.report->text, HasSubstr("in Victim child.cc:1"));
  EXPECT_THAT(peer_->StderrTail(), HasSubstr("heap-use-after-free"));
  ExpectCarriesOn();
}

TEST_F(VerdictTest, RustPanic) {
  const PeerHealth health = After('R');
  EXPECT_EQ(health.verdict, Verdict::kCrashed);
  EXPECT_EQ(health.report->kind, ReportKind::kRustPanic);
}

TEST_F(VerdictTest, AReportWhileItLivesOnIsToldOnce) {
  manifest_.limits.stop = std::chrono::milliseconds(50);
  const PeerHealth health = After('u', true);
  EXPECT_EQ(health.verdict, Verdict::kSanitizer);
  EXPECT_EQ(health.state, State::kAlive);
  ExpectCarriesOn();
}

TEST_F(VerdictTest, AReportAtTheEndOfTheRun) {
  EXPECT_TRUE(After('p', true).ok());
  auto fd = peer_->Connect(Soon());
  EXPECT_TRUE(Command(*fd, 'u'));
  fd->reset();
  EXPECT_EQ(peer_->Stop().verdict, Verdict::kSanitizer);
  EXPECT_EQ(peer_->pid(), -1);
}

TEST_F(VerdictTest, CpuLimit) {
  manifest_.limits.cpu = std::chrono::seconds(1);
  const PeerHealth health = After('c');
  EXPECT_EQ(health.verdict, Verdict::kCpuLimit) << health.detail;
  EXPECT_THAT(health.detail, HasSubstr("1 s"));
  ExpectCarriesOn();
}

TEST_F(VerdictTest, PrivateMemoryHitsTheResourceLimit) {
  const PeerHealth health = After('m');
  EXPECT_EQ(health.verdict, Verdict::kMemoryLimit) << health.detail;
  EXPECT_EQ(health.exit->code, SIGABRT);
  ExpectCarriesOn();
}

TEST_F(VerdictTest, SharedMemoryHitsTheWatch) {
  const PeerHealth health = After('M');
  EXPECT_EQ(health.verdict, Verdict::kMemoryLimit) << health.detail;
  EXPECT_EQ(health.exit->code, SIGKILL);
  EXPECT_THAT(health.detail, HasSubstr("128 MiB"));
  ExpectCarriesOn();
}

TEST_F(VerdictTest, KilledFromOutside) {
  EXPECT_TRUE(After('p', true).ok());
  auto fd = peer_->Connect(Soon());
  ::kill(peer_->pid(), SIGKILL);
  EXPECT_FALSE(Command(*fd, 'p'));
  fd->reset();
  EXPECT_EQ(peer_->Check().verdict, Verdict::kCrashed);
  ExpectCarriesOn();
}

TEST_F(VerdictTest, DeathBetweenTwoConnectionsIsTold) {
  EXPECT_TRUE(After('p', true).ok());
  const UniqueFd pidfd(
      static_cast<int>(::syscall(SYS_pidfd_open, peer_->pid(), 0)));
  ::kill(peer_->pid(), SIGSEGV);
  ASSERT_TRUE(WaitReadable(pidfd.get(), Soon(), "the death").ok());
  auto fd = peer_->Connect(Soon());
  ASSERT_TRUE(fd.ok()) << fd.status();
  fd->reset();
  EXPECT_EQ(peer_->Settle().verdict, Verdict::kCrashed);
}

TEST_F(VerdictTest, AStubbornPeerIsEndedByForce) {
  manifest_ = ChildManifest("deaf");
  manifest_.limits.stop = std::chrono::milliseconds(100);
  EXPECT_TRUE(After('p', true).ok());
  const pid_t pid = peer_->pid();
  EXPECT_TRUE(peer_->Stop().ok());
  EXPECT_TRUE(ProcessGroupIsGone(pid));
}

}  // namespace
}  // namespace vuspec
