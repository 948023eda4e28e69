#include "harness/frontend/raw_frontend.h"

#include <utility>

#include "harness/frontend/judge_answer.h"
#include "harness/frontend/wire_frame.h"

namespace vuspec {

using protocol::Header;
using protocol::Message;
using protocol::Req;
using protocol::Violation;

namespace {

Header Overridden(Header header, const HeaderOverride& instead) {
  header.request = instead.request.value_or(header.request);
  header.flags = instead.flags.value_or(header.flags);
  header.size = instead.size.value_or(header.size);
  return header;
}

void Blame(Outcome& outcome, const Violation& violation) {
  if (!outcome.violation) outcome.violation = violation;
}

// Whether sending got as far as it can say anything about the peer. A peer
// that closed may have answered before, so its end is for the reader to find.
bool Sent(const absl::Status& status, Outcome& outcome) {
  if (status.ok() || absl::IsUnavailable(status)) return true;
  if (absl::IsDeadlineExceeded(status)) {
    outcome.kind = Outcome::kHung;
    outcome.hung = true;
  } else {
    outcome.trouble = status;
  }
  return false;
}

// Nothing more comes: why.
void EndOfAnswers(const Received& received, Outcome& outcome) {
  if (received.violation() != nullptr) {
    if (!outcome.reply) outcome.kind = Outcome::kReplied;
    Blame(outcome, *received.violation());
    outcome.closed = true;
    return;
  }
  const absl::Status status = received.status();
  if (absl::IsUnavailable(status)) {
    if (!outcome.reply) outcome.kind = Outcome::kClosed;
    outcome.closed = true;
  } else if (absl::IsDeadlineExceeded(status)) {
    if (!outcome.reply) outcome.kind = Outcome::kHung;
    outcome.hung = true;
  } else {
    outcome.trouble = status;
  }
}

// An answer that follows the first one.
Violation SurplusAnswer(const ReceivedMessage& answer) {
  return {.req = Req::HDR_09,
          .subject = "surplus reply",
          .field = "request",
          .offset = 0,
          .relation = protocol::Relation::kNotAllowedNow,
          .expected = 0,
          .actual = answer.header.request};
}

}  // namespace

absl::Status RawFrontend::Send(const Header& header,
                               std::span<const std::byte> payload,
                               std::span<const int> fds, Deadline deadline) {
  return connection_->SendMessage(header, payload, fds, deadline);
}

absl::Status RawFrontend::Send(const Message& message, std::span<const int> fds,
                               Deadline deadline,
                               const HeaderOverride& instead) {
  WireFrame frame;
  frame.EncodeUnchecked(message);
  return Send(Overridden(frame.header(), instead), frame.payload(), fds,
              deadline);
}

absl::Status RawFrontend::SendBytes(std::span<const std::byte> bytes,
                                    std::span<const int> fds,
                                    Deadline deadline) {
  return connection_->channel().Send(bytes, fds, deadline);
}

Outcome RawFrontend::Exchange(const Header& header,
                              std::span<const std::byte> payload,
                              std::span<const int> fds, Deadline deadline) {
  Outcome outcome;
  if (!Sent(Send(header, payload, fds, deadline), outcome)) return outcome;
  return Fence(header, payload, deadline);
}

Outcome RawFrontend::Exchange(const Message& message, std::span<const int> fds,
                              Deadline deadline,
                              const HeaderOverride& instead) {
  WireFrame frame;
  frame.EncodeUnchecked(message);
  return Exchange(Overridden(frame.header(), instead), frame.payload(), fds,
                  deadline);
}

Outcome RawFrontend::ExchangeNoFence(const Header& header,
                                     std::span<const std::byte> payload,
                                     std::span<const int> fds,
                                     Deadline deadline) {
  Outcome outcome;
  if (!Sent(Send(header, payload, fds, deadline), outcome)) return outcome;
  return Await(header, payload, deadline);
}

Outcome RawFrontend::ExchangeNoFence(const Message& message,
                                     std::span<const int> fds,
                                     Deadline deadline,
                                     const HeaderOverride& instead) {
  WireFrame frame;
  frame.EncodeUnchecked(message);
  return ExchangeNoFence(Overridden(frame.header(), instead), frame.payload(),
                         fds, deadline);
}

Outcome RawFrontend::Await(const Header& asked,
                           std::span<const std::byte> payload,
                           Deadline deadline) {
  Outcome outcome;
  Received received = connection_->Receive(deadline);
  if (!received.ok()) {
    EndOfAnswers(received, outcome);
    return outcome;
  }
  return JudgeAnswer(asked, payload, context(), std::move(received.message()));
}

Outcome RawFrontend::Fence(const Header& asked,
                           std::span<const std::byte> payload,
                           Deadline deadline) {
  Outcome outcome;
  const Message fence = protocol::MakeRequest(fence_);
  if (!Sent(Send(fence, {}, deadline), outcome)) return outcome;
  const bool alike = asked.request == fence.spec->id;
  for (;;) {
    Received received = connection_->Receive(deadline);
    if (!received.ok()) {
      EndOfAnswers(received, outcome);
      break;
    }
    ReceivedMessage& message = received.message();
    if (message.header.request == fence.spec->id && (!alike || outcome.reply)) {
      if (const auto wrong = CheckFenceReply(message, fence, context())) {
        Blame(outcome, *wrong);
      }
      return outcome;
    }
    if (!outcome.reply) {
      outcome = JudgeAnswer(asked, payload, context(), std::move(message));
    } else {
      Blame(outcome, SurplusAnswer(message));
    }
    // A peer that never stops answering keeps no wait waiting.
    if (deadline.Reached()) {
      outcome.hung = true;
      return outcome;
    }
  }
  // The one answer to two requests that look alike was that to the fence.
  if (alike && outcome.hung && outcome.reply) {
    Outcome silent;
    silent.violation = outcome.violation;
    return silent;
  }
  return outcome;
}

}  // namespace vuspec
