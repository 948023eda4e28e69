// What came of one operation of the front-end.
//
// A value, or exactly one of four reasons why there is none: the peer broke
// the specification (violation), the peer refused (nack), we would have broken
// the specification and sent nothing (refusal), or the world failed (status:
// closed, silent). Only the first two say anything about the peer, so none is
// turned into another.
//
// Contract: owns its value; nothing blocks.
//
// Example:
//   Reply<std::uint64_t> features = frontend.GetFeatures();
//   if (!features) return Report(features.Describe());
//   Use(*features);
//
// Spec: "Communication" and "Reply-ack".
#ifndef VUSPEC_HARNESS_FRONTEND_REPLY_H_
#define VUSPEC_HARNESS_FRONTEND_REPLY_H_

#include <cstdint>
#include <string>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "harness/transport/check.h"
#include "protocol/violation.h"

namespace vuspec {

// The peer refused. `value` is what it said: a non-zero ack, or 0 where the
// refusal has a form of its own (an empty GET_CONFIG reply).
struct Nack {
  std::uint64_t value = 0;
  bool operator==(const Nack&) const = default;
};

// The front-end refused to send: the specification forbids it here.
struct Refusal {
  protocol::Violation violation;
  bool operator==(const Refusal&) const = default;
};

// The value of operations that have none.
struct Done {
  bool operator==(const Done&) const = default;
};

// Why an operation has no value.
using Failure = std::variant<protocol::Violation, Nack, Refusal, absl::Status>;

// One line for people.
std::string DescribeFailure(const Failure& failure);

template <typename T>
class [[nodiscard]] Reply {
 public:
  Reply(T value) : state_(std::move(value)) {}  // NOLINT: implicit
  Reply(protocol::Violation violation)          // NOLINT: implicit
      : state_(Failure(violation)) {}
  Reply(Nack nack) : state_(Failure(nack)) {}           // NOLINT: implicit
  Reply(Refusal refusal) : state_(Failure(refusal)) {}  // NOLINT: implicit
  // REQUIRES: !status.ok().
  Reply(absl::Status status)  // NOLINT: implicit
      : state_(Failure(std::move(status))) {
    VU_CHECK(!this->status().ok(), "a reply cannot fail with OK");
  }
  Reply(Failure failure) : state_(std::move(failure)) {}  // NOLINT: implicit

  bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }

  // REQUIRES: ok().
  T& value() & {
    VU_CHECK(ok(), "the value of a failed operation was used");
    return *std::get_if<T>(&state_);
  }
  const T& value() const& {
    VU_CHECK(ok(), "the value of a failed operation was used");
    return *std::get_if<T>(&state_);
  }
  T&& value() && { return std::move(value()); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(value()); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  // Null, or (for status) OK, unless that is the reason.
  const protocol::Violation* violation() const {
    return Reason<protocol::Violation>();
  }
  const Nack* nack() const { return Reason<Nack>(); }
  const Refusal* refusal() const { return Reason<Refusal>(); }
  absl::Status status() const {
    const auto* status = Reason<absl::Status>();
    return status == nullptr ? absl::OkStatus() : *status;
  }

  // REQUIRES: !ok().
  const Failure& failure() const {
    VU_CHECK(!ok(), "an operation that succeeded has no failure");
    return *std::get_if<Failure>(&state_);
  }

  // "ok", or why not, in one line for people.
  std::string Describe() const {
    return ok() ? "ok" : DescribeFailure(failure());
  }

 private:
  template <typename Kind>
  const Kind* Reason() const {
    const auto* failure = std::get_if<Failure>(&state_);
    return failure == nullptr ? nullptr : std::get_if<Kind>(failure);
  }

  std::variant<T, Failure> state_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_FRONTEND_REPLY_H_
