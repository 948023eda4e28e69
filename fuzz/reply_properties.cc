#include "fuzz/reply_properties.h"

#include <algorithm>
#include <array>

#include "fuzz/allocation_counter.h"
#include "fuzz/property.h"
#include "fuzz/reply_input.h"
#include "fuzz/violation_properties.h"
#include "protocol/dump.h"
#include "protocol/session_model.h"

namespace vuspec::fuzz {
namespace {

using protocol::Frame;
using protocol::Message;
using protocol::MessageSpec;
using protocol::Payload;
using Verdict = protocol::Result<Message>;

struct Case {
  ReplyInput input;
  Message request;  // what the frame answers; unused for requests
  Frame frame;
};

Verdict Judge(const Case& test, const Frame& frame, const Parsers& parsers) {
  if (!test.input.is_reply()) {
    return parsers.validate_request(frame, test.input.channel(),
                                    test.input.context);
  }
  return parsers.validate_reply(frame, test.request, test.input.context);
}

// The header is copied, since 11 bytes are one, too; whoever cut the frame has
// seen to its size.
Case MakeCase(Bytes bytes) {
  Case test;
  ReplyInput& input = test.input;
  input = ReadReplyInput(bytes);
  const auto rows = AllMessages(input.channel());
  const MessageSpec& spec = rows[input.row % rows.size()];
  test.request.spec = &spec;
  if (input.is_reply()) {
    test.request.flags |= input.need_reply ? protocol::kNeedReplyFlag : 0;
    if (ExpectedAnswer(spec, input.need_reply, input.context) ==
        protocol::AnswerKind::kNothing) {
      test.request.flags |= protocol::kNeedReplyFlag;
      input.context.reply_ack = true;
    }
    const Payload kind = ResolvePayload(spec.payload, input.context);
    const auto asked =
        DecodeBody(kind, std::as_bytes(input.asked), {spec.name});
    test.request.body = asked.ok() ? *asked : protocol::EmptyBodyOf(kind);
  }
  protocol::HeaderBytes header{};
  const auto frame = std::as_bytes(input.frame);
  const std::size_t head = std::min(frame.size(), header.size());
  std::copy_n(frame.begin(), head, header.begin());
  test.frame.header = protocol::DecodeHeader(header);
  test.frame.payload = frame.subspan(head).first(
      std::min(frame.size() - head, protocol::kPayloadSizeMax));
  test.frame.header.size =
      static_cast<std::uint32_t>(test.frame.payload.size());
  test.frame.fd_count = input.fd_count;
  return test;
}

bool SameMessage(const Message& a, const Message& b) {
  return a.spec == b.spec && a.flags == b.flags && a.fd_count == b.fd_count &&
         a.body == b.body;
}

bool SameVerdict(const Verdict& a, const Verdict& b) {
  if (a.ok() != b.ok()) return false;
  return a.ok() ? SameMessage(*a, *b) : a.violation() == b.violation();
}

// Bytes of the payload that carry something: two kinds may end in padding.
std::size_t MeaningfulSize(const protocol::Body& body, std::size_t size) {
  const Payload kind = PayloadOf(body);
  if (kind != Payload::kIotlb && kind != Payload::kInflight) return size;
  const protocol::SizeRange sizes = protocol::PayloadSizes(kind);
  VU_PROPERTY(size == sizes.min || size == sizes.max, "the size is exact");
  return sizes.min;
}

void CheckAccepted(const Case& test, const Message& message,
                   const Parsers& parsers) {
  const Frame& frame = test.frame;
  VU_PROPERTY(
      message.spec != nullptr && message.spec->id == frame.header.request,
      "the message is of the row that its header names");
  VU_PROPERTY(message.flags == frame.header.flags, "the flags are kept");
  VU_PROPERTY((message.flags & protocol::kVersionMask) == protocol::kVersion,
              "the version is 1");
  VU_PROPERTY(message.is_reply() == test.input.is_reply(),
              "replies and requests are told apart");
  VU_PROPERTY((message.flags & ~protocol::kDefinedFlags) == 0,
              "no undefined flag is set");
  VU_PROPERTY(message.fd_count == frame.fd_count, "descriptors are counted");

  static std::array<std::byte, protocol::kPayloadSizeMax> out;
  const std::size_t size = parsers.encode(message.body, out);
  const auto encoded = std::span<const std::byte>(out).first(size);
  const std::size_t meaningful =
      MeaningfulSize(message.body, frame.payload.size());
  VU_PROPERTY(encoded.size() >= frame.payload.size() &&
                  (encoded.size() == frame.payload.size() ||
                   meaningful != encoded.size()),
              "encoding gives the size back");
  VU_PROPERTY(std::ranges::equal(encoded.first(meaningful),
                                 frame.payload.first(meaningful)),
              "encoding gives the bytes back");
  const Frame again = {frame.header, encoded, frame.fd_count};
  const Verdict verdict = Judge(test, again, parsers);
  VU_PROPERTY(verdict.ok() && SameMessage(*verdict, message),
              "what was encoded reads the same");
}

void CheckText(const Case& test, const Verdict& verdict) {
  const std::string frame = protocol::DumpFrame(
      test.input.channel(), test.frame.header, test.frame.payload,
      test.frame.fd_count, test.input.context);
  VU_PROPERTY(!frame.empty(), "every frame can be shown");
  const std::string text = verdict.ok()
                               ? protocol::Dump(*verdict)
                               : protocol::ToString(verdict.violation());
  VU_PROPERTY(!text.empty(), "every verdict can be shown");
}

// The model's rules about what was accepted answer for every content.
void CheckModel(const Case& test, const Message& message) {
  static const protocol::SessionModel fresh;
  std::optional<protocol::Violation> wrong;
  switch (test.input.mode) {
    case ReplyInput::Mode::kMainReply:
      wrong = fresh.CheckReply(test.request, message);
      break;
    case ReplyInput::Mode::kBackendRequest:
      wrong = fresh.CheckBackendRequest(message);
      break;
    case ReplyInput::Mode::kMainRequest:
      wrong = fresh.CheckRequest(message);
      break;
    case ReplyInput::Mode::kBackendReply:
      break;
  }
  if (wrong) CheckViolation(*wrong);
}

}  // namespace

void CheckReplyInput(Bytes bytes, const Parsers& parsers) {
  const std::uint64_t allocations = AllocationCount();
  const Case test = MakeCase(bytes);
  const Verdict verdict = Judge(test, test.frame, parsers);
  if (verdict.ok()) {
    CheckAccepted(test, *verdict, parsers);
    CheckModel(test, *verdict);
  } else {
    CheckViolation(verdict.violation());
    VU_PROPERTY(SameVerdict(verdict, Judge(test, test.frame, parsers)),
                "the verdict stays the same");
  }
  VU_PROPERTY(AllocationCount() == allocations, "nothing is allocated");
  if (test.input.with_text) CheckText(test, verdict);
}

}  // namespace vuspec::fuzz
