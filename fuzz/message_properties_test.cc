// Every property of the message fuzzers fires when what it watches is broken.
#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "fuzz/framer_properties.h"
#include "fuzz/reply_input.h"
#include "fuzz/reply_properties.h"
#include "gtest/gtest.h"
#include "protocol/session_model.h"

namespace vuspec::fuzz {
namespace {

using protocol::Frame;
using protocol::Message;
using protocol::Violation;
using protocol::WireContext;
using Verdict = protocol::Result<Message>;

// The reply to GET_FEATURES, row 0; or, with a wrong size, none.
std::vector<std::uint8_t> FeaturesReply(std::uint8_t payload_size = 8) {
  std::vector<std::uint8_t> frame = {1, 0, 0, 0, 5, 0, 0, 0, 8, 0, 0, 0};
  frame.resize(frame.size() + payload_size, 0x11);
  ReplyInput input;
  input.frame = frame;
  return WriteReplyInput(input);
}

TEST(ReplyPropertiesTest, HoldForAGoodAndForABadReply) {
  CheckReplyInput(FeaturesReply());
  CheckReplyInput(FeaturesReply(7));
  CheckReplyInput({});
}

TEST(ReplyPropertiesTest, InputsSurviveBeingWritten) {
  const std::vector<std::uint8_t> asked = {1, 2, 3};
  const std::vector<std::uint8_t> frame = {4, 5};
  ReplyInput input;
  input.mode = ReplyInput::Mode::kBackendReply;
  input.context.postcopy_listening = true;
  input.need_reply = true;
  input.row = 7;
  input.fd_count = 2;
  input.asked = asked;
  input.frame = frame;
  const auto bytes = WriteReplyInput(input);
  const ReplyInput read = ReadReplyInput(bytes);
  EXPECT_EQ(read.mode, input.mode);
  EXPECT_TRUE(read.context.postcopy_listening);
  EXPECT_FALSE(read.context.xen_mmap);
  EXPECT_TRUE(read.need_reply);
  EXPECT_EQ(read.row, 7);
  EXPECT_EQ(read.fd_count, 2);
  EXPECT_TRUE(std::ranges::equal(read.asked, asked));
  EXPECT_TRUE(std::ranges::equal(read.frame, frame));
}

using ReplyPropertiesDeathTest = testing::Test;

void ExpectReplyDeath(std::uint8_t payload_size, Parsers broken,
                      const char* property) {
  EXPECT_DEATH(CheckReplyInput(FeaturesReply(payload_size), broken), property);
}

TEST(ReplyPropertiesDeathTest, AParserThatTakesAnySizeIsSeen) {
  Parsers broken;
  broken.validate_reply = [](const Frame& frame, const Message& request,
                             WireContext) -> Verdict {
    return Message{request.spec, frame.header.flags, protocol::U64{},
                   frame.fd_count};
  };
  ExpectReplyDeath(9, broken, "encoding gives the size back");
}

TEST(ReplyPropertiesDeathTest, AParserThatLosesAValueIsSeen) {
  Parsers broken;
  broken.validate_reply = [](const Frame& frame, const Message& request,
                             WireContext context) -> Verdict {
    Verdict verdict = ValidateReply(frame, request, context);
    if (verdict.ok()) verdict->body = protocol::U64{7};
    return verdict;
  };
  ExpectReplyDeath(8, broken, "encoding gives the bytes back");
}

TEST(ReplyPropertiesDeathTest, AParserThatIgnoresFlagsIsSeen) {
  Parsers broken;
  broken.validate_reply = [](const Frame& frame, const Message& request,
                             WireContext context) -> Verdict {
    Verdict verdict = ValidateReply(frame, request, context);
    if (verdict.ok()) verdict->flags = protocol::kVersion;
    return verdict;
  };
  ExpectReplyDeath(8, broken, "the flags are kept");
}

TEST(ReplyPropertiesDeathTest, AnEncoderThatIsShortIsSeen) {
  Parsers broken;
  broken.encode = [](const protocol::Body&,
                     std::span<std::byte>) -> std::size_t { return 0; };
  ExpectReplyDeath(8, broken, "encoding gives the size back");
}

TEST(ReplyPropertiesDeathTest, AnAllocationIsSeen) {
  Parsers broken;
  broken.validate_reply = [](const Frame& frame, const Message& request,
                             WireContext context) -> Verdict {
    static std::unique_ptr<int> kept;
    kept = std::make_unique<int>(1);
    return ValidateReply(frame, request, context);
  };
  ExpectReplyDeath(8, broken, "nothing is allocated");
}

TEST(ReplyPropertiesDeathTest, AVerdictThatChangesIsSeen) {
  Parsers broken;
  broken.validate_reply = [](const Frame&, const Message& request,
                             WireContext) -> Verdict {
    static std::uint64_t actual = 1;
    return Violation{.subject = request.spec->name,
                     .field = "size",
                     .expected = 0,
                     .actual = actual++};
  };
  ExpectReplyDeath(8, broken, "the verdict stays the same");
}

TEST(ReplyPropertiesDeathTest, AViolationThatIsNoneIsSeen) {
  EXPECT_DEATH(CheckViolation({.subject = "a", .field = "b"}),
               "a violation is true");
  EXPECT_DEATH(CheckViolation({.subject = {}, .field = "b", .actual = 1}),
               "a violation has a subject");
  EXPECT_DEATH(CheckViolation({.subject = "a", .field = {}, .actual = 1}),
               "a violation names a field");
}

// Two messages without payload, the second with two descriptors, cut inside
// the first.
std::vector<std::uint8_t> TwoMessages(std::uint8_t size = 0) {
  std::vector<std::uint8_t> stream = {3, 0, 0, 0, 1, 0, 0, 0, 0,    0, 0, 0,
                                      1, 0, 0, 0, 1, 0, 0, 0, size, 0, 0, 0};
  stream.resize(stream.size() + size);
  const std::array<Cut, 3> cuts = {Cut{5, 1}, Cut{7, 0}, Cut{12, 2}};
  return WriteFramerInput(cuts, stream);
}

TEST(FramerPropertiesTest, HoldForTheFramer) {
  CheckFramerInput(TwoMessages());
  CheckFramerInput(TwoMessages(20));
  CheckFramerInput({});
  std::vector<std::uint8_t> oversized = TwoMessages();
  oversized[oversized.size() - 3] = 0xff;
  CheckFramerInput(oversized);
}

// A framer with one thing wrong.
enum class Bug { kLosesFds, kForgetsViolation, kCutsPayload, kWantsTooMuch };

template <Bug bug>
class BrokenFramer {
 public:
  std::size_t Wanted() const {
    return framer_.Wanted() + (bug == Bug::kWantsTooMuch ? 1 : 0);
  }
  protocol::Framer::Step Feed(std::span<const std::byte> chunk,
                              std::size_t fd_count) {
    if (bug == Bug::kForgetsViolation && framer_.violation()) framer_ = {};
    auto step = framer_.Feed(chunk, bug == Bug::kLosesFds ? 0 : fd_count);
    if (bug == Bug::kCutsPayload && step.frame) step.frame->payload = {};
    return step;
  }
  bool MidMessage() const { return framer_.MidMessage(); }
  const std::optional<Violation>& violation() const {
    return framer_.violation();
  }

 private:
  protocol::Framer framer_;
};

TEST(FramerPropertiesDeathTest, EachBugIsSeen) {
  EXPECT_DEATH(CheckFramerInput<BrokenFramer<Bug::kLosesFds>>(TwoMessages()),
               "descriptors stay with their frame");
  EXPECT_DEATH(
      CheckFramerInput<BrokenFramer<Bug::kCutsPayload>>(TwoMessages(3)),
      "the payload has the size of the header");
  EXPECT_DEATH(
      CheckFramerInput<BrokenFramer<Bug::kWantsTooMuch>>(TwoMessages()),
      "wanted ends with the frame");
  std::vector<std::uint8_t> oversized = TwoMessages();
  oversized[oversized.size() - 3] = 0xff;
  oversized.push_back(0);
  EXPECT_DEATH(
      CheckFramerInput<BrokenFramer<Bug::kForgetsViolation>>(oversized),
      "the violation is sticky");
}

}  // namespace
}  // namespace vuspec::fuzz
