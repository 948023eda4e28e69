// The three back-ends of Debian 12, started by their manifests: ready, one
// GET_FEATURES written by hand, the life cycle that the manifest claims, and
// an end that leaves no process.
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/peer/peer_test_support.h"
#include "harness/peer/process_peer.h"

namespace vuspec {
namespace {

// GET_FEATURES: request 1, flags 1 (version), size 0, little endian.
constexpr std::array<std::uint8_t, 12> kGetFeatures = {1, 0, 0, 0, 1, 0,
                                                       0, 0, 0, 0, 0, 0};
// The header of its reply: flags 5 (version, reply), size 8.
constexpr std::array<std::uint8_t, 12> kReplyHeader = {1, 0, 0, 0, 5, 0,
                                                       0, 0, 8, 0, 0, 0};

class RealPeerTest : public ProcessTestBase,
                     public testing::WithParamInterface<const char*> {
 protected:
  // The offered features; 0 after a failure.
  static std::uint64_t AskFeatures(Peer& peer) {
    auto fd = peer.Connect(Soon());
    EXPECT_TRUE(fd.ok()) << fd.status();
    if (!fd.ok()) return 0;
    EXPECT_EQ(::send(fd->get(), kGetFeatures.data(), kGetFeatures.size(),
                     MSG_NOSIGNAL),
              static_cast<ssize_t>(kGetFeatures.size()));
    std::array<std::uint8_t, 20> reply = {};
    for (std::size_t done = 0; done < reply.size();) {
      EXPECT_TRUE(WaitReadable(fd->get(), Soon()).ok());
      const ssize_t got =
          ::recv(fd->get(), reply.data() + done, reply.size() - done, 0);
      EXPECT_GT(got, 0) << peer.StderrTail();
      if (got <= 0) return 0;
      done += static_cast<std::size_t>(got);
    }
    EXPECT_EQ(std::memcmp(reply.data(), kReplyHeader.data(), 12), 0);
    std::uint64_t features = 0;
    std::memcpy(&features, reply.data() + 12, sizeof(features));
    return features;
  }
};

TEST_P(RealPeerTest, StartsAnswersReconnectsAndLeavesNothing) {
  auto manifest = LoadManifest(std::string(VU_PEERS_DIR) + "/" + GetParam());
  ASSERT_TRUE(manifest.ok()) << manifest.status();
  auto made = ProcessPeer::Make(*manifest);
  if (absl::IsNotFound(made.status())) {
    GTEST_SKIP() << made.status().message();
  }
  if (manifest->name == "virtiofsd" && ::geteuid() != 0) {
    GTEST_SKIP() << "this virtiofsd runs as root only";
  }
  ASSERT_TRUE(made.ok()) << made.status();
  std::unique_ptr<ProcessPeer> peer = *std::move(made);
  const std::uint64_t claimed = manifest->claims.virtio_features;
  EXPECT_EQ(AskFeatures(*peer) & claimed, claimed) << peer->StderrTail();
  const pid_t first = peer->pid();
  EXPECT_EQ(AskFeatures(*peer) & claimed, claimed) << peer->StderrTail();
  const bool exits = manifest->after_disconnect == Life::kExits;
  EXPECT_EQ(peer->pid() == first, !exits);
  const PeerHealth health = peer->Settle();
  EXPECT_TRUE(health.ok()) << health.detail << "\n" << peer->StderrTail();
  EXPECT_EQ(health.restart_count, exits ? 1 : 0);
  EXPECT_EQ(peer->Resources().has_value(), !exits);
  EXPECT_TRUE(peer->Stop().ok());
  EXPECT_TRUE(ProcessGroupIsGone(first));
}

INSTANTIATE_TEST_SUITE_P(Debian12, RealPeerTest,
                         testing::Values("qemu-storage-daemon.toml",
                                         "testpmd.toml", "virtiofsd.toml"));

}  // namespace
}  // namespace vuspec
