// The mock back-end with a disk, served by a thread of this process, and a
// front-end that is connected and negotiated with it.
#ifndef VUSPEC_BENCH_MOCK_SESSION_H_
#define VUSPEC_BENCH_MOCK_SESSION_H_

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "bench/must.h"
#include "bench/two_threads.h"
#include "harness/backend/mock_server.h"
#include "harness/frontend/frontend.h"
#include "harness/peer/scratch_dir.h"
#include "harness/transport/unix_socket.h"

namespace vuspec::bench {

class MockSession {
 public:
  MockSession()
      : dir_(Must(ScratchDir::Make())),
        server_(StartElsewhere(dir_.SocketPath())),
        frontend_(Must(Connect(dir_.SocketPath(),
                               Deadline::After(std::chrono::seconds(10))))) {
    using protocol::ProtocolFeature;
    Must(frontend_.Negotiate(
        Mask(protocol::VirtioFeature::VERSION_1),
        Mask(ProtocolFeature::MQ, ProtocolFeature::REPLY_ACK,
             ProtocolFeature::CONFIG)));
  }

  Frontend& frontend() { return frontend_; }

 private:
  // On the other processor: a thread inherits the place of its maker.
  static std::unique_ptr<MockServer> StartElsewhere(const std::string& path) {
    MoveThisThread(Place::kLast);
    auto server = Must(MockServer::Start({}, path));
    MoveThisThread(Place::kFirst);
    return server;
  }

  const ScratchDir dir_;
  const std::unique_ptr<MockServer> server_;
  Frontend frontend_;
};

}  // namespace vuspec::bench

#endif  // VUSPEC_BENCH_MOCK_SESSION_H_
