#include "protocol/validator.h"

#include "gmock/gmock.h"
#include "protocol/allocation_count_for_test.h"
#include "protocol/session_model.h"
#include "protocol/test_support.h"

namespace vuspec::protocol {
namespace {

constexpr WireContext kContexts[] = {
    {},
    {.reply_ack = true},
    {.xen_mmap = true, .log_shmfd = true, .reply_ack = true},
    {.reply_ack = true, .postcopy_listening = true},
};

// A request of that row that is right in that context.
struct Good {
  std::vector<std::byte> payload;
  Body body;
  std::size_t fd_count = 0;

  Frame frame(const MessageSpec& spec, std::uint32_t flags = kVersion) const {
    return FrameOf(spec.id, flags, payload, fd_count);
  }
};

Good GoodRequest(const MessageSpec& spec, WireContext context, Rng& rng) {
  const Payload kind = ResolvePayload(spec.payload, context);
  Good good;
  good.payload = RandomPayload(kind, rng);
  good.body = *DecodeBody(kind, good.payload, {spec.name, spec.cites});
  good.fd_count = FdsFor(spec, good.body, context);
  return good;
}

TEST(ValidateRequest, TakesEveryRowWithRandomFields) {
  Rng rng(TestSeed());
  for (const WireContext& context : kContexts) {
    for (const MessageSpec* spec : AllRows()) {
      for (int i = 0; i < 5; ++i) {
        const Good good = GoodRequest(*spec, context, rng);
        const auto message =
            ValidateRequest(good.frame(*spec), spec->channel, context);
        ASSERT_TRUE(message.ok()) << ToString(message.violation());
        EXPECT_EQ(message->spec, spec);
        EXPECT_EQ(message->body, good.body);
        EXPECT_EQ(message->fd_count, good.fd_count);
      }
    }
  }
}

TEST(ValidateRequest, RefusesEveryTruncationAndEverySurplusOfEveryRow) {
  Rng rng(TestSeed());
  for (const WireContext& context : kContexts) {
    for (const MessageSpec* spec : AllRows()) {
      SCOPED_TRACE(spec->name);
      const Payload kind = ResolvePayload(spec->payload, context);
      if (kind == Payload::kOpaque) continue;  // any size is a size
      const bool padded = kind == Payload::kIotlb || kind == Payload::kInflight;
      Good good = GoodRequest(*spec, context, rng);
      const std::size_t exact = good.payload.size();
      good.payload.resize(exact + 70);
      for (std::size_t size = 0; size < good.payload.size(); ++size) {
        if (size == exact) continue;
        if (padded && size == PayloadSizes(kind).min) continue;
        const Frame frame =
            FrameOf(spec->id, kVersion, std::span(good.payload).first(size),
                    good.fd_count);
        const auto message = ValidateRequest(frame, spec->channel, context);
        ASSERT_FALSE(message.ok()) << size;
        const Violation& wrong = message.violation();
        EXPECT_EQ(wrong.req, spec->cites);
        EXPECT_EQ(wrong.subject, spec->name);
        EXPECT_FALSE(wrong.field.empty());
        EXPECT_GE(wrong.offset, kHeaderSize);
        EXPECT_LE(wrong.offset, kHeaderSize + size);
        EXPECT_EQ(wrong.actual, size);
        EXPECT_NE(wrong.expected, size);
      }
    }
  }
}

TEST(ValidateRequest, RefusesEveryWrongNumberOfDescriptors) {
  Rng rng(TestSeed());
  for (const WireContext& context : kContexts) {
    for (const MessageSpec* spec : AllRows()) {
      SCOPED_TRACE(spec->name);
      Good good = GoodRequest(*spec, context, rng);
      const std::size_t right = good.fd_count;
      const bool range = spec->fds.rule == FdRule::kCount;
      for (std::size_t count = 0; count < 12; ++count) {
        good.fd_count = count;
        const auto message =
            ValidateRequest(good.frame(*spec), spec->channel, context);
        const bool fits = range
                              ? count >= spec->fds.min && count <= spec->fds.max
                              : count == right;
        ASSERT_EQ(message.ok(), fits) << count << " of " << right;
        if (fits) continue;
        EXPECT_EQ(message.violation().field, "descriptors");
        EXPECT_EQ(message.violation().actual, count);
        const Req surplus =
            spec->channel == Channel::kMain ? Req::FD_04 : Req::BCH_07;
        EXPECT_EQ(message.violation().req,
                  spec->fds.max == 0 ? surplus
                                     : spec->fds.cites.value_or(spec->cites));
      }
    }
  }
}

// A flipped bit gives a violation or another message, which the session model
// then judges without falling over.
TEST(ValidateRequest, SurvivesEveryFlippedHeaderBitOfEveryRow) {
  Rng rng(TestSeed());
  const SessionModel fresh;
  for (const MessageSpec* spec : AllRows()) {
    const Good good = GoodRequest(*spec, {}, rng);
    for (unsigned bit = 0; bit < 64; ++bit) {
      SCOPED_TRACE(testing::Message() << spec->name << " bit " << bit);
      Frame frame = good.frame(*spec);
      (bit < 32 ? frame.header.request : frame.header.flags) ^= 1u
                                                                << (bit % 32);
      const auto message = ValidateRequest(frame, spec->channel, {});
      if (bit >= 32) {
        // Only need_reply may change; every other flag is fixed.
        ASSERT_EQ(message.ok(), bit == 32 + 3);
        if (!message.ok()) {
          EXPECT_EQ(message.violation().offset, 4u);
        }
      } else if (message.ok()) {
        EXPECT_NE(message->spec, spec);
        EXPECT_EQ(message->spec->id, frame.header.request);
        if (spec->channel == Channel::kMain) fresh.CheckRequest(*message);
      } else if (FindMessage(spec->channel, frame.header.request) == nullptr) {
        EXPECT_EQ(message.violation().field, "request");
      }
    }
  }
}

TEST(ValidateRequest, CitesTheSideThatErrs) {
  const auto refused = [](std::uint32_t id, std::uint32_t flags,
                          Channel channel) {
    return ValidateRequest(FrameOf(id, flags, {}, 0), channel, {})
        .violation()
        .req;
  };
  EXPECT_EQ(refused(1, 2, Channel::kMain), Req::HDR_16);
  EXPECT_EQ(refused(1, 5, Channel::kMain), Req::HDR_18);
  EXPECT_EQ(refused(1, 0x21, Channel::kMain), Req::HDR_19);
  EXPECT_EQ(refused(2, 2, Channel::kBackend), Req::HDR_08);
  EXPECT_EQ(refused(2, 5, Channel::kBackend), Req::HDR_08);
  EXPECT_EQ(refused(0, 1, Channel::kMain), Req::HDR_29);
  EXPECT_EQ(refused(45, 1, Channel::kMain), Req::HDR_28);
  EXPECT_EQ(refused(11, 1, Channel::kBackend), Req::BCH_05);
}

// The answer that `request` gets in `context`, right in every respect.
Good GoodAnswer(const Message& request, WireContext context, Rng& rng) {
  const MessageSpec& spec = *request.spec;
  const bool ack =
      ExpectedAnswer(spec, request.need_reply(), context) == AnswerKind::kAck;
  const Payload kind =
      ack ? Payload::kU64 : ResolvePayload(spec.reply, context);
  Good good;
  good.body = *DecodeBody(kind, RandomPayload(kind, rng), {});
  if (spec.reply == spec.payload && !ack) good.body = request.body;
  if (auto* bit8 = std::get_if<U64>(&good.body)) bit8->value |= kNoFdBit;
  good.payload = Encoded(good.body);
  return good;
}

TEST(ValidateReply, TakesTheAnswerOfEveryRowAndNoOtherFlagsIdOrSize) {
  Rng rng(TestSeed());
  for (const WireContext& context : kContexts) {
    for (const MessageSpec* spec : AllRows()) {
      SCOPED_TRACE(spec->name);
      const Good asked = GoodRequest(*spec, context, rng);
      const Message request{spec, kVersion | kNeedReplyFlag, asked.body,
                            asked.fd_count};
      if (ExpectedAnswer(*spec, true, context) == AnswerKind::kNothing) {
        EXPECT_FALSE(context.reply_ack);
        continue;
      }
      const Good good = GoodAnswer(request, context, rng);
      const auto reply = ValidateReply(good.frame(*spec, 5), request, context);
      ASSERT_TRUE(reply.ok()) << ToString(reply.violation());
      EXPECT_EQ(reply->body, good.body);
      for (unsigned bit = 0; bit < 64; ++bit) {
        Frame frame = good.frame(*spec, 5);
        (bit < 32 ? frame.header.request : frame.header.flags) ^= 1u
                                                                  << (bit % 32);
        const auto wrong = ValidateReply(frame, request, context);
        ASSERT_FALSE(wrong.ok()) << bit;
        EXPECT_EQ(wrong.violation().subject, spec->reply_name);
      }
      const bool own =
          ExpectedAnswer(*spec, true, context) == AnswerKind::kReply;
      if (std::holds_alternative<Opaque>(good.body)) continue;
      std::vector<std::byte> longer = good.payload;
      longer.push_back(std::byte{0});
      const auto wrong =
          ValidateReply(FrameOf(spec->id, 5, longer, 0), request, context);
      ASSERT_FALSE(wrong.ok());
      EXPECT_EQ(wrong.violation().req,
                own ? spec->reply_cites.value_or(spec->cites) : Req::ACK_01);
    }
  }
}

TEST(ValidateReply, TellsAnAckFromAReplyOfItsOwn) {
  const auto kind = [](Request request, bool need_reply, WireContext context) {
    return ExpectedAnswer(Spec(request), need_reply, context);
  };
  constexpr WireContext kAcks{.reply_ack = true};
  EXPECT_EQ(kind(Request::SET_OWNER, false, kAcks), AnswerKind::kNothing);
  EXPECT_EQ(kind(Request::SET_OWNER, true, {}), AnswerKind::kNothing);
  EXPECT_EQ(kind(Request::SET_OWNER, true, kAcks), AnswerKind::kAck);
  EXPECT_EQ(kind(Request::GET_FEATURES, false, {}), AnswerKind::kReply);
  EXPECT_EQ(kind(Request::GET_FEATURES, true, kAcks), AnswerKind::kReply);
  constexpr WireContext kLog{.log_shmfd = true};
  EXPECT_EQ(kind(Request::SET_LOG_BASE, false, kLog), AnswerKind::kReply);
  EXPECT_EQ(kind(Request::SET_LOG_BASE, false, {}), AnswerKind::kNothing);
  WireContext postcopy{.postcopy_listening = true};
  EXPECT_EQ(kind(Request::SET_MEM_TABLE, false, {}), AnswerKind::kNothing);
  EXPECT_EQ(kind(Request::SET_MEM_TABLE, false, postcopy), AnswerKind::kReply);
  EXPECT_EQ(kind(Request::ADD_MEM_REG, false, postcopy), AnswerKind::kReply);
  EXPECT_EQ(kind(Request::REM_MEM_REG, false, postcopy), AnswerKind::kNothing);
  postcopy.postcopy_ack_due = true;
  EXPECT_EQ(kind(Request::SET_MEM_TABLE, false, postcopy),
            AnswerKind::kNothing);
  EXPECT_EQ(kind(Request::ADD_MEM_REG, false, postcopy), AnswerKind::kReply);
}

TEST(ValidateReply, TakesBothFormsOfAFailedGetConfig) {
  const Message request =
      MakeRequest(Request::GET_CONFIG, Config{.offset = 4, .size = 8});
  const auto empty = ValidateReply(FrameOf(24, 5, {}, 0), request, {});
  ASSERT_TRUE(empty.ok());
  EXPECT_TRUE(std::holds_alternative<Empty>(empty->body));
  const auto header = Encoded(Config{});
  EXPECT_TRUE(ValidateReply(FrameOf(24, 5, header, 0), request, {}).ok());
  const auto other = Encoded(Config{.offset = 5, .size = 8});
  const auto wrong = ValidateReply(FrameOf(24, 5, other, 0), request, {});
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.violation().req, Req::CFG_01);
}

TEST(Validator, NeverAllocates) {
  Rng rng(TestSeed());
  for (const MessageSpec* spec : AllRows()) {
    const Good good = GoodRequest(*spec, {}, rng);
    const auto bytes = WireBytes(good.frame(*spec));
    static Framer framer;
    const std::size_t before = AllocationCount();
    const auto step = framer.Feed(bytes, good.fd_count);
    const auto message = ValidateRequest(*step.frame, spec->channel, {});
    const bool ok = message.ok();
    const auto refused =
        ValidateRequest(FrameOf(spec->id, 2, {}, 0), spec->channel, {});
    const bool wrong = !refused.ok();
    EXPECT_EQ(AllocationCount(), before) << spec->name;
    EXPECT_TRUE(ok && wrong) << spec->name;
  }
}

TEST(Validator, CountsAllocations) {
  const std::size_t before = AllocationCount();
  EXPECT_EQ(std::vector<int>(8).size(), 8u);
  EXPECT_GT(AllocationCount(), before) << "the counter above counts nothing";
}

}  // namespace
}  // namespace vuspec::protocol
