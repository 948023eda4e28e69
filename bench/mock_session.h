// `vuspec serve`, the mock back-end with a disk in a process of its own, and a
// front-end that is connected and negotiated with it.
#ifndef VUSPEC_BENCH_MOCK_SESSION_H_
#define VUSPEC_BENCH_MOCK_SESSION_H_

#include <chrono>
#include <memory>
#include <utility>

#include "bench/must.h"
#include "bench/two_threads.h"
#include "harness/frontend/frontend.h"
#include "harness/peer/process_peer.h"
#include "harness/transport/unix_channel.h"

namespace vuspec::bench {

class MockSession {
 public:
  MockSession() : mock_(Mock()), frontend_(Start(*mock_)) {
    using protocol::ProtocolFeature;
    Must(frontend_.Negotiate(
        Mask(protocol::VirtioFeature::VERSION_1),
        Mask(ProtocolFeature::MQ, ProtocolFeature::REPLY_ACK,
             ProtocolFeature::CONFIG)));
  }

  Frontend& frontend() { return frontend_; }

 private:
  static std::unique_ptr<ProcessPeer> Mock() {
    return Must(ProcessPeer::Make(Must(
        ManifestFromCommand({VU_PROGRAM, "serve", "--socket", "{socket}"}))));
  }

  // Starts it on the other processor: a process inherits the place of its
  // maker.
  static std::unique_ptr<Channel> Start(ProcessPeer& mock) {
    MoveThisThread(Place::kLast);
    auto channel = std::make_unique<UnixChannel>(
        Must(mock.Connect(Deadline::After(std::chrono::seconds(10)))));
    MoveThisThread(Place::kFirst);
    return channel;
  }

  const std::unique_ptr<ProcessPeer> mock_;
  Frontend frontend_;
};

}  // namespace vuspec::bench

#endif  // VUSPEC_BENCH_MOCK_SESSION_H_
