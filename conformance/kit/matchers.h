// Words for what a peer answered.
//
//   EXPECT_THAT(frontend.SetVringNum(0, 256), Succeeds());
//   EXPECT_THAT(session.raw().Exchange(message), IsRefused());
//
// What a refusal looks like is data, because the document seldom says which: a
// non-zero ack where one was asked for, or a closed connection. Silence alone
// never passes for one.
#ifndef VUSPEC_CONFORMANCE_KIT_MATCHERS_H_
#define VUSPEC_CONFORMANCE_KIT_MATCHERS_H_

#include <ostream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/frontend/outcome.h"
#include "harness/frontend/reply.h"
#include "harness/suite/context.h"
#include "protocol/features.h"

namespace vuspec {

// For GoogleTest, which else prints bytes.
template <typename T>
void PrintTo(const Reply<T>& reply, std::ostream* out) {
  *out << reply.Describe();
}

MATCHER(Succeeds, negation ? "fails" : "succeeds") { return arg.ok(); }

// NACK or CLOSE; also the CLOSE behind an ack of 0, of which ReplyAck has a
// case of its own.
MATCHER(IsRefused, negation ? "is not refused" : "is refused") {
  *result_listener << arg;
  return arg.kind == Outcome::kNacked || arg.closed;
}

MATCHER(IsAcked, negation ? "is not acked" : "is acked with 0") {
  *result_listener << arg;
  return arg.kind == Outcome::kAcked;
}

// By the reply that the document defines for it, and by nothing else.
MATCHER(IsReplied, negation ? "has no proper reply" : "has a proper reply") {
  *result_listener << arg;
  return arg.kind == Outcome::kReplied && !arg.violation;
}

// By an ack of 0 or by its own reply, and by nothing else.
MATCHER(IsTaken, negation ? "is not taken" : "is taken") {
  *result_listener << arg;
  return (arg.kind == Outcome::kAcked || arg.kind == Outcome::kReplied) &&
         !arg.violation;
}

// By an ack, a reply or a refusal: anything but to be passed over.
MATCHER(IsAnswered, "is answered") {
  *result_listener << arg;
  return arg.closed || (arg.reply.has_value() && !arg.hung);
}

// No answer, and the connection works on.
MATCHER(IsSilent, negation ? "is answered" : "is not answered") {
  *result_listener << arg;
  return arg.kind == Outcome::kSilent;
}

// Refused, or taken without a word: for messages that nobody answers.
MATCHER(IsRefusedOrIgnored, "is refused or ignored") {
  *result_listener << arg;
  return arg.kind == Outcome::kNacked || arg.closed ||
         arg.kind == Outcome::kSilent;
}

// Answered one way or the other: for messages that may be taken or refused.
// Where the peer has no acks, taking one is silent.
MATCHER(IsDecided, "is taken or refused") {
  *result_listener << arg;
  if (arg.kind == Outcome::kAcked || arg.kind == Outcome::kNacked) return true;
  return arg.closed || (arg.kind == Outcome::kSilent &&
                        !Has(CurrentRun().probe().protocol_features,
                             protocol::ProtocolFeature::REPLY_ACK));
}

// Any outcome but a hang: for messages whose treatment is open, where only the
// survival of the peer is asked for.
MATCHER(IsSurvived, "is survived") {
  *result_listener << arg;
  return arg.kind != Outcome::kHung;
}

// The value of a reply; a failure ends the case (the runner's listener throws
// on fatal failures).
template <typename T>
T Require(Reply<T> reply) {
  if (!reply.ok()) {
    [&] { FAIL() << reply.Describe(); }();
  }
  return std::move(reply).value();
}

template <typename T>
T Require(absl::StatusOr<T> value) {
  if (!value.ok()) {
    [&] { FAIL() << value.status().ToString(); }();
  }
  return *std::move(value);
}

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_KIT_MATCHERS_H_
