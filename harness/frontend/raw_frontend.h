// A front-end that exists to break the specification: sends anything.
//
// Contract: borrows the connection (its own, or that of a Frontend, whose
// model then hears nothing); blocking until the deadline that it is given; not
// thread-safe. Descriptors stay the caller's.
//
// Exchange sends a message with a fence (GET_FEATURES) right behind it, so
// that a peer that stays silent is seen to be silent by its answer to the
// fence and not by a timer. What cannot be fenced (a message that is cut, a
// size that swallows the fence) goes through ExchangeNoFence, where silence
// takes the whole deadline.
//
// Example:
//   RawFrontend raw(frontend);
//   Outcome outcome = raw.Exchange({200, kVersion | kNeedReplyFlag, 0}, {},
//                                  {}, deadline);
//   EXPECT_TRUE(outcome.refused()) << outcome;
#ifndef VUSPEC_HARNESS_FRONTEND_RAW_FRONTEND_H_
#define VUSPEC_HARNESS_FRONTEND_RAW_FRONTEND_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "harness/frontend/frontend.h"
#include "harness/frontend/outcome.h"
#include "harness/transport/connection.h"
#include "harness/transport/deadline.h"
#include "protocol/message.h"

namespace vuspec {

// Replaces fields of the header that a message would have.
struct HeaderOverride {
  std::optional<std::uint32_t> request = std::nullopt;
  std::optional<std::uint32_t> flags = std::nullopt;
  std::optional<std::uint32_t> size = std::nullopt;
};

class RawFrontend {
 public:
  // On the connection of `frontend`, which is borrowed too and says how answers
  // look now.
  explicit RawFrontend(Frontend& frontend)
      : connection_(&frontend.connection()), model_(&frontend.model()) {}
  // On a connection of its own; `context` is what was negotiated there.
  explicit RawFrontend(Connection& connection,
                       protocol::WireContext context = {})
      : connection_(&connection), context_(context) {}

  // REQUIRES: made from a Connection.
  void set_context(protocol::WireContext context) { context_ = context; }
  // Another request than GET_FEATURES: one without payload that is answered
  // by a u64, such as GET_PROTOCOL_FEATURES. Needed where the message is
  // GET_FEATURES itself: else the answers are counted, and a missing one takes
  // the whole deadline.
  void set_fence(protocol::Request fence) { fence_ = fence; }

  // header.size need not be payload.size().
  absl::Status Send(const protocol::Header& header,
                    std::span<const std::byte> payload,
                    std::span<const int> fds, Deadline deadline);
  // REQUIRES: counts inside the body are within their limits.
  absl::Status Send(const protocol::Message& message, std::span<const int> fds,
                    Deadline deadline, const HeaderOverride& instead = {});
  // Bytes that are no message, or several. Observers do not see them.
  absl::Status SendBytes(std::span<const std::byte> bytes,
                         std::span<const int> fds, Deadline deadline);

  // Ends our sending direction: the peer reads end of stream, we still read.
  void HalfClose() { connection_->channel().ShutdownWrite(); }

  Received Receive(Deadline deadline) { return connection_->Receive(deadline); }

  Outcome Exchange(const protocol::Header& header,
                   std::span<const std::byte> payload, std::span<const int> fds,
                   Deadline deadline);
  Outcome Exchange(const protocol::Message& message, std::span<const int> fds,
                   Deadline deadline, const HeaderOverride& instead = {});

  // Sends and waits for one answer, the end of the stream or the deadline.
  Outcome ExchangeNoFence(const protocol::Header& header,
                          std::span<const std::byte> payload,
                          std::span<const int> fds, Deadline deadline);
  Outcome ExchangeNoFence(const protocol::Message& message,
                          std::span<const int> fds, Deadline deadline,
                          const HeaderOverride& instead = {});

  // For what was sent by other means (SendBytes): sends the fence and tells
  // what answered `asked` before the fence was answered. `payload` as sent, as
  // far as the answer has to repeat it.
  Outcome Fence(const protocol::Header& asked,
                std::span<const std::byte> payload, Deadline deadline);

  // The first answer to `asked`, the end of the stream or the deadline.
  Outcome Await(const protocol::Header& asked,
                std::span<const std::byte> payload, Deadline deadline);

  Connection& connection() { return *connection_; }

 private:
  protocol::WireContext context() const {
    return model_ == nullptr ? context_ : model_->context();
  }

  Connection* connection_;
  const protocol::SessionModel* model_ = nullptr;
  protocol::WireContext context_;
  protocol::Request fence_ = protocol::Request::GET_FEATURES;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_FRONTEND_RAW_FRONTEND_H_
