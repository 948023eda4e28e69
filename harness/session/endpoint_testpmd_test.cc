// What DPDK's virtio_user does around its messages, done to DPDK's own
// back-end in both modes: rows 9 and 18 to 26 of docs/seed-parity.md.
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "harness/device/device_driver.h"
#include "harness/frontend/endpoint.h"
#include "harness/peer/manifest.h"
#include "harness/peer/process.h"
#include "harness/peer/ready.h"
#include "harness/peer/scratch_dir.h"
#include "harness/session/session_ring.h"
#include "harness/transport/poll.h"

namespace vuspec {
namespace {

using protocol::ProtocolFeature;
using protocol::VirtioFeature;

constexpr std::chrono::milliseconds kBudget{20'000};
constexpr std::uint64_t kBase = 0x10'0000;
constexpr std::uint64_t kSize = 0x40'0000;

Deadline Soon() { return Deadline::After(kBudget); }

// The first queue pair of an endpoint: two rings, looped by the back-end.
class Pair final : public IoPort {
 public:
  Pair(Endpoint& endpoint, GuestMemory& memory)
      : endpoint_(endpoint), memory_(memory) {}

  void Bring() {
    for (const std::uint32_t index : {0u, 1u}) {
      auto ring = SessionRing::Create(endpoint_.frontend(), memory_, index,
                                      {.enable = false}, kBudget);
      ASSERT_TRUE(ring.ok()) << ring.status();
      const auto done = (*ring)->Bring();
      ASSERT_TRUE(done.ok()) << done.Describe();
      rings_[index] = *std::move(ring);
    }
    for (int i = 0; i < 2; ++i) {
      const auto done = endpoint_.EnableQueuePair(0, true);
      ASSERT_TRUE(done.ok()) << done.Describe();
    }
    ASSERT_TRUE(endpoint_.frontend().Fence().ok());
  }

  GuestMemory& memory() override { return memory_; }
  Reply<Done> Post(std::uint32_t queue,
                   std::span<const Segment> segments) override {
    return rings_.at(queue)->Post(segments);
  }
  Reply<Completion> Await(std::uint32_t queue) override {
    return rings_.at(queue)->Await();
  }

 private:
  Endpoint& endpoint_;
  GuestMemory& memory_;
  std::map<std::uint32_t, std::unique_ptr<SessionRing>> rings_;
};

class EndpointTestpmdTest : public testing::Test {
 protected:
  void SetUp() override {
    auto manifest =
        LoadManifest(std::string(VU_PEERS_DIR) + "/" + ManifestName());
    ASSERT_TRUE(manifest.ok()) << manifest.status();
    manifest_ = *std::move(manifest);
    if (const auto found = FindProgram(manifest_.spawn.argv[0]); !found.ok()) {
      GTEST_SKIP() << found.status();
    }
    auto scratch = ScratchDir::Make();
    ASSERT_TRUE(scratch.ok()) << scratch.status();
    scratch_.emplace(*std::move(scratch));
  }

  virtual std::string ManifestName() const = 0;

  void SpawnTestpmd() {
    ProcessOptions options;
    for (const std::string& argument : manifest_.spawn.argv) {
      options.argv.push_back(
          Substitute(argument, scratch_->SocketPath(), scratch_->path()));
    }
    options.stdin_mode = manifest_.spawn.stdin_mode;
    options.log_path = scratch_->LogPath();
    options.memory_mib = manifest_.limits.memory_mib;
    auto process = Process::Spawn(options, Soon());
    ASSERT_TRUE(process.ok()) << process.status();
    testpmd_.emplace(*std::move(process));
  }

  // A frame there and back through memory given as two segments of one file.
  void LoopAFrame(Endpoint& endpoint) {
    ASSERT_TRUE(endpoint.UpdateLink());
    const auto negotiated = endpoint.frontend().Negotiate(
        Endpoint::OwnFeatures() | Mask(VirtioFeature::VERSION_1),
        Mask(ProtocolFeature::MQ, ProtocolFeature::REPLY_ACK));
    ASSERT_TRUE(negotiated.ok()) << negotiated.Describe();
    const std::vector<RegionSpec> specs = {
        {.guest_address = kBase, .size = kSize, .user_address = kBase}};
    auto memory = GuestMemory::Create(specs);
    ASSERT_TRUE(memory.ok()) << memory.status();
    const int fd = memory->regions()[0].fd;
    const std::uint64_t half = kSize / 2;
    const MemorySegment segments[] = {{fd, kBase + half, half, half},
                                      {fd, kBase, half, 0}};
    const auto shared = endpoint.SetMemory(segments);
    ASSERT_TRUE(shared.ok()) << shared.Describe();
    Pair pair(endpoint, *memory);
    ASSERT_NO_FATAL_FAILURE(pair.Bring());
    const auto looped = MakeNetDriver()->VerifiedIo(pair, 7);
    EXPECT_TRUE(looped.ok()) << looped.Describe() << "\n"
                             << testpmd_->OutputTail();
    EXPECT_TRUE(endpoint.UpdateLink());
  }

  void ExpectTheLinkGoesDownWithIt(Endpoint& endpoint) {
    const int interrupt = endpoint.InterruptFd();
    EXPECT_FALSE(WaitReadable(interrupt, Deadline::Now()).ok());
    testpmd_->Kill();
    EXPECT_TRUE(WaitReadable(interrupt, Soon()).ok());
    EXPECT_FALSE(endpoint.UpdateLink());
  }

  Manifest manifest_;
  std::optional<ScratchDir> scratch_;
  std::optional<Process> testpmd_;
};

class ClientModeTest : public EndpointTestpmdTest {
  std::string ManifestName() const override { return "testpmd.toml"; }
};

class ServerModeTest : public EndpointTestpmdTest {
  std::string ManifestName() const override { return "testpmd-client.toml"; }
};

TEST_F(ClientModeTest, ConnectsLoopsAFrameAndConnectsAgain) {
  auto ready = ReadyWatch::Begin(scratch_->SocketPath());
  ASSERT_TRUE(ready.ok()) << ready.status();
  SpawnTestpmd();
  ASSERT_TRUE(ready->Await(testpmd_->pid(), testpmd_->PidFd(), Soon()).ok());
  auto endpoint =
      Endpoint::Connect(scratch_->SocketPath(), {.deadline = kBudget}, Soon());
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  LoopAFrame(*endpoint);
  ASSERT_TRUE(endpoint->Reconnect(Soon()).ok());
  LoopAFrame(*endpoint);
  ExpectTheLinkGoesDownWithIt(*endpoint);
}

TEST_F(ServerModeTest, AcceptsLoopsAFrameAndAcceptsAgain) {
  auto endpoint =
      Endpoint::Listen(scratch_->SocketPath(), {.deadline = kBudget});
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  SpawnTestpmd();
  ASSERT_TRUE(endpoint->Reconnect(Soon()).ok());
  LoopAFrame(*endpoint);
  endpoint->Disconnect();
  EXPECT_FALSE(endpoint->connected());
  ASSERT_TRUE(endpoint->Reconnect(Soon()).ok());
  LoopAFrame(*endpoint);
  ExpectTheLinkGoesDownWithIt(*endpoint);
}

}  // namespace
}  // namespace vuspec
