#include "harness/frontend/judge_answer.h"

#include <cstring>
#include <utility>

#include "protocol/codec.h"
#include "protocol/validator.h"

namespace vuspec {

using protocol::AnswerKind;
using protocol::Header;
using protocol::Message;
using protocol::MessageSpec;
using protocol::Req;
using protocol::Violation;
using protocol::WireContext;

namespace {

// Stands for the row of an id that has none: nothing but an ack answers it.
constexpr MessageSpec UnknownRequest(std::uint32_t id) {
  MessageSpec spec;
  spec.id = id;
  spec.name = "unknown request";
  spec.reply_name = "unknown request reply";
  spec.cites = Req::HDR_27;
  return spec;
}

protocol::Frame FrameOf(const ReceivedMessage& message) {
  return {message.header, message.payload, message.fds.size()};
}

// What was asked, as far as it can be read: the answer may have to repeat it.
Message Asked(const Header& header, std::span<const std::byte> payload,
              const MessageSpec& spec, WireContext context) {
  Message message{&spec, header.flags, protocol::Empty{}, 0};
  const auto body =
      DecodeBody(ResolvePayload(spec.payload, context), payload, {});
  if (body.ok()) message.body = *body;
  return message;
}

std::optional<std::uint64_t> U64Of(const ReceivedMessage& message) {
  std::uint64_t value = 0;
  if (message.payload.size() != sizeof value) return std::nullopt;
  std::memcpy(&value, message.payload.data(), sizeof value);
  return value;
}

// The rule that an answer breaks by being there at all.
Violation Unasked(const MessageSpec& spec, bool known, bool need_reply,
                  const ReceivedMessage& answer) {
  Req req = need_reply ? Req::ACK_05 : Req::ACK_04;
  if (!known && !need_reply) req = Req::HDR_28;
  return {.req = req,
          .subject = spec.reply_name,
          .field = "an answer that nobody asked for",
          .offset = 0,
          .relation = protocol::Relation::kNotAllowedNow,
          .expected = 0,
          .actual = answer.header.request};
}

}  // namespace

Outcome JudgeAnswer(const Header& asked, std::span<const std::byte> payload,
                    WireContext context, ReceivedMessage answer) {
  const MessageSpec* row =
      protocol::FindMessage(protocol::Channel::kMain, asked.request);
  const MessageSpec unknown = UnknownRequest(asked.request);
  const MessageSpec& spec = row == nullptr ? unknown : *row;
  Message request = Asked(asked, payload, spec, context);
  AnswerKind expected = ExpectedAnswer(spec, request.need_reply(), context);

  Outcome outcome;
  if (expected == AnswerKind::kNothing) {
    outcome.violation =
        Unasked(spec, row != nullptr, request.need_reply(), answer);
    // Such an answer is read as the ack that it must be meant to be.
    request.flags |= protocol::kNeedReplyFlag;
    context.reply_ack = true;
    expected = AnswerKind::kAck;
  }
  const auto valid = ValidateReply(FrameOf(answer), request, context);
  if (!valid.ok() && !outcome.violation) outcome.violation = valid.violation();

  const std::optional<std::uint64_t> value = U64Of(answer);
  outcome.value = value.value_or(0);
  const bool ack = expected == AnswerKind::kAck && value &&
                   answer.header.request == asked.request;
  outcome.kind = !ack                 ? Outcome::kReplied
                 : outcome.value == 0 ? Outcome::kAcked
                                      : Outcome::kNacked;
  outcome.reply = std::move(answer);
  return outcome;
}

std::optional<Violation> CheckFenceReply(const ReceivedMessage& reply,
                                         const Message& fence,
                                         WireContext context) {
  const auto valid = ValidateReply(FrameOf(reply), fence, context);
  if (valid.ok()) return std::nullopt;
  return valid.violation();
}

}  // namespace vuspec
