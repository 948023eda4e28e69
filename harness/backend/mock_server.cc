#include "harness/backend/mock_server.h"

#include <utility>

namespace vuspec {

absl::StatusOr<std::unique_ptr<MockServer>> MockServer::Start(
    const MockOptions& options, const std::string& path) {
  if (options.faults.process_only() || options.mishap) {
    return absl::InvalidArgumentError(
        "a defect that ends its process needs one of its own: vuspec serve");
  }
  auto server = BackendServer::Create(options);
  if (!server.ok()) return server.status();
  absl::StatusOr<UnixListener> listener = UnixListener::Listen(path);
  if (!listener.ok()) return listener.status();
  return std::unique_ptr<MockServer>(
      new MockServer(*std::move(server), *std::move(listener)));
}

MockServer::MockServer(std::unique_ptr<BackendServer> server,
                       UnixListener listener)
    : server_(std::move(server)),
      listener_(std::move(listener)),
      thread_([this] {
        status_ = server_->Serve(listener_);
        running_ = false;
      }) {}

absl::Status MockServer::Stop() {
  if (thread_.joinable()) {
    server_->Stop();
    thread_.join();
  }
  return status_;
}

}  // namespace vuspec
