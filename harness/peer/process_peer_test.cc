// The lives of a process peer: start, connect, reconnect, restart, end.
#include "harness/peer/process_peer.h"

#include <signal.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/peer/dial.h"
#include "harness/peer/peer_test_support.h"
#include "harness/peer/socket_peer.h"

namespace vuspec {
namespace {

using testing::HasSubstr;
using State = PeerHealth::State;
using Verdict = PeerHealth::Verdict;

class ProcessPeerTest : public ProcessTestBase {
 protected:
  static std::unique_ptr<ProcessPeer> Make(Manifest manifest) {
    auto peer = ProcessPeer::Make(std::move(manifest));
    EXPECT_TRUE(peer.ok()) << peer.status();
    return *std::move(peer);
  }

  static UniqueFd ConnectTo(Peer& peer) {
    auto fd = peer.Connect(Soon());
    EXPECT_TRUE(fd.ok()) << fd.status();
    return fd.ok() ? *std::move(fd) : UniqueFd();
  }
};

TEST_F(ProcessPeerTest, StartsWithTheFirstConnectionAndStays) {
  auto peer = Make(ChildManifest("serve"));
  EXPECT_EQ(peer->pid(), -1);
  EXPECT_EQ(peer->Check().state, State::kNotRunning);
  EXPECT_TRUE(Command(ConnectTo(*peer), 'p'));
  const pid_t first = peer->pid();
  EXPECT_TRUE(Command(ConnectTo(*peer), 'p'));
  EXPECT_EQ(peer->pid(), first);
  const PeerHealth health = peer->Settle();
  EXPECT_TRUE(health.ok()) << health.detail;
  EXPECT_EQ(health.state, State::kAlive);
  EXPECT_EQ(health.restart_count, 0);
}

TEST_F(ProcessPeerTest, WhatExitsAfterADisconnectIsStartedAnew) {
  auto peer = Make(ChildManifest("serve-once", Life::kExits));
  EXPECT_TRUE(Command(ConnectTo(*peer), 'p'));
  const PeerHealth health = peer->Settle();
  EXPECT_TRUE(health.ok()) << health.detail;
  EXPECT_EQ(health.state, State::kNotRunning);
  EXPECT_TRUE(Command(ConnectTo(*peer), 'p'));
  EXPECT_TRUE(Command(ConnectTo(*peer), 'p'));
  EXPECT_EQ(peer->Settle().restart_count, 2);
}

TEST_F(ProcessPeerTest, WhatPromisedToExitAndStaysIsAVerdict) {
  Manifest manifest = ChildManifest("serve", Life::kExits);
  manifest.limits.stop = std::chrono::milliseconds(100);
  auto peer = Make(manifest);
  EXPECT_TRUE(Command(ConnectTo(*peer), 'p'));
  EXPECT_EQ(peer->Settle().verdict, Verdict::kDidNotExit);
  EXPECT_TRUE(Command(ConnectTo(*peer), 'p'));
}

TEST_F(ProcessPeerTest, HabitsOfACommandAreLearned) {
  for (const std::string mode : {"serve", "serve-once"}) {
    auto peer =
        Make(*ManifestFromCommand({VU_PEER_TEST_CHILD, mode, "{socket}"}));
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(Command(ConnectTo(*peer), 'p'));
    const PeerHealth health = peer->Settle();
    EXPECT_TRUE(health.ok()) << health.detail;
    EXPECT_EQ(health.restart_count, mode == "serve" ? 0 : 2);
  }
}

TEST_F(ProcessPeerTest, ACrashTeachesNoHabit) {
  auto peer =
      Make(*ManifestFromCommand({VU_PEER_TEST_CHILD, "serve", "{socket}"}));
  EXPECT_FALSE(Command(ConnectTo(*peer), 'a'));
  EXPECT_EQ(peer->Settle().verdict, Verdict::kCrashed);
  EXPECT_TRUE(Command(ConnectTo(*peer), 'p'));
  const pid_t second = peer->pid();
  EXPECT_TRUE(Command(ConnectTo(*peer), 'p'));
  EXPECT_EQ(peer->pid(), second);
  EXPECT_TRUE(peer->Settle().ok());
}

TEST_F(ProcessPeerTest, AHabitThatWasMistakenIsUnlearned) {
  Manifest manifest =
      *ManifestFromCommand({VU_PEER_TEST_CHILD, "serve", "{socket}"});
  manifest.limits.stop = std::chrono::milliseconds(100);
  auto peer = Make(manifest);
  EXPECT_FALSE(Command(ConnectTo(*peer), 'z'));  // exits 0, this once
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(Command(ConnectTo(*peer), 'p'));
    const PeerHealth health = peer->Settle();
    EXPECT_TRUE(health.ok()) << health.detail;
    EXPECT_EQ(health.restart_count, 1);
  }
}

TEST_F(ProcessPeerTest, WhatDialsIsAcceptedAndRedials) {
  Manifest manifest = ChildManifest("dial", Life::kRedials);
  manifest.spawn.ready = Ready::kDials;
  auto peer = Make(manifest);
  EXPECT_TRUE(Command(ConnectTo(*peer), 'p'));
  EXPECT_TRUE(Command(ConnectTo(*peer), 'p'));
  EXPECT_EQ(peer->Settle().restart_count, 0);
}

TEST_F(ProcessPeerTest, WhatDialsOnceIsStartedAnew) {
  Manifest manifest = ChildManifest("dial-once", Life::kExits);
  manifest.spawn.ready = Ready::kDials;
  auto peer = Make(manifest);
  EXPECT_TRUE(Command(ConnectTo(*peer), 'p'));
  EXPECT_TRUE(Command(ConnectTo(*peer), 'p'));
  EXPECT_EQ(peer->Settle().restart_count, 1);
}

TEST_F(ProcessPeerTest, AConnectionThatThePeerDroppedIsSkipped) {
  auto scratch = ScratchDir::Make();
  auto listener = UnixListener::Listen(scratch->SocketPath());
  ASSERT_TRUE(listener.ok()) << listener.status();
  Dial(scratch->SocketPath(), Soon())->reset();
  auto live = Dial(scratch->SocketPath(), Soon());
  auto fd = AcceptLive(*listener, -1, Soon());
  ASSERT_TRUE(fd.ok()) << fd.status();
  ASSERT_EQ(::send(live->get(), "p", 1, MSG_NOSIGNAL), 1);
  char byte = 0;
  EXPECT_EQ(::recv(fd->get(), &byte, 1, 0), 1);
}

TEST_F(ProcessPeerTest, WhatExitsInsteadOfDialingIsExplained) {
  Manifest manifest = ChildManifest("exit", Life::kExits);
  manifest.spawn.ready = Ready::kDials;
  auto peer = Make(manifest);
  const absl::Status status = peer->Connect(Soon()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("exit code 7"));
}

TEST_F(ProcessPeerTest, ASecondConnectionStartsNothing) {
  auto peer = Make(ChildManifest("serve-once", Life::kExits));
  const UniqueFd first = ConnectTo(*peer);
  EXPECT_TRUE(Command(first, 'p'));
  // The child closed its listener: refused, and that is an answer.
  EXPECT_EQ(peer->ConnectBeside(Soon()).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_TRUE(Command(first, 'p'));
}

TEST_F(ProcessPeerTest, WhatIsNotStartableSaysWhy) {
  Manifest manifest = ChildManifest("exit");
  auto peer = Make(manifest);
  const absl::Status status = peer->Connect(Soon()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("exit code 7"));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("child: no such device"));
  manifest.spawn.argv[0] = "/no/such/program";
  EXPECT_EQ(ProcessPeer::Make(manifest).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(ProcessPeerTest, WhatNeverListensIsGivenUpAndEnded) {
  Manifest manifest = ChildManifest("bind");
  manifest.limits.start = std::chrono::milliseconds(300);
  auto peer = Make(manifest);
  const absl::Status status = peer->Connect(Soon()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded) << status;
  EXPECT_EQ(peer->pid(), -1);
}

TEST_F(ProcessPeerTest, ResourcesAreCountedPerKind) {
  auto peer = Make(ChildManifest("serve"));
  EXPECT_EQ(peer->Resources(), std::nullopt);
  const UniqueFd fd = ConnectTo(*peer);
  EXPECT_TRUE(Command(fd, 'p'));
  const auto before = peer->Resources();
  ASSERT_TRUE(before.has_value());
  EXPECT_EQ(before->thread_count, 1);
  EXPECT_GT(before->rss_kib, 0U);
  EXPECT_TRUE(Command(fd, 'f'));
  EXPECT_TRUE(Command(fd, 'v'));
  const auto after = peer->Resources();
  ASSERT_TRUE(after.has_value());
  EXPECT_EQ(after->fd_count, before->fd_count + 8);
  EXPECT_EQ(after->mapping_count, before->mapping_count + 1);
  EXPECT_EQ(after->shared_mapping_count, before->shared_mapping_count + 1);
  EXPECT_TRUE(peer->CpuTime().has_value());
}

TEST_F(ProcessPeerTest, RestartAndKillAreWithoutVerdict) {
  auto peer = Make(ChildManifest("serve"));
  EXPECT_TRUE(Command(ConnectTo(*peer), 'p'));
  const pid_t first = peer->pid();
  ASSERT_TRUE(peer->Restart().ok());
  EXPECT_NE(peer->pid(), first);
  EXPECT_TRUE(Command(ConnectTo(*peer), 'p'));
  peer->Kill();
  EXPECT_EQ(peer->pid(), -1);
  EXPECT_TRUE(Command(ConnectTo(*peer), 'p'));
  const PeerHealth health = peer->Check();
  EXPECT_TRUE(health.ok()) << health.detail;
  EXPECT_EQ(health.restart_count, 2);
}

TEST_F(ProcessPeerTest, TheScratchFolderHoldsTheFilesAndIsRemoved) {
  Manifest manifest = ChildManifest("serve");
  manifest.spawn.files = {{.path = "share/deep/file", .size = 1 << 20}};
  auto peer = Make(manifest);
  const std::string folder = peer->scratch_path();
  ConnectTo(*peer);
  EXPECT_EQ(std::filesystem::file_size(folder + "/share/deep/file"), 1U << 20);
  peer.reset();
  EXPECT_FALSE(std::filesystem::exists(folder));
}

TEST_F(ProcessPeerTest, ALongTmpdirStillGivesAShortSocketPath) {
  const char* old = ::getenv("TMPDIR");
  const std::string saved = old != nullptr ? old : "";
  ::setenv("TMPDIR", ("/" + std::string(120, 'x')).c_str(), 1);
  auto peer = Make(ChildManifest("serve"));
  if (old != nullptr) ::setenv("TMPDIR", saved.c_str(), 1);
  if (old == nullptr) ::unsetenv("TMPDIR");
  EXPECT_LT(peer->socket_path().size(), 108U);
  EXPECT_TRUE(Command(ConnectTo(*peer), 'p'));
}

TEST_F(ProcessPeerTest, APeerOfSomebodyElseIsOnlyConnectedTo) {
  auto owner = Make(ChildManifest("serve"));
  ConnectTo(*owner);
  SocketPeer peer(owner->socket_path());
  EXPECT_TRUE(Command(ConnectTo(peer), 'p'));
  EXPECT_EQ(peer.Check().state, State::kNotOwned);
  EXPECT_EQ(peer.Resources(), std::nullopt);
  EXPECT_EQ(peer.Restart().code(), absl::StatusCode::kFailedPrecondition);
  peer.Kill();
  EXPECT_TRUE(Command(ConnectTo(peer), 'p'));
}

}  // namespace
}  // namespace vuspec
