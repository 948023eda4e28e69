// The mock back-end as a server: one session after the other.
//
// A single thread waits for everything (listener, connection, kicks, wishes of
// other threads). While a session lasts, further connections wait in the
// listener's backlog. The device lives as long as the server, so a disk keeps
// its content from session to session.
//
// Contract: Serve and ServeConnection run in one thread; Stop and ChangeConfig
// may be called from any other and return at once.
//
// Errors: of our world only (epoll, eventfd, accept); no peer can cause one.
#ifndef VUSPEC_HARNESS_BACKEND_BACKEND_SERVER_H_
#define VUSPEC_HARNESS_BACKEND_BACKEND_SERVER_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/backend/device.h"
#include "harness/backend/environment.h"
#include "harness/backend/event_loop.h"
#include "harness/backend/fault.h"
#include "harness/backend/mishap.h"
#include "harness/backend/session.h"
#include "harness/transport/event_fd.h"
#include "harness/transport/unique_fd.h"
#include "harness/transport/unix_socket.h"

namespace vuspec {

struct MockOptions {
  std::string device = "blk";  // or "net", "gpu"
  FaultSet faults;
  std::optional<Mishap> mishap = std::nullopt;
};

class BackendServer {
 public:
  // kInvalidArgument for a device that does not exist.
  static absl::StatusOr<std::unique_ptr<BackendServer>> Create(
      const MockOptions& options);

  ~BackendServer();

  // Serves whoever connects, until Stop.
  absl::Status Serve(UnixListener& listener);
  // Serves this connection (which we may have dialled) until it ends or Stop.
  absl::Status ServeConnection(UniqueFd socket);

  void Stop();
  // The device changes its configuration by itself.
  void ChangeConfig();

 private:
  BackendServer(const MockOptions& options, std::unique_ptr<MockDevice> device,
                EventLoop loop, Event wake, Event stopped);

  absl::Status Loop(UnixListener* listener);
  absl::Status Dispatch(std::span<const EventLoop::Token> tokens,
                        UnixListener* listener);
  absl::Status AcceptOne(UnixListener& listener);
  absl::Status BeginSession(std::unique_ptr<UnixChannel> channel);
  void EndSession();
  // Listens for the next connection, or not, as the session allows.
  absl::Status WatchListener(UnixListener* listener);
  absl::Status WatchConnection();
  void ObeyWishes();

  const FaultSet faults_;
  const std::optional<Mishap> mishap_;
  const std::unique_ptr<MockDevice> device_;
  EventLoop loop_;
  Hoard hoard_;
  Event wake_;
  Event stopped_;  // never consumed
  const Environment environment_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> config_change_{false};

  std::unique_ptr<MockSession> session_;
  // Only kept for mocks that let a session leak into the next.
  std::unique_ptr<protocol::SessionModel> predecessor_;
  bool readable_ = false;
  bool reading_ = false;  // the connection is watched for requests
  bool listening_ = false;
  int session_count_ = 0;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_BACKEND_SERVER_H_
