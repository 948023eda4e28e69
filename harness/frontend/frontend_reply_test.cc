// What the front-end makes of answers: the right ones in any segmentation, and
// each defect by the clause that it breaks.
#include <string>
#include <thread>

#include "gtest/gtest.h"
#include "harness/frontend/frontend.h"
#include "harness/frontend/test_support.h"

namespace vuspec {
namespace {

using protocol::Req;

struct Defect {
  std::string name;
  std::string reply;
  std::size_t fds = 0;
  Req cites = Req::HDR_01;
};
void PrintTo(const Defect& defect, std::ostream* out) { *out << defect.name; }

// Each answers GET_VRING_BASE of ring 1.
class ReplyDefectTest : public testing::TestWithParam<Defect> {};

TEST_P(ReplyDefectTest, IsAViolationOfItsClauseAndEndsTheSession) {
  const Defect& defect = GetParam();
  const FdsAreKept fds_are_kept;
  ScriptedPeer peer;
  peer.Negotiates(kAllVirtio, kAllProtocol);
  peer.Says(defect.reply, defect.fds);

  const auto base = peer.frontend().GetVringBase(1);
  ASSERT_NE(base.violation(), nullptr) << base.Describe();
  EXPECT_EQ(base.violation()->req, defect.cites) << base.Describe();

  // A reply that is right is no longer believed, and nothing is sent.
  peer.Heard();
  peer.Says(U64Reply(1, kAllVirtio));
  const auto later = peer.frontend().GetFeatures();
  EXPECT_TRUE(absl::IsFailedPrecondition(later.status())) << later.Describe();
  EXPECT_NE(later.Describe().find("since GET_VRING_BASE"), std::string::npos);
  EXPECT_EQ(peer.Heard(), "");
}

const std::string kBase = Little(1, 4) + Little(7, 4);

INSTANTIATE_TEST_SUITE_P(
    All, ReplyDefectTest,
    testing::Values(
        Defect{"WrongRequest", ReplyBytes(12, kBase), 0, Req::HDR_03},
        Defect{"NoReplyFlag", RawMessage(11, 0x1, kBase), 0, Req::HDR_05},
        Defect{"NeedReplyEchoed", RawMessage(11, 0xd, kBase), 0, Req::HDR_07},
        Defect{"UndefinedFlag", RawMessage(11, 0x15, kBase), 0, Req::HDR_07},
        Defect{"Version2", RawMessage(11, 0x6, kBase), 0, Req::HDR_04},
        Defect{"Short", ReplyBytes(11, kBase.substr(0, 4)), 0, Req::GBASE_01},
        Defect{"Long", ReplyBytes(11, kBase + "1234"), 0, Req::GBASE_01},
        Defect{"Empty", ReplyBytes(11, ""), 0, Req::GBASE_01},
        Defect{"WrongIndex", ReplyBytes(11, Little(2, 4) + Little(7, 4)), 0,
               Req::GBASE_01},
        Defect{"SurplusFd", ReplyBytes(11, kBase), 1, Req::FD_18},
        Defect{"EightSurplusFds", ReplyBytes(11, kBase), 8, Req::FD_18},
        Defect{"BaseOutOfRange",
               ReplyBytes(11, Little(1, 4) + Little(1u << 17, 4)), 0,
               Req::GBASE_03}),
    [](const auto& test) { return test.param.name; });

TEST(FrontendReply, AHugeSizeIsAViolationWithoutWaitingForIt) {
  ScriptedPeer peer;
  peer.Says(Little(1, 4) + Little(5, 4) + Little(0xffff'ffff, 4));
  EXPECT_NE(peer.frontend().GetFeatures().violation(), nullptr);
}

TEST(FrontendReply, FeaturesThatChangeAreAViolation) {
  ScriptedPeer peer;
  peer.Says(U64Reply(1, 3));
  ASSERT_TRUE(peer.frontend().GetFeatures().ok());
  peer.Says(U64Reply(1, 5));
  const auto again = peer.frontend().GetFeatures();
  ASSERT_NE(again.violation(), nullptr);
  EXPECT_EQ(again.violation()->req, Req::FEAT_02);
}

TEST(FrontendReply, ANackLeavesModelAndSessionAsTheyWere) {
  FrontendOptions options = Quiet();
  options.acks = Acks::kWherePossible;
  ScriptedPeer peer(options);
  peer.Negotiates(kAllVirtio, kAllProtocol, true);
  peer.Says(U64Reply(8, 22));
  const auto num = peer.frontend().SetVringNum(1, 256);
  ASSERT_NE(num.nack(), nullptr) << num.Describe();
  EXPECT_EQ(num.nack()->value, 22u);
  EXPECT_FALSE(peer.frontend().model().ring(1).size.has_value());

  peer.Says(U64Reply(8, 0));
  EXPECT_TRUE(peer.frontend().SetVringNum(1, 256).ok());
  EXPECT_EQ(peer.frontend().model().ring(1).size, 256u);
}

TEST(FrontendReply, RefusalsWithAFormOfTheirOwnAreNacks) {
  ScriptedPeer peer;
  peer.Negotiates(kAllVirtio, kAllProtocol);
  peer.Says(ReplyBytes(24, ""));
  EXPECT_NE(peer.frontend().GetConfig(0, 4).nack(), nullptr);
  peer.Says(ReplyBytes(24, std::string(12, '\0')));
  EXPECT_NE(peer.frontend().GetConfig(0, 4).nack(), nullptr);
  peer.Says(U64Reply(42, 0x105));
  const auto state =
      peer.frontend().SetDeviceStateFd({0, 0}, peer.channel().PollFd());
  ASSERT_NE(state.nack(), nullptr) << state.Describe();
  EXPECT_EQ(state.nack()->value, 0x105u);
  peer.Says(U64Reply(43, 1));
  EXPECT_NE(peer.frontend().CheckDeviceState().nack(), nullptr);
  peer.Says(U64Reply(22, 1));
  EXPECT_NE(peer.frontend().IotlbMsg({0x1000, 0x2000, 0x3000, 3, 2}).nack(),
            nullptr);
  peer.Says(U64Reply(1, kAllVirtio));
  EXPECT_TRUE(peer.frontend().Fence().ok());
}

TEST(FrontendReply, AClosedConnectionIsAStatusFromThenOn) {
  ScriptedPeer peer;
  peer.Leaves();
  EXPECT_FALSE(peer.frontend().LinkUp());
  EXPECT_TRUE(absl::IsUnavailable(peer.frontend().GetFeatures().status()));
  EXPECT_TRUE(absl::IsUnavailable(peer.frontend().SetOwner().status()));
}

TEST(FrontendReply, AReplyThatIsCutSaysSo) {
  ScriptedPeer peer;
  peer.Says(U64Reply(1, 0).substr(0, 15));
  peer.channel().ShutdownWrite();
  const absl::Status status = peer.frontend().GetFeatures().status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_NE(status.ToString().find("inside a message"), std::string::npos);
}

TEST(FrontendReply, OneByteAtATimeIsARightReply) {
  ScriptedPeer peer;
  std::thread backend([&] {
    for (const char byte : U64Reply(1, 0x77)) {
      EXPECT_TRUE(peer.channel()
                      .Send(Bytes(std::string_view(&byte, 1)), {}, Soon())
                      .ok());
    }
  });
  const auto features = peer.frontend().GetFeatures();
  backend.join();
  ASSERT_TRUE(features.ok()) << features.Describe();
  EXPECT_EQ(*features, 0x77u);
}

TEST(FrontendReply, ALateReplyIsNotTakenForTheNext) {
  ScriptedPeer peer(Impatient());
  EXPECT_TRUE(absl::IsDeadlineExceeded(peer.frontend().GetFeatures().status()));
  peer.Says(U64Reply(1, 0x77));
  const auto later = peer.frontend().GetFeatures();
  EXPECT_FALSE(later.ok());
  EXPECT_TRUE(absl::IsFailedPrecondition(later.status())) << later.Describe();
  EXPECT_TRUE(peer.frontend().LinkUp());
}

TEST(FrontendReply, HalfAReplyIsSilenceToo) {
  ScriptedPeer peer(Impatient());
  peer.Says(U64Reply(1, 0x77).substr(0, 13), 1);
  EXPECT_TRUE(absl::IsDeadlineExceeded(peer.frontend().GetFeatures().status()));
}

TEST(FrontendReply, CloseIsFinalAndClosesTheSocket) {
  ScriptedPeer peer;
  EXPECT_TRUE(peer.frontend().LinkUp());
  peer.frontend().Close();
  EXPECT_FALSE(peer.frontend().LinkUp());
  EXPECT_FALSE(LinkUp(peer.channel().PollFd()));
  EXPECT_TRUE(absl::IsUnavailable(peer.frontend().SetOwner().status()));
}

TEST(FrontendReply, DescribesEveryOutcomeInOneLine) {
  const protocol::Violation violation{Req::GBASE_01, "GET_VRING_BASE reply",
                                      "index"};
  EXPECT_EQ(Reply<Done>(Done{}).Describe(), "ok");
  for (const Reply<Done>& failed :
       {Reply<Done>(violation), Reply<Done>(Nack{3}),
        Reply<Done>(Refusal{violation}),
        Reply<Done>(absl::UnavailableError("gone"))}) {
    EXPECT_FALSE(failed.ok());
    EXPECT_EQ(failed.Describe().find('\n'), std::string::npos);
    // Exactly one reason.
    EXPECT_EQ((failed.violation() != nullptr) + (failed.nack() != nullptr) +
                  (failed.refusal() != nullptr) + !failed.status().ok(),
              1);
  }
}

}  // namespace
}  // namespace vuspec
