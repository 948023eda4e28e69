// One connection of the mock back-end, from the first byte to the last.
//
// Receives, validates, lets the control plane carry out, answers. What is
// refused gets a non-zero ack when one was asked for and REPLY_ACK holds, or
// the reply that means failure (GET_CONFIG); else the connection is closed.
// Descriptors of every message are closed unless something took them.
//
// Contract: one thread. Turn handles at most one message, and rings run before
// and after it, so that whatever the front-end did before a message has
// happened when the message is answered. Blocks only in sending (answers.h).
//
// Spec: "Communication", "REPLY_ACK".
#ifndef VUSPEC_HARNESS_BACKEND_SESSION_H_
#define VUSPEC_HARNESS_BACKEND_SESSION_H_

#include <memory>
#include <optional>
#include <vector>

#include "harness/backend/answers.h"
#include "harness/backend/control_plane.h"
#include "harness/backend/environment.h"
#include "harness/transport/connection.h"
#include "harness/transport/unix_channel.h"
#include "protocol/message.h"

namespace vuspec {

class MockSession {
 public:
  // Everything outlives the session; see ControlPlane for `predecessor`.
  MockSession(const Environment& environment,
              std::unique_ptr<UnixChannel> channel,
              const protocol::SessionModel* predecessor);
  MockSession(MockSession&&) = delete;
  ~MockSession();

  // A turn of the event loop; `readable`: the connection has something to
  // read. False when the session is over.
  bool Turn(bool readable);

  // The next request is awaited; false while an answer is due that waits for
  // something else.
  bool reads() const { return !unanswered_.has_value(); }

  // The rings have more to do at once, or have to be looked at soon.
  bool busy() const { return busy_; }
  bool polling() const { return control_.polling(); }

  ControlPlane& control() { return control_; }
  const protocol::SessionModel& model() const { return control_.model(); }
  int fd() const { return connection_.PollFd(); }

 private:
  // Each returns false when the session is over.
  bool ReceiveOne();
  bool Handle(ReceivedMessage& message);
  bool Carry(const protocol::Header& header, const protocol::Message& request,
             std::vector<UniqueFd>& fds);
  bool AnswerMalformed(const protocol::Header& header,
                       const protocol::Violation& violation);
  bool Refuse(const protocol::Header& header);
  bool Acknowledge(const protocol::Header& header);
  bool AnswerLate();
  std::optional<protocol::Body> FailureOf(
      const protocol::MessageSpec& spec) const;

  struct Deferred {
    protocol::Message request;
    std::vector<UniqueFd> fds;
  };
  void CarryDeferred();
  void RunRings();

  const Environment& environment_;
  const FaultSet& fault_;
  Connection connection_;
  Answers answers_;
  ControlPlane control_;
  bool busy_ = false;
  std::optional<protocol::Header> unanswered_;
  bool deaf_ = false;  // a defect: nothing is received any more
  std::optional<Deferred> deferred_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_SESSION_H_
