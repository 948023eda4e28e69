#include "harness/backend/answers.h"

#include <poll.h>

#include <algorithm>

#include "harness/transport/event_fd.h"
#include "harness/transport/unix_channel.h"
#include "protocol/codec.h"

namespace vuspec {
namespace {

using protocol::Header;

std::vector<std::byte> Encode(const protocol::Body& body) {
  std::vector<std::byte> bytes(protocol::EncodedSize(body));
  protocol::EncodeBody(body, bytes);
  return bytes;
}

}  // namespace

absl::Status Answers::Reply(const Header& request, const protocol::Body& body,
                            const UniqueFd& fd) {
  const bool asked = (request.flags & protocol::kNeedReplyFlag) != 0;
  if (!asked && fault_(Fault::kReplyOnlyIfAsked)) return absl::OkStatus();
  const int number = fd.get();
  const Fds fds = fd ? Fds(&number, 1) : Fds();
  const absl::Status status = Send(request, Encode(body), fds);
  if (!status.ok()) return status;
  if (fault_(Fault::kReplySentTwice)) return Send(request, Encode(body), fds);
  if (asked && fault_(Fault::kReplyAndAck)) {
    return Send(request, Encode(protocol::U64{0}), {});
  }
  return absl::OkStatus();
}

absl::Status Answers::Ack(const Header& request, std::uint64_t value) {
  if (fault_(Fault::kAckMissing)) return absl::OkStatus();
  if (fault_(Fault::kRefusalAcked)) value = 0;
  if (fault_(Fault::kSuccessNacked)) value = 1;
  std::vector<std::byte> payload = Encode(protocol::U64{value});
  if (fault_(Fault::kAckOf4Bytes)) payload.resize(4);
  if (fault_(Fault::kAckEmpty)) payload.clear();
  const absl::Status status = Send(request, payload, {});
  if (status.ok() && fault_(Fault::kAckSentTwice)) {
    return Send(request, payload, {});
  }
  return status;
}

// `header` is that of the request.
absl::Status Answers::Send(Header header, std::vector<std::byte> payload,
                           Fds fds) {
  if (fault_(Fault::kNeverAnswers)) return absl::OkStatus();
  header.flags = protocol::kVersion | protocol::kReplyFlag |
                 (fault_(Fault::kReplyKeepsNeedReply)
                      ? header.flags & protocol::kNeedReplyFlag
                      : 0);
  if (fault_(Fault::kReplyFlagMissing)) header.flags &= ~protocol::kReplyFlag;
  if (fault_(Fault::kReplyVersionMissing)) {
    header.flags &= ~protocol::kVersionMask;
  }
  if (fault_(Fault::kReplyVersionTwo)) header.flags ^= protocol::kVersionMask;
  if (fault_(Fault::kReplyReservedFlagSet)) header.flags |= 0x10;
  if (fault_(Fault::kReplyIdWrong)) ++header.request;
  if (fault_(Fault::kReplyIdZero)) header.request = 0;
  if (fault_(Fault::kReplyTooLong)) payload.resize(payload.size() + 4);
  if (payload.size() >= 4 && fault_(Fault::kReplyTooShort)) {
    payload.resize(payload.size() - 4);
  }
  header.size = static_cast<std::uint32_t>(payload.size());
  if (fault_(Fault::kReplySizeFieldZero)) header.size = 0;
  if (fault_(Fault::kReplySizeFieldTooLarge)) header.size += 8;
  return Write(header, payload, fds);
}

absl::Status Answers::Write(const Header& header,
                            std::span<const std::byte> payload, Fds fds) {
  if (fault_(Fault::kAnswersByteByByte)) {
    return WriteByteByByte(header, payload, fds, 0);
  }
  if (fault_(Fault::kAnswersOneBytePerMillisecond)) {
    return WriteByteByByte(header, payload, fds, 1);
  }
  if (fault_(Fault::kReplyCarriesFd)) return WriteWithFds(header, payload, 1);
  if (fault_(Fault::kFloodsFds)) {
    return WriteWithFds(header, payload, UnixChannel::kMaxFds);
  }
  return connection_.SendMessage(header, payload, fds,
                                 Deadline::After(kPatience));
}

absl::Status Answers::WriteByteByByte(const Header& header,
                                      std::span<const std::byte> payload,
                                      Fds fds, int pause_ms) {
  const protocol::HeaderBytes head = EncodeHeader(header);
  std::vector<std::byte> bytes(head.begin(), head.end());
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  for (const std::byte& byte : bytes) {
    if (pause_ms != 0) (void)::poll(nullptr, 0, pause_ms);
    const absl::Status status = connection_.channel().Send(
        std::span(&byte, 1), fds, Deadline::After(kPatience));
    if (!status.ok()) return status;
    fds = {};
  }
  return absl::OkStatus();
}

absl::Status Answers::WriteWithFds(const Header& header,
                                   std::span<const std::byte> payload,
                                   std::size_t fd_count) {
  const absl::StatusOr<Event> event = Event::Create();
  if (!event.ok()) return event.status();
  const std::vector<int> fds(fd_count, event->fd());
  return connection_.SendMessage(header, payload, fds,
                                 Deadline::After(kPatience));
}

}  // namespace vuspec
