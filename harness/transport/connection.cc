#include "harness/transport/connection.h"

#include <array>
#include <optional>

#include "absl/strings/str_cat.h"
#include "harness/transport/check.h"
#include "protocol/limits.h"

namespace vuspec {

Connection::Connection(std::unique_ptr<Channel> channel, WireObserver* observer)
    : channel_(std::move(channel)), observer_(observer) {
  VU_CHECK(channel_ != nullptr, "a connection needs a channel");
  constexpr std::size_t kMostMessages = 128;
  out_.reserve(kMostMessages);
}

absl::Status Connection::SendMessage(const protocol::Header& header,
                                     std::span<const std::byte> payload,
                                     std::span<const int> fds,
                                     Deadline deadline) {
  const protocol::HeaderBytes head = protocol::EncodeHeader(header);
  out_.assign(head.begin(), head.end());
  out_.insert(out_.end(), payload.begin(), payload.end());
  absl::Status status = channel_->Send(out_, fds, deadline);
  if (status.ok() && observer_ != nullptr) {
    observer_->OnSent(header, payload, fds.size());
  }
  return status;
}

Received Connection::Receive(Deadline deadline) {
  // Whichever is longer; a part is at most what the framer wants.
  std::array<std::byte, protocol::kPayloadSizeMax> buffer;
  static_assert(buffer.size() >= protocol::kHeaderSize);
  while (!framer_.violation()) {
    if (!end_.ok()) return end_;
    const std::size_t wanted = framer_.Wanted();
    VU_CHECK(0 < wanted && wanted <= buffer.size(), "framer wants too much");
    std::size_t size = 0;
    std::size_t fd_count = 0;
    if (absl::Status status = ReceivePart(std::span(buffer).first(wanted), size,
                                          fd_count, deadline);
        !status.ok()) {
      return status;
    }
    const auto step = framer_.Feed(std::span(buffer).first(size), fd_count);
    if (step.frame) return TakeMessage(*step.frame);
  }
  fds_.clear();
  return *framer_.violation();
}

absl::Status Connection::ReceivePart(std::span<std::byte> part,
                                     std::size_t& size, std::size_t& fd_count,
                                     Deadline deadline) {
  const std::size_t fds_before = fds_.size();
  absl::StatusOr<std::size_t> received =
      channel_->Receive(part, fds_, deadline);
  if (!received.ok()) return End(received.status());
  if (*received == 0) {
    return End(absl::UnavailableError(
        MidMessage() ? "the peer closed the connection"
                     : "the peer closed the connection between messages"));
  }
  if (fds_.size() > kMaxFdsPerMessage) {
    return End(absl::ResourceExhaustedError(
        absl::StrCat("more than ", kMaxFdsPerMessage,
                     " descriptors came with one message")));
  }
  size = *received;
  fd_count = fds_.size() - fds_before;
  return absl::OkStatus();
}

absl::Status Connection::End(absl::Status status) {
  // A silent peer between messages is the common case, and costs no text.
  if (MidMessage()) {
    status = absl::Status(status.code(),
                          absl::StrCat(status.message(), " inside a message"));
  }
  if (!absl::IsDeadlineExceeded(status)) {
    fds_.clear();
    end_ = status;
  }
  return status;
}

ReceivedMessage Connection::TakeMessage(const protocol::Frame& frame) {
  VU_CHECK(frame.fd_count == fds_.size(), "a descriptor changed messages");
  if (observer_ != nullptr) {
    observer_->OnReceived(frame.header, frame.payload, frame.fd_count);
  }
  return {.header = frame.header,
          .payload = {frame.payload.begin(), frame.payload.end()},
          .fds = std::exchange(fds_, {})};
}

}  // namespace vuspec
