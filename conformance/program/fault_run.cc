#include "conformance/program/fault_run.h"

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "harness/backend/mock_peer.h"
#include "harness/cli/prober.h"
#include "harness/peer/process_peer.h"

namespace vuspec {

PeerFactory MockInThread(std::string_view device, const FaultSet& faults) {
  MockOptions options;
  options.device = std::string(device);
  options.faults = faults;
  return [options](int) -> absl::StatusOr<std::unique_ptr<Peer>> {
    auto peer = MockPeer::Create(options);
    if (!peer.ok()) return peer.status();
    return *std::move(peer);
  };
}

PeerFactory MockInProcess(const std::string& vuspec, std::string_view device,
                          const std::vector<Fault>& faults) {
  std::vector<std::string> command = {
      vuspec, "serve", "--socket", "{socket}", "--device", std::string(device)};
  for (const Fault fault : faults) {
    command.insert(command.end(),
                   {"--fault", std::string(Describe(fault).name)});
  }
  return [command](int) -> absl::StatusOr<std::unique_ptr<Peer>> {
    auto manifest = ManifestFromCommand(command);
    if (!manifest.ok()) return manifest.status();
    manifest->after_disconnect = Life::kStays;
    manifest->limits.memory_mib = 512;
    auto peer = ProcessPeer::Make(*std::move(manifest));
    if (!peer.ok()) return peer.status();
    return *std::move(peer);
  };
}

RunPlan PlanFor(std::string_view device, Ids ids, PeerFactory make_peer) {
  RunPlan plan;
  plan.case_ids = std::move(ids);
  plan.settings.device = std::string(device);
  plan.make_peer = std::move(make_peer);
  plan.preflight = Probe;
  return plan;
}

bool IsCatch(const CaseResult& result) {
  switch (result.verdict) {
    case Verdict::kPass:
    case Verdict::kSkip:
    case Verdict::kAmbig:
      return false;
    case Verdict::kLeak:
      // The order of the cases decides which of them finds more than there was
      // before, unless it failed by itself as well.
      return !result.details.empty();
    default:
      return true;
  }
}

}  // namespace vuspec
