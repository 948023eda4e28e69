#include "conformance/kit/unmet_needs.h"

#include "conformance/kit/run_driver.h"
#include "harness/suite/context.h"
#include "protocol/features.h"

namespace vuspec {

std::optional<UnmetNeed> FindUnmetNeed(const Needs& needs) {
  const RunContext& run = CurrentRun();
  const ProbeResult& probe = run.probe();
  const Claims& claims = run.peer().manifest().claims;
  // The lowest of those that are missing, so that skips add up.
  const auto lowest = [](std::uint64_t bits) { return bits & (~bits + 1); };
  if (const auto bits = needs.virtio & ~probe.virtio_features; bits != 0) {
    return UnmetNeed{
        protocol::VirtioFeatureNames(lowest(bits)) + " is not offered",
        (bits & claims.virtio_features) != 0};
  }
  if (const auto bits = needs.protocol & ~probe.protocol_features; bits != 0) {
    return UnmetNeed{
        protocol::ProtocolFeatureNames(lowest(bits)) + " is not offered",
        (bits & claims.protocol_features) != 0};
  }
  if (needs.queues > 1 && needs.queues > probe.queue_count) {
    return UnmetNeed{
        "MQ: " + std::to_string(needs.queues) +
            " vrings are needed, the peer has " +
            std::to_string(probe.queue_count),
        claims.queue_count.value_or(0) >= static_cast<int>(needs.queues)};
  }
  if (!needs.device.empty() && needs.device != run.device()) {
    return UnmetNeed{"the case is for device " + std::string(needs.device),
                     false};
  }
  if (needs.io && MakeRunDriver() == nullptr) {
    return UnmetNeed{"no verified I/O is known for device " + run.device()};
  }
  if (needs.process && !run.peer().Resources()) {
    return UnmetNeed{"the peer is no process of ours"};
  }
  return std::nullopt;
}

}  // namespace vuspec
