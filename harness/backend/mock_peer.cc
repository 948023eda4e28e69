#include "harness/backend/mock_peer.h"

#include <unistd.h>

#include <utility>

#include "harness/backend/offer.h"
#include "harness/peer/dial.h"

namespace vuspec {
namespace {

Manifest ManifestOf(const MockOptions& options) {
  Manifest manifest;
  manifest.name = "mock";
  manifest.device = options.device;
  manifest.after_disconnect = Life::kStays;
  manifest.second_connection = SecondConnection::kQueued;
  const std::unique_ptr<MockDevice> device = MakeMockDevice(options.device);
  manifest.claims.virtio_features = OfferedFeatures(*device, FaultSet());
  manifest.claims.protocol_features =
      OfferedProtocolFeatures(*device, FaultSet());
  manifest.claims.queue_count = static_cast<int>(device->queue_count());
  return manifest;
}

}  // namespace

absl::StatusOr<std::unique_ptr<MockPeer>> MockPeer::Create(
    const MockOptions& options) {
  absl::StatusOr<ScratchDir> dir = ScratchDir::Make();
  if (!dir.ok()) return dir.status();
  if (MakeMockDevice(options.device) == nullptr) {
    return absl::InvalidArgumentError("the mock back-end has no such device");
  }
  std::unique_ptr<MockPeer> peer(new MockPeer(options, *std::move(dir)));
  if (absl::Status status = peer->Start(); !status.ok()) return status;
  return peer;
}

MockPeer::MockPeer(const MockOptions& options, ScratchDir dir)
    : options_(options), dir_(std::move(dir)), manifest_(ManifestOf(options)) {}

absl::Status MockPeer::Start() {
  auto server = MockServer::Start(options_, dir_.SocketPath());
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  return absl::OkStatus();
}

absl::StatusOr<UniqueFd> MockPeer::Connect(Deadline deadline) {
  if (server_ == nullptr) {
    ++restart_count_;
    if (absl::Status status = Start(); !status.ok()) return status;
  }
  return Dial(dir_.SocketPath(), deadline);
}

absl::StatusOr<UniqueFd> MockPeer::ConnectBeside(Deadline deadline) {
  return Dial(dir_.SocketPath(), deadline);
}

PeerHealth MockPeer::Check() {
  PeerHealth health;
  health.restart_count = restart_count_;
  if (server_ == nullptr) {
    health.state = PeerHealth::State::kNotRunning;
  } else if (server_->running()) {
    health.state = PeerHealth::State::kAlive;
  } else {
    health.state = PeerHealth::State::kExited;
    health.verdict = PeerHealth::Verdict::kUnexpectedExit;
    health.detail = "the mock back-end stopped serving: " +
                    std::string(server_->Stop().message());
  }
  return health;
}

std::optional<ResourceUse> MockPeer::Resources(const ResourceUse& known) {
  return ReadResourceUse(::getpid(), known);
}

std::optional<std::chrono::nanoseconds> MockPeer::CpuTime() {
  return ReadCpuTime(::getpid());
}

PeerHealth MockPeer::Stop() {
  PeerHealth health = Check();
  server_.reset();
  return health;
}

absl::Status MockPeer::Restart() {
  server_.reset();
  ++restart_count_;
  return Start();
}

}  // namespace vuspec
