// A peer that somebody else runs: vuspec only connects to its socket.
//
// Contract: see peer.h; health is always kNotOwned, resources are unknown, and
// nothing is started or killed.
#ifndef VUSPEC_HARNESS_PEER_SOCKET_PEER_H_
#define VUSPEC_HARNESS_PEER_SOCKET_PEER_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/peer/peer.h"

namespace vuspec {

class SocketPeer final : public Peer {
 public:
  explicit SocketPeer(const std::string& socket_path);

  const Manifest& manifest() const override { return manifest_; }
  absl::StatusOr<UniqueFd> Connect(Deadline deadline) override;
  absl::StatusOr<UniqueFd> ConnectBeside(Deadline deadline) override;
  PeerHealth Check() override { return {}; }
  PeerHealth Settle() override { return {}; }
  using Peer::Resources;
  std::optional<ResourceUse> Resources(const ResourceUse&) override {
    return std::nullopt;
  }
  std::optional<std::chrono::nanoseconds> CpuTime() override {
    return std::nullopt;
  }
  std::string StderrTail() override { return ""; }
  void Kill() override {}
  PeerHealth Stop() override { return {}; }
  absl::Status Restart() override;

 private:
  const std::string socket_path_;
  const Manifest manifest_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_PEER_SOCKET_PEER_H_
