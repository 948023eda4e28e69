// The built-in peer: the mock back-end in a thread of this process.
//
// Contract: as in peer.h. Its resources are those of this whole process, so
// they are of use only to a caller that holds still meanwhile. It cannot
// crash without us; its health is whether it still serves.
#ifndef VUSPEC_HARNESS_BACKEND_MOCK_PEER_H_
#define VUSPEC_HARNESS_BACKEND_MOCK_PEER_H_

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/backend/mock_server.h"
#include "harness/peer/peer.h"
#include "harness/peer/scratch_dir.h"

namespace vuspec {

class MockPeer final : public Peer {
 public:
  // Errors: as of MockServer::Start.
  static absl::StatusOr<std::unique_ptr<MockPeer>> Create(
      const MockOptions& options);

  const Manifest& manifest() const override { return manifest_; }
  absl::StatusOr<UniqueFd> Connect(Deadline deadline) override;
  absl::StatusOr<UniqueFd> ConnectBeside(Deadline deadline) override;
  PeerHealth Check() override;
  PeerHealth Settle() override { return Check(); }
  using Peer::Resources;
  std::optional<ResourceUse> Resources(const ResourceUse& known) override;
  std::optional<std::chrono::nanoseconds> CpuTime() override;
  std::string StderrTail() override { return ""; }
  void Kill() override { server_.reset(); }
  PeerHealth Stop() override;
  absl::Status Restart() override;

  // nullptr after Kill or Stop, until the next Connect.
  MockServer* server() { return server_.get(); }

 private:
  MockPeer(const MockOptions& options, ScratchDir dir);

  absl::Status Start();

  const MockOptions options_;
  const ScratchDir dir_;
  const Manifest manifest_;
  std::unique_ptr<MockServer> server_;
  int restart_count_ = 0;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_MOCK_PEER_H_
