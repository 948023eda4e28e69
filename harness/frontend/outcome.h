// What a peer made of one raw message.
//
// Data, so that a case can say which outcomes it tolerates: the specification
// seldom says how a refusal looks.
//
// Spec: "Communication", "Reply-ack".
#ifndef VUSPEC_HARNESS_FRONTEND_OUTCOME_H_
#define VUSPEC_HARNESS_FRONTEND_OUTCOME_H_

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "harness/transport/connection.h"
#include "protocol/violation.h"

namespace vuspec {

struct Outcome {
  enum Kind : std::uint8_t {
    kAcked,    // answered by a zero ack
    kNacked,   // answered by a non-zero ack
    kReplied,  // answered by a reply of its own, or by something else: see
               // violation
    kClosed,   // the connection ended before anything answered the message
    kSilent,   // nothing came, but the peer answers what followed
    kHung,     // nothing came until the deadline
  };

  Kind kind = kSilent;
  std::uint64_t value = 0;               // the ack, or the reply's u64
  std::optional<ReceivedMessage> reply;  // the first answer
  // What the answer, or what came with or after it, breaks.
  std::optional<protocol::Violation> violation;
  // The connection ended or cannot be read any more, be it after an answer;
  // kClosed implies it.
  bool closed = false;
  // The deadline was reached, be it after an answer; kHung implies it.
  bool hung = false;
  // Not OK: our world failed and `kind` says nothing about the peer.
  absl::Status trouble;

  bool refused() const { return kind == kNacked || kind == kClosed; }
  // Nobody answers on this connection any more.
  bool over() const { return closed || hung; }
};

// "Nacked"
std::string_view ToString(Outcome::Kind kind);

// "Nacked (1)", one line.
std::string ToString(const Outcome& outcome);

// For GoogleTest.
std::ostream& operator<<(std::ostream& out, Outcome::Kind kind);
std::ostream& operator<<(std::ostream& out, const Outcome& outcome);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_FRONTEND_OUTCOME_H_
