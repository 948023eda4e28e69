// What came of a raw message, with and without a fence behind it.
#include <sstream>
#include <string>

#include "gtest/gtest.h"
#include "harness/frontend/raw_frontend.h"
#include "harness/frontend/test_support.h"

namespace vuspec {
namespace {

using protocol::Header;
using protocol::MakeRequest;
using protocol::Req;
using protocol::Request;

constexpr Header kUnknown{200, 0x9, 0};
constexpr char kFenceHex[] = "01000000 01000000 00000000";

class RawFrontendTest : public testing::Test {
 protected:
  RawFrontendTest() : raw_(peer_.frontend().connection(), {}) {
    protocol::WireContext context;
    context.reply_ack = true;
    raw_.set_context(context);
  }

  std::string FenceReply() { return U64Reply(1, kAllVirtio); }
  Outcome Unknown() { return raw_.Exchange(kUnknown, {}, {}, Soon()); }

  FdsAreKept fds_are_kept_;
  ScriptedPeer peer_;
  RawFrontend raw_;
};

TEST_F(RawFrontendTest, SendsWhatItIsTold) {
  const NullFds fds(2);
  ASSERT_TRUE(raw_.Send(MakeRequest(Request::SET_VRING_NUM,
                                    protocol::VringState{300, 3}),
                        fds.numbers(), Soon(),
                        {.request = 99, .flags = 0xffff'ffff, .size = 4})
                  .ok());
  ASSERT_TRUE(raw_.SendBytes(Bytes("xyz"), {}, Soon()).ok());
  EXPECT_EQ(peer_.Heard(),
            WithoutSpaces("63000000 ffffffff 04000000 2c010000 03000000"
                          "78797a"));
  EXPECT_EQ(peer_.heard_fds().size(), 2u);
  peer_.heard_fds().clear();
}

TEST_F(RawFrontendTest, AZeroAckIsAcked) {
  peer_.Says(U64Reply(200, 0));
  peer_.Says(FenceReply());
  const Outcome outcome = Unknown();
  EXPECT_EQ(outcome.kind, Outcome::kAcked) << outcome;
  EXPECT_FALSE(outcome.violation) << outcome;
  EXPECT_FALSE(outcome.over());
  EXPECT_FALSE(outcome.refused());
  EXPECT_EQ(
      peer_.Heard(),
      WithoutSpaces(std::string("c8000000 09000000 00000000") + kFenceHex));
}

TEST_F(RawFrontendTest, ANonZeroAckIsNacked) {
  peer_.Says(U64Reply(200, 7));
  peer_.Says(FenceReply());
  const Outcome outcome = Unknown();
  EXPECT_EQ(outcome.kind, Outcome::kNacked) << outcome;
  EXPECT_EQ(outcome.value, 7u);
  EXPECT_TRUE(outcome.refused());
}

TEST_F(RawFrontendTest, SilenceIsSeenByTheFenceAndNoTimer) {
  peer_.Says(FenceReply());
  const Outcome outcome = Unknown();
  EXPECT_EQ(outcome.kind, Outcome::kSilent) << outcome;
  EXPECT_FALSE(outcome.over());
}

TEST_F(RawFrontendTest, AReplyOfItsOwnIsReplied) {
  peer_.Says(U64Reply(17, 4));
  peer_.Says(FenceReply());
  const Outcome outcome =
      raw_.Exchange(MakeRequest(Request::GET_QUEUE_NUM), {}, Soon());
  EXPECT_EQ(outcome.kind, Outcome::kReplied) << outcome;
  EXPECT_EQ(outcome.value, 4u);
  EXPECT_FALSE(outcome.violation) << outcome;
}

TEST_F(RawFrontendTest, AClosedConnectionIsClosed) {
  peer_.Leaves();
  const Outcome outcome = Unknown();
  EXPECT_EQ(outcome.kind, Outcome::kClosed) << outcome;
  EXPECT_TRUE(outcome.refused());
  EXPECT_TRUE(outcome.over());
}

TEST_F(RawFrontendTest, AnAnswerBeforeTheEndIsNotLost) {
  peer_.Says(U64Reply(200, 1));
  peer_.channel().ShutdownWrite();
  const Outcome outcome = Unknown();
  EXPECT_EQ(outcome.kind, Outcome::kNacked) << outcome;
  EXPECT_TRUE(outcome.closed);
}

TEST_F(RawFrontendTest, NothingUntilTheDeadlineIsHung) {
  const Outcome outcome = raw_.Exchange(
      kUnknown, {}, {}, Deadline::After(std::chrono::milliseconds(5)));
  EXPECT_EQ(outcome.kind, Outcome::kHung) << outcome;
  EXPECT_TRUE(outcome.over());
}

TEST_F(RawFrontendTest, AnAnswerWithoutTheFenceIsThenHung) {
  peer_.Says(U64Reply(200, 1));
  const Outcome outcome = raw_.Exchange(
      kUnknown, {}, {}, Deadline::After(std::chrono::milliseconds(5)));
  EXPECT_EQ(outcome.kind, Outcome::kNacked) << outcome;
  EXPECT_TRUE(outcome.hung);
}

TEST_F(RawFrontendTest, AnAnswerThatNobodyAskedForIsAViolation) {
  peer_.Says(U64Reply(3, 0));
  peer_.Says(FenceReply());
  const Outcome outcome =
      raw_.Exchange(MakeRequest(Request::SET_OWNER), {}, Soon());
  EXPECT_EQ(outcome.kind, Outcome::kAcked) << outcome;
  ASSERT_TRUE(outcome.violation);
  EXPECT_EQ(outcome.violation->req, Req::ACK_04);
}

TEST_F(RawFrontendTest, WithoutReplyAckNeedReplyAsksForNothing) {
  raw_.set_context({});
  peer_.Says(U64Reply(3, 0));
  peer_.Says(FenceReply());
  const Outcome outcome = raw_.Exchange(MakeRequest(Request::SET_OWNER), {},
                                        Soon(), {.flags = 0x9});
  ASSERT_TRUE(outcome.violation);
  EXPECT_EQ(outcome.violation->req, Req::ACK_05);
}

TEST_F(RawFrontendTest, AnAnswerToSomethingElseIsAViolation) {
  peer_.Says(U64Reply(12, 0));
  peer_.Says(FenceReply());
  const Outcome outcome = Unknown();
  EXPECT_EQ(outcome.kind, Outcome::kReplied) << outcome;
  ASSERT_TRUE(outcome.violation);
  EXPECT_EQ(outcome.violation->req, Req::HDR_03);
}

TEST_F(RawFrontendTest, ASecondAnswerIsAViolation) {
  peer_.Says(U64Reply(200, 1));
  peer_.Says(U64Reply(200, 1));
  peer_.Says(FenceReply());
  const Outcome outcome = Unknown();
  EXPECT_EQ(outcome.kind, Outcome::kNacked) << outcome;
  ASSERT_TRUE(outcome.violation);
  EXPECT_EQ(outcome.violation->req, Req::HDR_09);
}

TEST_F(RawFrontendTest, AnUnreadableAnswerIsAViolationAndTheEnd) {
  peer_.Says(Little(200, 4) + Little(5, 4) + Little(0xffff'ffff, 4));
  const Outcome outcome = Unknown();
  EXPECT_EQ(outcome.kind, Outcome::kReplied) << outcome;
  EXPECT_TRUE(outcome.violation);
  EXPECT_TRUE(outcome.over());
}

TEST_F(RawFrontendTest, RepliesToAFenceAreJudgedToo) {
  peer_.Says(RawMessage(1, 0xd, Little(0, 8)));
  const Outcome outcome = Unknown();
  EXPECT_EQ(outcome.kind, Outcome::kSilent) << outcome;
  ASSERT_TRUE(outcome.violation);
  EXPECT_EQ(outcome.violation->req, Req::HDR_07);
}

TEST_F(RawFrontendTest, AnswersThatLookLikeTheFenceAreCounted) {
  const auto exchange = [&](Deadline deadline) {
    return raw_.Exchange(MakeRequest(Request::GET_FEATURES), {}, deadline);
  };
  peer_.Says(FenceReply());
  peer_.Says(FenceReply());
  EXPECT_EQ(exchange(Soon()).kind, Outcome::kReplied);
  peer_.Says(FenceReply());
  const Outcome one = exchange(Deadline::After(std::chrono::milliseconds(5)));
  EXPECT_EQ(one.kind, Outcome::kSilent) << one;
}

TEST_F(RawFrontendTest, AnotherFenceTellsThemApart) {
  raw_.set_fence(Request::GET_PROTOCOL_FEATURES);
  peer_.Says(U64Reply(15, 0));
  EXPECT_EQ(raw_.Exchange(MakeRequest(Request::GET_FEATURES), {}, Soon()).kind,
            Outcome::kSilent);
}

TEST_F(RawFrontendTest, WithoutAFenceTheFirstAnswerCounts) {
  peer_.Says(U64Reply(200, 0));
  EXPECT_EQ(raw_.ExchangeNoFence(kUnknown, {}, {}, Soon()).kind,
            Outcome::kAcked);
  EXPECT_EQ(peer_.Heard(), WithoutSpaces("c8000000 09000000 00000000"));
  peer_.Leaves();
  EXPECT_EQ(
      raw_.ExchangeNoFence(MakeRequest(Request::SET_OWNER), {}, Soon()).kind,
      Outcome::kClosed);
}

TEST_F(RawFrontendTest, AfterHalfCloseAnswersAreStillRead) {
  raw_.HalfClose();
  peer_.Says(U64Reply(200, 0));
  EXPECT_EQ(raw_.Await(kUnknown, {}, Soon()).kind, Outcome::kAcked);
}

TEST_F(RawFrontendTest, SurplusDescriptorsOfAnAnswerAreAViolationAndClosed) {
  peer_.Says(U64Reply(200, 1), 3);
  peer_.Says(FenceReply());
  const Outcome outcome = Unknown();
  EXPECT_EQ(outcome.kind, Outcome::kNacked) << outcome;
  ASSERT_TRUE(outcome.violation);
  EXPECT_EQ(outcome.violation->req, Req::FD_18);
}

TEST(RawFrontend, FollowsTheModelOfAFrontend) {
  ScriptedPeer peer;
  RawFrontend raw(peer.frontend());
  peer.Negotiates(kAllVirtio, kAllProtocol);
  peer.Says(U64Reply(200, 1));
  peer.Says(U64Reply(1, kAllVirtio));
  const Outcome outcome = raw.Exchange(kUnknown, {}, {}, Soon());
  EXPECT_EQ(outcome.kind, Outcome::kNacked) << outcome;
  EXPECT_FALSE(outcome.violation) << outcome;
}

TEST(Outcome, PrintsWhatHappened) {
  Outcome outcome;
  outcome.kind = Outcome::kNacked;
  outcome.value = 5;
  outcome.closed = true;
  std::ostringstream text;
  text << outcome << "; " << Outcome::kHung;
  EXPECT_EQ(text.str(), "Nacked (5), then closed; Hung");
}

}  // namespace
}  // namespace vuspec
