// Notifications by messages: VRING_KICK, VRING_CALL and VRING_ERR.
#include "conformance/backend_channel/channel_verbs.h"
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"
#include "conformance/memory/memory_verbs.h"
#include "conformance/ring/ring_verbs.h"
#include "harness/ring/hostile_ring.h"

namespace vuspec {
namespace {

using protocol::BackendRequest;
using protocol::MakeRequest;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;
using protocol::VringState;

constexpr std::uint64_t kInband =
    Mask(ProtocolFeature::INBAND_NOTIFICATIONS, ProtocolFeature::BACKEND_REQ,
         ProtocolFeature::REPLY_ACK);
class Inband : public ChannelCase {
 protected:
  // Every ring has all it needs to be kicked.
  Session& StartInband() {
    Session& session = StartSession({.protocol = kPlainProtocol | kInband});
    channel_.emplace(Require(session.frontend().OpenBackendChannel()));
    return session;
  }
  Session& PrepareRings() {
    Session& session = StartInband();
    PrepareRingsByMessage(session);
    return session;
  }
  Session& StartRings() {
    Session& session = StartInband();
    StartRingsByMessage(session);
    return session;
  }
  // One request on the request ring.
  void Perform(Session& session) {
    InbandPort port(session, *channel_);
    const IoRequest request = Require(session.MakeRequest());
    Require(vuspec::Perform(port, IoRing(session).index(), request));
  }
  // A request that no driver may make.
  void BreakRing(Session& session) {
    MarkNegative();
    SessionRing& ring = IoRing(session);
    Require(PostHostileRing(HostileRing::kHeadBeyondSize, ring.driver(),
                            session.memory(), {}));
    Require(session.frontend().VringKick(ring.index()));
  }
};

CONFORMANCE_CASE(Inband, CarryAVerifiedIo, .cites = {Req::INB_01, Req::INB_05},
                 .needs = {.protocol = kInband, .io = true}) {
  Session& session = StartRings();
  InbandPort port(session, *channel_);
  for (std::uint64_t i = 0; i < 4; ++i) {
    EXPECT_THAT(session.driver()->VerifiedIo(port, seed() + i), Succeeds());
  }
}

CONFORMANCE_CASE(Inband, KickStartsARingWithWhatIsAvailable,
                 .cites = {Req::INB_01},
                 .needs = {.protocol = kInband, .io = true}) {
  Session& session = PrepareRings();
  SessionRing& ring = IoRing(session);
  const IoRequest request = Require(session.MakeRequest());
  Require(ring.PostQuietly(request.segments));
  ExpectSilence(session, *channel_);
  Require(session.frontend().VringKick(ring.index()));
  InbandPort port(session, *channel_);
  EXPECT_THAT(port.Await(ring.index()), Succeeds());
}

CONFORMANCE_CASE(Inband, KickStartsARingAgain,
                 .cites = {Req::INB_01, Req::GBASE_01},
                 .needs = {.protocol = kInband, .io = true}) {
  Session& session = StartRings();
  SessionRing& ring = IoRing(session);
  Perform(session);
  const VringState base = Require(ring.Stop());
  EXPECT_EQ(base.num, ring.avail_index());
  PrepareByMessage(session, ring, base.num);
  Require(session.frontend().VringKick(ring.index()));
  Perform(session);
}

CONFORMANCE_CASE(Inband, KickReachesARingWithADescriptor,
                 .cites = {Req::INB_01},
                 .needs = {.protocol = kInband, .io = true}) {
  Session& session = StartDevice({.protocol = kPlainProtocol | kInband});
  SessionRing& ring = IoRing(session);
  const IoRequest request = Require(session.MakeRequest());
  Require(ring.PostQuietly(request.segments));
  Require(session.frontend().VringKick(ring.index()));
  EXPECT_THAT(ring.Await(), Succeeds());
}

CONFORMANCE_CASE(Inband, AckOfAKickComesAfterIt, .cites = {Req::INB_08},
                 .needs = {.protocol = kInband, .io = true},
                 .open = {protocol::Ambiguity::kInbandAck}) {
  Session& session = StartRings();
  SessionRing& ring = IoRing(session);
  const IoRequest request = Require(session.MakeRequest());
  Require(ring.PostQuietly(request.segments));
  Require(session.frontend().VringKick(ring.index()));
  if (Require(ring.Poll())) return;
  InbandPort port(session, *channel_);
  EXPECT_THAT(port.Await(ring.index()), Succeeds());
  CurrentCase().AmbigCase("the kick was acked before the request completed");
}

CONFORMANCE_CASE(Inband, ACallDescriptorIsPreferred,
                 .cites = {Req::INB_09, Req::KICK_18},
                 .needs = {.protocol = kInband, .io = true},
                 .open = {protocol::Ambiguity::kInbandCall}) {
  Session& session = StartDevice({.protocol = kPlainProtocol | kInband});
  BackendChannel channel = Require(session.frontend().OpenBackendChannel());
  for (int i = 0; i < 4; ++i) CompleteOne(session);
  ExpectSilence(session, channel);
}

CONFORMANCE_CASE(Inband, ACallDescriptorTakesOver, .cites = {Req::INB_09},
                 .needs = {.protocol = kInband, .io = true},
                 .open = {protocol::Ambiguity::kInbandCall}) {
  Session& session = StartRings();
  SessionRing& ring = IoRing(session);
  Perform(session);
  Require(session.frontend().SetVringCall(ring.index(), ring.call().fd()));
  const IoRequest request = Require(session.MakeRequest());
  Require(ring.PostQuietly(request.segments));
  Require(session.frontend().VringKick(ring.index()));
  EXPECT_THAT(ring.call().Wait(CurrentRun().ForAnswer()), Succeeds());
  ExpectSilence(session, *channel_);
}

CONFORMANCE_CASE(Inband, ABadRingMayBeAnnounced,
                 .cites = {Req::INB_06, Req::INB_10},
                 .needs = {.protocol = kInband, .io = true},
                 .open = {protocol::Ambiguity::kInbandErr}) {
  Session& session = StartRings();
  BreakRing(session);
  const auto news = Overheard(*channel_);
  if (!news) return CurrentCase().AmbigCase("a bad ring is not announced");
  ASSERT_TRUE(Is(*news, BackendRequest::BACKEND_VRING_ERR));
  Answer(*channel_, *news);
  EXPECT_EQ(std::get<VringState>(news->message.body).index,
            IoRing(session).index());
}

CONFORMANCE_CASE(Inband, AnErrDescriptorIsPreferred, .cites = {Req::INB_07},
                 .needs = {.protocol = kInband, .io = true}) {
  Session& session = StartRings();
  SessionRing& ring = IoRing(session);
  Require(session.frontend().SetVringErr(ring.index(), ring.err().fd()));
  BreakRing(session);
  AwaitFate(session, ring);
  ExpectSilence(session, *channel_);
}

CONFORMANCE_CASE(Inband, KickBeyondTheRingsIsRefused, .cites = {Req::INB_02},
                 .needs = {.protocol = kInband, .io = true}) {
  Session& session = StartRings();
  EXPECT_THAT(Provoke(session, MakeRequest(Request::VRING_KICK,
                                           VringState{RingCount(), 0})),
              IsRefused());
}

// As by SET_VRING_KICK, such a ring cannot run.
CONFORMANCE_CASE(Inband, KickOfARingWithoutAddressesIsSurvived,
                 .cites = {Req::INB_02},
                 .needs = {.protocol = kInband, .io = true}) {
  Session& session = StartSession({.protocol = kPlainProtocol | kInband});
  EXPECT_THAT(
      Provoke(session, MakeRequest(Request::VRING_KICK, VringState{0, 0})),
      IsDecided());
}

CONFORMANCE_CASE(Inband, RingsRunOnWithoutTheChannel,
                 .cites = {Req::BCH_11, Req::INB_01},
                 .needs = {.protocol = kInband, .io = true}) {
  Session& session = StartRings();
  MarkNegative();
  channel_.reset();
  SessionRing& ring = IoRing(session);
  const IoRequest request = Require(session.MakeRequest());
  Require(ring.PostQuietly(request.segments));
  Require(session.frontend().VringKick(ring.index()));
  EXPECT_EQ(request.judge(AwaitPolled(session, ring)), std::nullopt);
}

}  // namespace
}  // namespace vuspec
