#include "fuzz/answers.h"

#include "protocol/codec.h"

namespace vuspec::fuzz {
namespace {

using protocol::Message;
using protocol::Request;

std::uint64_t GrantingValue(const Message& request) {
  if (request.spec->channel == protocol::Channel::kBackend) return 0;
  switch (static_cast<Request>(request.spec->id)) {
    case Request::GET_FEATURES:
      return kEveryVirtioFeature;
    case Request::GET_PROTOCOL_FEATURES:
      return protocol::kDefinedProtocolFeatures;
    case Request::GET_QUEUE_NUM:
      return protocol::kVringCountMax;
    case Request::GET_MAX_MEM_SLOTS:
      return protocol::kMemoryRegionCountMax;
    default:
      return 0;
  }
}

}  // namespace

Message MakeAnswer(const Message& request, protocol::WireContext context,
                   std::optional<std::uint64_t> value) {
  const std::uint64_t number = value.value_or(GrantingValue(request));
  if (ExpectedAnswer(*request.spec, request.need_reply(), context) ==
      protocol::AnswerKind::kAck) {
    return MakeReply(request, protocol::U64{number});
  }
  const protocol::Payload kind = ResolvePayload(request.spec->reply, context);
  Message answer = MakeReply(request, protocol::EmptyBodyOf(kind),
                             request.spec->reply_fds.max);
  if (kind == PayloadOf(request.body)) answer.body = request.body;
  if (auto* u64 = std::get_if<protocol::U64>(&answer.body)) {
    u64->value = number;
  }
  if (auto* state = std::get_if<protocol::VringState>(&answer.body)) {
    state->num = static_cast<std::uint32_t>(number);
  }
  return answer;
}

}  // namespace vuspec::fuzz
