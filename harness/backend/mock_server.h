// The mock back-end in a thread of this process, listening on a path.
//
// Contract: the thread runs from Start to Stop or the destructor. Stop may be
// called twice. Everything else may be called from any one thread.
//
// Example:
//   auto server = MockServer::Start({.device = "net"}, dir + "/vu.sock");
//   auto channel = Connect(dir + "/vu.sock", deadline);
#ifndef VUSPEC_HARNESS_BACKEND_MOCK_SERVER_H_
#define VUSPEC_HARNESS_BACKEND_MOCK_SERVER_H_

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/backend/backend_server.h"
#include "harness/transport/unix_socket.h"

namespace vuspec {

class MockServer {
 public:
  // Listening already when it returns. kInvalidArgument for a device that does
  // not exist and for a defect that would end this process.
  static absl::StatusOr<std::unique_ptr<MockServer>> Start(
      const MockOptions& options, const std::string& path);

  ~MockServer() { (void)Stop(); }

  // Ends the thread; returns how serving ended.
  absl::Status Stop();

  void ChangeConfig() { server_->ChangeConfig(); }
  bool running() const { return running_; }

 private:
  MockServer(std::unique_ptr<BackendServer> server, UnixListener listener);

  const std::unique_ptr<BackendServer> server_;
  UnixListener listener_;
  std::atomic<bool> running_{true};
  absl::Status status_;  // read after the thread was joined
  std::thread thread_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_MOCK_SERVER_H_
