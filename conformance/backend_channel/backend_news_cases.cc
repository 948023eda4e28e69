// What a back-end says on its channel when its configuration changed, and how
// it bears what the front-end answers.
#include <array>
#include <optional>
#include <utility>

#include "conformance/backend_channel/channel_verbs.h"
#include "conformance/kit/bait.h"
#include "conformance/kit/case.h"
#include "conformance/ring/ring_verbs.h"
#include "harness/ring/hostile_ring.h"

namespace vuspec {
namespace {

using protocol::BackendRequest;
using protocol::Header;
using protocol::kReplyFlag;
using protocol::kVersion;
using protocol::ProtocolFeature;
using protocol::Req;

constexpr std::uint64_t kNews =
    Mask(ProtocolFeature::BACKEND_REQ, ProtocolFeature::CONFIG);
constexpr std::uint64_t kAsked = kNews | Mask(ProtocolFeature::REPLY_ACK);

class BackendNews : public ChannelCase {
 protected:
  Session& StartWithChannel(std::uint64_t protocol = kPlainProtocol | kNews) {
    Session& session = StartDevice({.protocol = protocol});
    channel_.emplace(Require(session.frontend().OpenBackendChannel()));
    return session;
  }

  // A message of the peer's about a change; where no change can be provoked the
  // case says nothing.
  std::optional<BackendMessage> Provoked(Session& session) {
    std::optional<BackendMessage> news;
    if (ChangeConfig(session)) news = Overheard(*channel_);
    if (!news) {
      [] { GTEST_SKIP() << "no change that we can cause is announced"; }();
    }
    return news;
  }

  // The session is what it was, and the peer may speak again.
  void ExpectUnimpressed(Session& session) {
    EXPECT_THAT(session.frontend().Fence(), Succeeds());
    CompleteOne(session);
    channel_.emplace(Require(session.frontend().OpenBackendChannel()));
    ASSERT_TRUE(ChangeConfig(session));
    Next(*channel_, BackendRequest::BACKEND_CONFIG_CHANGE_MSG);
  }

  // Answers a message that asks for it with anything.
  void ExpectSurvived(const Header& header,
                      std::span<const std::byte> payload = {},
                      std::span<const int> fds = {}) {
    Session& session = StartWithChannel();
    MarkNegative();
    if (!Provoked(session)) return;
    Say(header, payload, fds);
    ExpectUnimpressed(session);
  }
  void Say(const Header& header, std::span<const std::byte> payload,
           std::span<const int> fds = {}) {
    const absl::Status sent = channel_->connection().SendMessage(
        header, payload, fds, CurrentRun().ForAnswer());
    ASSERT_TRUE(sent.ok()) << sent;
  }

  static constexpr std::array<std::byte, 16> kZeroes{};
};

// As far as the field that ChangeConfig writes.
constexpr std::uint32_t kReadSize = 33;
constexpr std::uint32_t kConfigChange = 2;
constexpr std::uint32_t kReply = kVersion | kReplyFlag;

CONFORMANCE_CASE(BackendNews, OfAChangeHasNeitherPayloadNorDescriptor,
                 .cites = {Req::BCH_13, Req::BCH_07, Req::CFG_20},
                 .needs = {.protocol = kNews, .device = "blk"}) {
  Session& session = StartWithChannel();
  const auto news = Provoked(session);
  if (!news) return;
  EXPECT_TRUE(Is(*news, BackendRequest::BACKEND_CONFIG_CHANGE_MSG));
  EXPECT_TRUE(news->fds.empty());
  Answer(*channel_, *news);
  CompleteOne(session);
}

CONFORMANCE_CASE(BackendNews, AsksForNoAckWithoutReplyAck,
                 .cites = {Req::BCH_06},
                 .needs = {.protocol = kNews, .device = "blk"}) {
  Session& session = StartWithChannel(Mask(ProtocolFeature::MQ) | kNews);
  const auto news = Provoked(session);
  if (!news) return;
  EXPECT_FALSE(channel_->WantsAnswer(news->message));
}

CONFORMANCE_CASE(BackendNews, ComesByTheNewestChannel, .cites = {Req::BCH_04},
                 .needs = {.protocol = kNews, .device = "blk"}) {
  Session& session = StartWithChannel();
  const BackendChannel first = *std::exchange(channel_, std::nullopt);
  channel_.emplace(Require(session.frontend().OpenBackendChannel()));
  const auto news = Provoked(session);
  if (!news) return;
  EXPECT_TRUE(Is(*news, BackendRequest::BACKEND_CONFIG_CHANGE_MSG));
}

CONFORMANCE_CASE(BackendNews, DoesNotComeBeforeARingRuns,
                 .cites = {Req::SUSP_03, Req::SUSP_05},
                 .needs = {.protocol = kNews, .device = "blk"}) {
  Session& session = StartSession({.protocol = kPlainProtocol | kNews});
  channel_.emplace(Require(session.frontend().OpenBackendChannel()));
  if (!ChangeConfig(session)) return;
  ExpectSilence(session, *channel_);
  Require(session.BringDevice());
  CompleteOne(session);
}

// A reset that is needed is a change, too.
CONFORMANCE_CASE(BackendNews, OfAChangeNeedsTheFeature,
                 .cites = {Req::BCH_05, Req::BCH_13},
                 .needs = {.protocol = kNews | Mask(ProtocolFeature::STATUS),
                           .io = true}) {
  Session& session = StartWithChannel(
      (kPlainProtocol & ~Mask(ProtocolFeature::CONFIG)) |
      Mask(ProtocolFeature::BACKEND_REQ, ProtocolFeature::STATUS));
  MarkNegative();
  SessionRing& ring = IoRing(session);
  Require(PostHostileRing(HostileRing::kHeadBeyondSize, ring.driver(),
                          session.memory(), {}));
  ring.Kick();
  AwaitFate(session, ring);
  ExpectSilence(session, *channel_);
}

CONFORMANCE_CASE(BackendNews, LeavesTheFrontEndTimeToAnswer,
                 .cites = {Req::BCH_12},
                 .needs = {.protocol = kAsked, .device = "blk"}) {
  Session& session = StartWithChannel();
  const auto news = Provoked(session);
  if (!news) return;
  EXPECT_THAT(session.frontend().Fence(), Succeeds());
  CompleteOne(session);
  Answer(*channel_, *news);
  CompleteOne(session);
}

CONFORMANCE_CASE(BackendNews, IsAnsweredAgainAndAgain, .cites = {Req::BCH_08},
                 .needs = {.protocol = kAsked, .device = "blk"}) {
  Session& session = StartWithChannel();
  for (int i = 0; i < 4; ++i) {
    const auto news = Provoked(session);
    if (!news) return;
    EXPECT_TRUE(Is(*news, BackendRequest::BACKEND_CONFIG_CHANGE_MSG));
    Answer(*channel_, *news);
  }
  CompleteOne(session);
}

CONFORMANCE_CASE(BackendNews, OfAChangeIsTrue, .cites = {Req::CFG_21},
                 .needs = {.protocol = kNews, .device = "blk"}) {
  Session& session = StartWithChannel();
  const auto before = session.frontend().GetConfig(0, kReadSize);
  const auto news = Provoked(session);
  if (!news) return;
  EXPECT_NE(Require(session.frontend().GetConfig(0, kReadSize)).bytes,
            Require(before).bytes);
  Answer(*channel_, *news);
}

CONFORMANCE_CASE(BackendNews, SurvivesAFailureForAnAnswer,
                 .cites = {Req::BCH_09},
                 .needs = {.protocol = kAsked, .device = "blk"}) {
  Session& session = StartWithChannel();
  MarkNegative();
  const auto news = Provoked(session);
  if (!news) return;
  Answer(*channel_, *news, 1);
  ExpectUnimpressed(session);
}

CONFORMANCE_CASE(BackendNews, SurvivesAnAnswerToAnotherRequest,
                 .cites = {Req::BCH_09},
                 .needs = {.protocol = kAsked, .device = "blk"}) {
  ExpectSurvived({9, kReply, 8}, std::span(kZeroes).first(8));
}

CONFORMANCE_CASE(BackendNews, SurvivesAnEmptyAnswer, .cites = {Req::BCH_09},
                 .needs = {.protocol = kAsked, .device = "blk"}) {
  ExpectSurvived({kConfigChange, kReply, 0});
}

CONFORMANCE_CASE(BackendNews, SurvivesAnAnswerThatIsTooLong,
                 .cites = {Req::BCH_09},
                 .needs = {.protocol = kAsked, .device = "blk"}) {
  ExpectSurvived({kConfigChange, kReply, 16}, kZeroes);
}

CONFORMANCE_CASE(BackendNews, SurvivesAnAnswerOfHugeSize,
                 .cites = {Req::BCH_09},
                 .needs = {.protocol = kAsked, .device = "blk"}) {
  ExpectSurvived({kConfigChange, kReply, ~std::uint32_t{0}}, kZeroes);
}

CONFORMANCE_CASE(BackendNews, SurvivesAnAnswerWithoutItsFlag,
                 .cites = {Req::BCH_09},
                 .needs = {.protocol = kAsked, .device = "blk"}) {
  ExpectSurvived({kConfigChange, kVersion, 8}, std::span(kZeroes).first(8));
}

CONFORMANCE_CASE(BackendNews, ClosesTheDescriptorsOfAnAnswer,
                 .cites = {Req::BCH_09, Req::FD_18},
                 .needs = {.protocol = kAsked, .device = "blk"}) {
  Bait bait(9);
  ExpectSurvived({kConfigChange, kReply, 8}, std::span(kZeroes).first(8),
                 bait.fds());
  EXPECT_TRUE(bait.Released());
}

CONFORMANCE_CASE(BackendNews, SurvivesAnAnswerThatNobodyAskedFor,
                 .cites = {Req::BCH_09},
                 .needs = {.protocol = kAsked, .device = "blk"}) {
  Session& session = StartWithChannel();
  MarkNegative();
  Say({kConfigChange, kReply, 8}, std::span(kZeroes).first(8));
  EXPECT_THAT(session.frontend().Fence(), Succeeds());
  CompleteOne(session);
}

CONFORMANCE_CASE(BackendNews, SurvivesAnAnswerThatIsCut, .cites = {Req::BCH_11},
                 .needs = {.protocol = kAsked, .device = "blk"}) {
  Session& session = StartWithChannel();
  MarkNegative();
  if (!Provoked(session)) return;
  Say({kConfigChange, kReply, 8}, std::span(kZeroes).first(3));
  channel_.reset();
  ExpectUnimpressed(session);
}

CONFORMANCE_CASE(BackendNews, SurvivesTheEndOfTheChannelForAnAnswer,
                 .cites = {Req::BCH_11, Req::BCH_12},
                 .needs = {.protocol = kAsked, .device = "blk"}) {
  Session& session = StartWithChannel();
  MarkNegative();
  if (!Provoked(session)) return;
  channel_.reset();
  ExpectUnimpressed(session);
}

}  // namespace
}  // namespace vuspec
