#include "conformance/kit/raw_connection.h"

#include <utility>

#include "harness/suite/context.h"

namespace vuspec {
namespace {

protocol::DeviceLimits LimitsOf(const ProbeResult& probe) {
  protocol::DeviceLimits limits;
  limits.virtio_features = probe.virtio_features;
  limits.protocol_features = probe.protocol_features;
  return limits;
}

}  // namespace

RawConnection::RawConnection(std::unique_ptr<Channel> channel)
    : transcript_(std::make_shared<Transcript>()),
      watch_(std::make_unique<ModelWatch>(*transcript_,
                                          LimitsOf(CurrentRun().probe()))),
      connection_(std::move(channel), watch_.get()),
      raw_(connection_) {}

}  // namespace vuspec
