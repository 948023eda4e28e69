#include "protocol/validator.h"

#include "protocol/codec.h"

namespace vuspec::protocol {
namespace {

constexpr std::uint32_t kFlagsOffset = 4;

Violation HeaderViolation(Req req, std::string_view subject,
                          std::string_view field, std::uint32_t offset,
                          Relation relation, std::uint64_t expected,
                          std::uint64_t actual) {
  return {req, subject, field, offset, relation, expected, actual};
}

// A back-end that asks is bound by one requirement of its own.
std::optional<Violation> CheckRequestFlags(const Header& header,
                                           Channel channel,
                                           std::string_view subject) {
  const auto req = [&](Req main) {
    return channel == Channel::kMain ? main : Req::HDR_08;
  };
  if ((header.flags & kVersionMask) != kVersion) {
    return HeaderViolation(req(Req::HDR_16), subject, "version", kFlagsOffset,
                           Relation::kEqual, kVersion,
                           header.flags & kVersionMask);
  }
  if ((header.flags & kReplyFlag) != 0) {
    return HeaderViolation(req(Req::HDR_18), subject, "reply flag",
                           kFlagsOffset, Relation::kEqual, 0, 1);
  }
  if ((header.flags & ~kDefinedFlags) != 0) {
    return HeaderViolation(req(Req::HDR_19), subject, "flags", kFlagsOffset,
                           Relation::kOnlyBits, kDefinedFlags, header.flags);
  }
  return std::nullopt;
}

std::optional<Violation> CheckReplyFlags(const Header& header,
                                         std::string_view subject) {
  constexpr std::uint32_t kExpected = kVersion | kReplyFlag;
  if (header.flags == kExpected) return std::nullopt;
  Req req = Req::HDR_07;
  if ((header.flags & kVersionMask) != kVersion) {
    req = Req::HDR_04;
  } else if ((header.flags & kReplyFlag) == 0) {
    req = Req::HDR_05;
  }
  return HeaderViolation(req, subject, "flags", kFlagsOffset, Relation::kEqual,
                         kExpected, header.flags);
}

struct FdRange {
  std::size_t min = 0;
  std::size_t max = 0;
};

std::uint32_t RegionCount(const Body& body) {
  if (const auto* table = std::get_if<MemoryTable>(&body)) {
    return table->region_count;
  }
  if (const auto* table = std::get_if<XenMemoryTable>(&body)) {
    return table->region_count;
  }
  return 0;
}

std::uint64_t FirstU64(const Body& body) {
  if (const auto* u64 = std::get_if<U64>(&body)) return u64->value;
  if (const auto* area = std::get_if<VringArea>(&body)) return area->index;
  return 0;
}

FdRange AllowedFds(const FdSpec& spec, const Body& body, WireContext context) {
  switch (spec.rule) {
    case FdRule::kCount:
      break;
    case FdRule::kBit8MeansNone: {
      const std::size_t count = (FirstU64(body) & kNoFdBit) != 0 ? 0 : 1;
      return {count, count};
    }
    case FdRule::kOnePerRegion:
      return {RegionCount(body), RegionCount(body)};
    case FdRule::kOneWithLogShmfd: {
      const std::size_t count = context.log_shmfd ? 1 : 0;
      return {count, count};
    }
  }
  return {spec.min, spec.max};
}

// `subject` cites what a wrong number breaks where the row knows descriptors;
// descriptors on a message that never has any break the rule `surplus`.
std::optional<Violation> CheckFds(const FdSpec& spec, const Message& message,
                                  WireContext context, Subject subject,
                                  Req surplus) {
  const FdRange allowed = AllowedFds(spec, message.body, context);
  if (message.fd_count < allowed.min) {
    return Violation{subject.cites,      subject.name, "descriptors",   0,
                     Relation::kAtLeast, allowed.min,  message.fd_count};
  }
  if (message.fd_count > allowed.max) {
    return Violation{spec.max == 0 ? surplus : subject.cites,
                     subject.name,
                     "descriptors",
                     0,
                     Relation::kAtMost,
                     allowed.max,
                     message.fd_count};
  }
  return std::nullopt;
}

std::optional<Violation> CheckEcho(const Message& request,
                                   const Message& reply) {
  const std::string_view subject = request.spec->reply_name;
  if (const auto asked = RingIndex(request)) {
    const auto* state = std::get_if<VringState>(&reply.body);
    if (state != nullptr && state->index != *asked) {
      return HeaderViolation(Req::GBASE_01, subject, "index", kHeaderSize,
                             Relation::kEqual, *asked, state->index);
    }
  }
  const auto* asked = std::get_if<Config>(&request.body);
  const auto* config = std::get_if<Config>(&reply.body);
  if (asked != nullptr && config != nullptr && config->size != 0) {
    if (config->offset != asked->offset) {
      return HeaderViolation(Req::CFG_01, subject, "offset", kHeaderSize,
                             Relation::kEqual, asked->offset, config->offset);
    }
    if (config->size != asked->size) {
      return HeaderViolation(Req::CFG_01, subject, "size", kHeaderSize + 4,
                             Relation::kEqual, asked->size, config->size);
    }
  }
  return std::nullopt;
}

std::optional<Violation> CheckTableEcho(const Message& request,
                                        const Message& reply) {
  if (PayloadOf(request.body) != PayloadOf(reply.body)) return std::nullopt;
  const std::uint32_t asked = RegionCount(request.body);
  const std::uint32_t count = RegionCount(reply.body);
  if (asked == count) return std::nullopt;
  return HeaderViolation(Req::PC_07, request.spec->reply_name, "region_count",
                         kHeaderSize, Relation::kEqual, asked, count);
}

// An id that the channel does not define.
Violation UnknownRequest(Channel channel, std::uint32_t id,
                         std::string_view subject) {
  const bool main = channel == Channel::kMain;
  if (id == 0) {
    return HeaderViolation(main ? Req::HDR_29 : Req::BCH_05, subject, "request",
                           0, Relation::kAtLeast, 1, id);
  }
  return HeaderViolation(main ? Req::HDR_28 : Req::BCH_05, subject, "request",
                         0, Relation::kAtMost, AllMessages(channel).size(), id);
}

// The codec counts from the payload, a reader of a message from its header.
Violation FromHeader(Violation violation) {
  violation.offset += kHeaderSize;
  return violation;
}

// A GET_CONFIG that failed is answered without any payload.
bool IsConfigFailure(const Frame& frame, Payload kind) {
  return kind == Payload::kConfig && frame.payload.empty();
}

std::optional<Violation> ReadRequest(Message& request, const Frame& frame,
                                     Channel channel, WireContext context) {
  const Header& header = frame.header;
  const MessageSpec* spec = FindMessage(channel, header.request);
  const std::string_view name = MessageName(channel, header.request);
  if (const auto wrong = CheckRequestFlags(header, channel, name)) return wrong;
  if (spec == nullptr) return UnknownRequest(channel, header.request, name);
  request.spec = spec;
  request.flags = header.flags;
  request.fd_count = frame.fd_count;
  const Payload kind = ResolvePayload(spec->payload, context);
  if (const auto wrong = DecodeInto(request.body, kind, frame.payload,
                                    {spec->name, spec->cites})) {
    return FromHeader(*wrong);
  }
  const Req surplus = channel == Channel::kMain ? Req::FD_04 : Req::BCH_07;
  const Subject fds{spec->name, spec->fds.cites.value_or(spec->cites)};
  return CheckFds(spec->fds, request, context, fds, surplus);
}

std::optional<Violation> ReadReply(Message& reply, const Frame& frame,
                                   const Message& request,
                                   WireContext context) {
  const MessageSpec& spec = *request.spec;
  const Header& header = frame.header;
  const std::string_view name = spec.reply_name;
  if (header.request != spec.id) {
    return HeaderViolation(Req::HDR_03, name, "request", 0, Relation::kEqual,
                           spec.id, header.request);
  }
  if (const auto wrong = CheckReplyFlags(header, name)) return wrong;
  const bool ack =
      ExpectedAnswer(spec, request.need_reply(), context) == AnswerKind::kAck;
  const Payload kind =
      ack ? Payload::kU64 : ResolvePayload(spec.reply, context);
  const Req shape = spec.reply_cites.value_or(spec.cites);
  reply.spec = &spec;
  reply.flags = header.flags;
  reply.fd_count = frame.fd_count;
  if (!IsConfigFailure(frame, kind)) {
    if (const auto wrong = DecodeInto(reply.body, kind, frame.payload,
                                      {name, ack ? Req::ACK_01 : shape})) {
      return FromHeader(*wrong);
    }
  }
  const Subject fds{name, spec.reply_fds.cites.value_or(shape)};
  if (const auto wrong = CheckFds(ack ? FdSpec{} : spec.reply_fds, reply,
                                  context, fds, Req::FD_18)) {
    return wrong;
  }
  if (const auto wrong = CheckEcho(request, reply)) return wrong;
  return CheckTableEcho(request, reply);
}

}  // namespace

std::optional<std::uint32_t> RingIndex(const Message& message) {
  switch (message.spec->ring) {
    case RingField::kNone:
      return std::nullopt;
    case RingField::kLowByte:
      return static_cast<std::uint32_t>(FirstU64(message.body) & 0xff);
    case RingField::kIndex:
      if (const auto* state = std::get_if<VringState>(&message.body)) {
        return state->index;
      }
      if (const auto* addr = std::get_if<VringAddr>(&message.body)) {
        return addr->index;
      }
      return std::nullopt;
  }
  return std::nullopt;
}

Result<Message> ValidateRequest(const Frame& frame, Channel channel,
                                WireContext context) {
  Result<Message> request = Message{};
  if (const auto wrong = ReadRequest(*request, frame, channel, context)) {
    request = *wrong;
  }
  return request;
}

Result<Message> ValidateReply(const Frame& frame, const Message& request,
                              WireContext context) {
  Result<Message> reply = Message{};
  if (const auto wrong = ReadReply(*reply, frame, request, context)) {
    reply = *wrong;
  }
  return reply;
}

}  // namespace vuspec::protocol
