// A connection on which nothing was said yet, and no model judges.
//
// Contract: owns the channel; to be made while a run is up, whose probe says
// what the peer offers.
#ifndef VUSPEC_CONFORMANCE_KIT_RAW_CONNECTION_H_
#define VUSPEC_CONFORMANCE_KIT_RAW_CONNECTION_H_

#include <memory>

#include "harness/frontend/raw_frontend.h"
#include "harness/session/model_watch.h"
#include "harness/session/transcript.h"
#include "harness/transport/channel.h"
#include "harness/transport/connection.h"

namespace vuspec {

class RawConnection {
 public:
  explicit RawConnection(std::unique_ptr<Channel> channel);
  RawFrontend* operator->() { return &raw_; }
  Connection& connection() { return connection_; }
  std::shared_ptr<const Transcript> transcript() const { return transcript_; }
  // What was sent, and when.
  const protocol::ModelCoverage& coverage() { return watch_->coverage(); }

 private:
  std::shared_ptr<Transcript> transcript_;
  std::unique_ptr<ModelWatch> watch_;
  Connection connection_;
  RawFrontend raw_;
};

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_KIT_RAW_CONNECTION_H_
