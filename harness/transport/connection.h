// Whole vhost-user messages, with their descriptors, over a Channel.
//
// Contract: owns the channel; blocking until the deadline; not thread-safe.
// Judges nothing but the framing: headers, payloads and descriptor counts go
// out as they are given and come in as they are, for validators and raw
// front-ends to care about.
//
// Invariant: a read never crosses a message boundary, so descriptors cannot
// land on the wrong message.
//
// Errors: as in channel.h. kDeadlineExceeded of Receive may be retried: what
// arrived so far is kept. All other outcomes without a message are final, are
// repeated by the next call and have closed the descriptors of the message
// that did not become whole.
//
// Spec: "Message Specification".
#ifndef VUSPEC_HARNESS_TRANSPORT_CONNECTION_H_
#define VUSPEC_HARNESS_TRANSPORT_CONNECTION_H_

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "harness/transport/channel.h"
#include "harness/transport/deadline.h"
#include "harness/transport/unique_fd.h"
#include "protocol/framer.h"
#include "protocol/header.h"
#include "protocol/violation.h"

namespace vuspec {

struct ReceivedMessage {
  protocol::Header header;
  std::vector<std::byte> payload;
  std::vector<UniqueFd> fds;
};

// What came of waiting for a message: the message, the violation that made
// the stream unreadable (peer wrong), or a status (world wrong).
class [[nodiscard]] Received {
 public:
  Received(ReceivedMessage message)  // NOLINT: implicit
      : outcome_(std::move(message)) {}
  Received(protocol::Violation violation)  // NOLINT: implicit
      : outcome_(violation) {}
  // REQUIRES: !status.ok().
  Received(absl::Status status)  // NOLINT: implicit
      : outcome_(std::move(status)) {}

  // A message arrived.
  bool ok() const { return std::holds_alternative<ReceivedMessage>(outcome_); }

  // REQUIRES: ok().
  ReceivedMessage& message() { return std::get<ReceivedMessage>(outcome_); }
  const ReceivedMessage& message() const {
    return std::get<ReceivedMessage>(outcome_);
  }

  // Null unless the peer broke the framing.
  const protocol::Violation* violation() const {
    return std::get_if<protocol::Violation>(&outcome_);
  }

  // OK for a message and for a violation: the world did its part.
  absl::Status status() const {
    const auto* status = std::get_if<absl::Status>(&outcome_);
    return status == nullptr ? absl::OkStatus() : *status;
  }

 private:
  std::variant<ReceivedMessage, protocol::Violation, absl::Status> outcome_;
};

// Sees every whole message, for transcripts. Must not use the connection.
class WireObserver {
 public:
  virtual ~WireObserver() = default;
  virtual void OnSent(const protocol::Header& header,
                      std::span<const std::byte> payload,
                      std::size_t fd_count) = 0;
  virtual void OnReceived(const protocol::Header& header,
                          std::span<const std::byte> payload,
                          std::size_t fd_count) = 0;
};

class Connection {
 public:
  // A message that brings more descriptors than one sendmsg(2) can, piece by
  // piece, is after our limit of them: kResourceExhausted.
  static constexpr std::size_t kMaxFdsPerMessage = 253;

  // `observer` is borrowed and may be null.
  explicit Connection(std::unique_ptr<Channel> channel,
                      WireObserver* observer = nullptr);

  // Sends header and payload in one write where the channel has room.
  // header.size need not be payload.size(): wrong sizes are worth sending.
  absl::Status SendMessage(const protocol::Header& header,
                           std::span<const std::byte> payload,
                           std::span<const int> fds, Deadline deadline);

  // End of stream is kUnavailable; its text, and MidMessage(), tell whether
  // the stream ended between messages or inside one.
  Received Receive(Deadline deadline);

  // True if part of a message has arrived.
  bool MidMessage() const { return framer_.MidMessage(); }

  // For bytes that are not messages, and for poll(2).
  Channel& channel() { return *channel_; }
  int PollFd() const { return channel_->PollFd(); }

 private:
  absl::Status End(absl::Status status);
  absl::Status ReceivePart(std::span<std::byte> part, std::size_t& size,
                           std::size_t& fd_count, Deadline deadline);
  ReceivedMessage TakeMessage(const protocol::Frame& frame);

  std::unique_ptr<Channel> channel_;
  WireObserver* observer_;
  protocol::Framer framer_;
  std::vector<UniqueFd> fds_;  // of the message being received
  std::vector<std::byte> out_;
  absl::Status end_;  // why nothing more will be received
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_TRANSPORT_CONNECTION_H_
