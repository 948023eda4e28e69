// The front-end's end of the back-end channel: the back-end asks, we answer.
//
// Contract: owns its end of the socket; shares the session model with the
// Frontend that opened it, which must outlive it; blocking until the deadline;
// not thread-safe, and not to be used while the Frontend is in another thread.
//
// Errors: a request that the specification forbids is a Violation; the
// descriptors it came with are closed. After a Violation of the framing the
// channel repeats it; after the others it can still be read.
//
// Spec: "Back-end message types".
#ifndef VUSPEC_HARNESS_FRONTEND_BACKEND_CHANNEL_H_
#define VUSPEC_HARNESS_FRONTEND_BACKEND_CHANNEL_H_

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "harness/frontend/reply.h"
#include "harness/transport/channel.h"
#include "harness/transport/connection.h"
#include "harness/transport/deadline.h"
#include "harness/transport/unique_fd.h"
#include "protocol/session_model.h"

namespace vuspec {

struct BackendMessage {
  protocol::Message message;
  std::vector<UniqueFd> fds;
};

class BackendChannel {
 public:
  // `model` is borrowed, `observer` too and may be null.
  BackendChannel(std::unique_ptr<Channel> channel,
                 const protocol::SessionModel& model,
                 WireObserver* observer = nullptr);

  // The next request of the back-end, if it may be sent now.
  Reply<BackendMessage> Receive(Deadline deadline);

  // Whether the request waits for an answer.
  bool WantsAnswer(const protocol::Message& request) const;

  // 0 is success. REQUIRES: WantsAnswer(request).
  absl::Status Answer(const protocol::Message& request, std::uint64_t value,
                      Deadline deadline, std::span<const int> fds = {});

  // For raw messages and for poll.
  Connection& connection() { return *connection_; }

 private:
  std::unique_ptr<Connection> connection_;
  const protocol::SessionModel* model_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_FRONTEND_BACKEND_CHANNEL_H_
