// What the front-end refuses to send, by which clause, and when it asks for
// an ack.
#include <functional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "harness/frontend/frontend.h"
#include "harness/frontend/test_support.h"

namespace vuspec {
namespace {

using protocol::Req;

struct Misuse {
  std::string name;
  std::function<Reply<Done>(Frontend&)> call;
  Req cites = Req::HDR_01;
};
void PrintTo(const Misuse& misuse, std::ostream* out) { *out << misuse.name; }

template <typename T>
Reply<Done> WithoutValue(const Reply<T>& reply) {
  if (!reply.ok()) return reply.failure();
  return Done{};
}

class FrontendRefusalTest : public testing::TestWithParam<Misuse> {};

TEST_P(FrontendRefusalTest, CitesTheClauseAndSendsNothing) {
  ScriptedPeer peer;
  peer.Negotiates(kAllVirtio, kAllProtocol);
  const Reply<Done> done = GetParam().call(peer.frontend());
  ASSERT_NE(done.refusal(), nullptr) << done.Describe();
  EXPECT_EQ(done.refusal()->violation.req, GetParam().cites) << done.Describe();
  EXPECT_EQ(peer.Heard(), "");
  // Our misuse does not end the session.
  peer.Says(U64Reply(1, kAllVirtio));
  EXPECT_TRUE(peer.frontend().Fence().ok());
}

INSTANTIATE_TEST_SUITE_P(
    All, FrontendRefusalTest,
    testing::Values(
        Misuse{"RingOfSizeZero",
               [](Frontend& f) { return f.SetVringNum(0, 0); }, Req::VNUM_03},
        Misuse{"RingSizeOfNoPowerOfTwo",
               [](Frontend& f) { return f.SetVringNum(0, 100); }, Req::VNUM_05},
        Misuse{"UnalignedDescriptors",
               [](Frontend& f) {
                 return f.SetVringAddr({0, 0, 8, 0, 0, 0});
               },
               Req::VADDR_07},
        Misuse{"KickOfARingWithoutAddresses",
               [](Frontend& f) { return f.SetVringKick(0, kNoFd); },
               Req::KICK_13},
        Misuse{"IndexThatDoesNotTravel",
               [](Frontend& f) { return f.SetVringCall(256, kNoFd); },
               Req::MQ_06},
        Misuse{"BaseOutOfRange",
               [](Frontend& f) { return f.SetVringBase(0, 0x10000); },
               Req::VBASE_10},
        Misuse{"NineRegions",
               [](Frontend& f) {
                 return f.SetMemTable(std::vector<GuestRegion>(9));
               },
               Req::MEM_16},
        Misuse{"ConfigTooLarge",
               [](Frontend& f) { return WithoutValue(f.GetConfig(0, 257)); },
               Req::CFG_08},
        Misuse{"ConfigTooLargeToSet",
               [](Frontend& f) {
                 return f.SetConfig(0, std::vector<std::uint8_t>(5000));
               },
               Req::CFG_08},
        Misuse{"FeatureThatWasNotOffered",
               [](Frontend& f) { return f.SetFeatures(1); }, Req::FEAT_07},
        Misuse{"ProtocolFeatureWithoutItsPrerequisite",
               [](Frontend& f) { return f.SetProtocolFeatures(0x400); },
               Req::PF_14},
        Misuse{
            "PostcopyTableWithoutListen",
            [](Frontend& f) { return WithoutValue(f.PostcopySetMemTable({})); },
            Req::PC_09},
        Misuse{
            "PostcopyRegionWithoutListen",
            [](Frontend& f) { return WithoutValue(f.PostcopyAddMemReg({})); },
            Req::PC_09},
        Misuse{"PostcopyAcknowledgementOfNothing",
               [](Frontend& f) { return f.PostcopyAcknowledge(); }, Req::PC_09},
        Misuse{"PostcopyEndWithoutAdvise",
               [](Frontend& f) { return f.PostcopyEnd(); }, Req::PC_06}),
    [](const auto& test) { return test.param.name; });

TEST(FrontendRefusal, NothingBeforeTheOwner) {
  ScriptedPeer peer;
  const auto num = peer.frontend().SetVringNum(0, 256);
  ASSERT_NE(num.refusal(), nullptr);
  EXPECT_EQ(num.refusal()->violation.req, Req::OWN_08);
  EXPECT_EQ(peer.Heard(), "");
}

TEST(FrontendRefusal, NamesTheFeatureThatIsMissing) {
  ScriptedPeer peer;
  peer.Negotiates(kAllVirtio, 0);
  const auto config = peer.frontend().GetConfig(0, 4);
  ASSERT_NE(config.refusal(), nullptr);
  EXPECT_EQ(config.refusal()->violation.field, "CONFIG");
  EXPECT_EQ(config.refusal()->violation.relation,
            protocol::Relation::kNotNegotiated);
}

TEST(FrontendRefusal, ADescriptorThatIsMissing) {
  ScriptedPeer peer;
  peer.Negotiates(kAllVirtio, kAllProtocol);
  for (const Reply<Done>& done :
       {peer.frontend().SetLogFd(kNoFd), peer.frontend().SetBackendReqFd(kNoFd),
        peer.frontend().SetLogBase({0x1000, 0}, kNoFd)}) {
    ASSERT_NE(done.refusal(), nullptr) << done.Describe();
    EXPECT_EQ(done.refusal()->violation.field, "descriptors");
  }
  EXPECT_EQ(peer.Heard(), "");
}

// The flags that SET_VRING_NUM and SET_STATUS carry.
std::string FlagsOf(Acks acks, std::uint64_t protocol_features) {
  FrontendOptions options = Quiet();
  options.acks = acks;
  ScriptedPeer peer(options);
  const bool acked = (protocol_features & 8) != 0;
  peer.Negotiates(kAllVirtio, protocol_features,
                  acked && acks == Acks::kWherePossible);
  if (acked && acks == Acks::kWherePossible) peer.Says(U64Reply(8, 0));
  if (acked && acks != Acks::kNever) peer.Says(U64Reply(39, 0));
  EXPECT_TRUE(peer.frontend().SetVringNum(0, 256).ok());
  EXPECT_TRUE(peer.frontend().SetStatus(1).ok());
  const std::string heard = peer.Heard();
  return heard.substr(8, 2) + " " + heard.substr(40 + 8, 2);
}

TEST(FrontendAcks, AreAskedForAsTheOptionSays) {
  constexpr std::uint64_t kStatus = 0x10000;
  constexpr std::uint64_t kReplyAck = 0x8;
  EXPECT_EQ(FlagsOf(Acks::kWherePossible, kStatus | kReplyAck), "09 09");
  EXPECT_EQ(FlagsOf(Acks::kSeed, kStatus | kReplyAck), "01 09");
  EXPECT_EQ(FlagsOf(Acks::kNever, kStatus | kReplyAck), "01 01");
  EXPECT_EQ(FlagsOf(Acks::kWherePossible, kStatus), "01 01");
}

TEST(FrontendAcks, AreNotAskedForWhereAReplyComesAnyway) {
  FrontendOptions options = Quiet();
  options.acks = Acks::kWherePossible;
  ScriptedPeer peer(options);
  peer.Negotiates(kAllVirtio, kAllProtocol, true);
  peer.Says(U64Reply(1, kAllVirtio));
  ASSERT_TRUE(peer.frontend().Fence().ok());
  EXPECT_EQ(peer.Heard(), "010000000100000000000000");
}

TEST(FrontendPostcopy, TellsWhereTheBackEndHasEachRegion) {
  ScriptedPeer peer;
  peer.Negotiates(kAllVirtio, kAllProtocol);
  peer.Says(ReplyBytes(28, ""), 1);
  ASSERT_TRUE(peer.frontend().PostcopyAdvise().ok());
  ASSERT_TRUE(peer.frontend().PostcopyListen().ok());

  const NullFds fd(1);
  const GuestRegion region{fd.numbers()[0], 0x1000, 0x1000, 0x2000, 0};
  const std::string place =
      Little(0x1000, 8) + Little(0x1000, 8) + Little(0x7000, 8) + Little(0, 8);
  peer.Says(ReplyBytes(5, Little(1, 8) + place));
  const auto table = peer.frontend().PostcopySetMemTable(std::span(&region, 1));
  ASSERT_TRUE(table.ok()) << table.Describe();
  EXPECT_EQ(table->regions[0].user_address, 0x7000u);
  EXPECT_TRUE(peer.frontend().PostcopyAcknowledge().ok());

  GuestRegion more = region;
  more.guest_address = more.user_address = 0x8000;
  peer.Says(ReplyBytes(37, Little(0, 8) + Little(0x8000, 8) +
                               Little(0x1000, 8) + Little(0x9000, 8) +
                               Little(0, 8)));
  const auto added = peer.frontend().PostcopyAddMemReg(more);
  ASSERT_TRUE(added.ok()) << added.Describe();
  EXPECT_EQ(added->user_address, 0x9000u);
}

TEST(FrontendAcks, PostcopyTablesAreAcknowledgedByAnEmptyOne) {
  FrontendOptions options = Quiet();
  options.acks = Acks::kWherePossible;
  ScriptedPeer peer(options);
  peer.Negotiates(kAllVirtio, kAllProtocol, true);
  peer.Says(ReplyBytes(28, ""), 1);
  ASSERT_TRUE(peer.frontend().PostcopyAdvise().ok());
  peer.Says(U64Reply(29, 0));
  ASSERT_TRUE(peer.frontend().PostcopyListen().ok());
  peer.Heard();

  const NullFds fd(1);
  const GuestRegion region{fd.numbers()[0], 0x1000, 0x1000, 0x2000, 0};
  const std::string table = Little(1, 8) + Little(0x1000, 8) +
                            Little(0x1000, 8) + Little(0x7000, 8) +
                            Little(0, 8);
  peer.Says(ReplyBytes(5, table));
  const auto done = peer.frontend().SetMemTable(std::span(&region, 1));
  ASSERT_TRUE(done.ok()) << done.Describe();
  EXPECT_EQ(peer.Heard(),
            WithoutSpaces("05000000 01000000 28000000 01000000 00000000"
                          "0010000000000000 0010000000000000"
                          "0020000000000000 0000000000000000"
                          "05000000 01000000 08000000 0000000000000000"));
  EXPECT_EQ(peer.frontend().model().memory().regions().size(), 1u);
}

}  // namespace
}  // namespace vuspec
