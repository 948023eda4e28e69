// The back-end channel: opened, replaced, refused, closed under the back-end,
// and spoken on.
#include <array>
#include <memory>

#include "conformance/kit/case.h"
#include "harness/ring/hostile_ring.h"
#include "harness/transport/poll.h"
#include "harness/transport/unix_socket.h"

namespace vuspec {
namespace {

using protocol::MakeRequest;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;

constexpr std::uint64_t kBackendReq = Mask(ProtocolFeature::BACKEND_REQ);
constexpr std::uint64_t kAck = Mask(ProtocolFeature::REPLY_ACK);
constexpr std::uint64_t kStatus = Mask(ProtocolFeature::STATUS);

class BackendChannels : public ConformanceCase {
 protected:
  Session& StartWithChannel() {
    return StartDevice({.protocol = kPlainProtocol | kBackendReq});
  }

  // Gives the peer the other end of the channel that is returned.
  static std::unique_ptr<UnixChannel> Give(Session& session) {
    auto pair = Require(SocketPair());
    Require(session.frontend().SetBackendReqFd(pair.second->PollFd()));
    return std::move(pair.first);
  }

  static void ExpectClosed(const UnixChannel& channel) {
    EXPECT_TRUE(WaitHungUp(channel.PollFd(), CurrentRun().ForAnswer()).ok())
        << "the peer still holds a channel that it has to close";
  }
};

CONFORMANCE_CASE(BackendChannels, MayBeOpened, .cites = {Req::BCH_01},
                 .needs = {.protocol = kBackendReq, .io = true}) {
  Session& session = StartWithChannel();
  const auto channel = Give(session);
  CompleteOne(session);
  EXPECT_TRUE(LinkUp(channel->PollFd())) << "the channel was closed at once";
}

CONFORMANCE_CASE(BackendChannels, ANewOneReplacesAndClosesTheOld,
                 .cites = {Req::BCH_04},
                 .needs = {.protocol = kBackendReq, .io = true}) {
  Session& session = StartWithChannel();
  const auto first = Give(session);
  const auto second = Give(session);
  ExpectClosed(*first);
  EXPECT_TRUE(LinkUp(second->PollFd()));
  CompleteOne(session);
}

CONFORMANCE_CASE(BackendChannels, IsClosedWithTheSession,
                 .cites = {Req::HDR_25, Req::FD_19},
                 .needs = {.protocol = kBackendReq, .io = true}) {
  Session& session = StartWithChannel();
  const auto channel = Give(session);
  Disconnect();
  ExpectClosed(*channel);
}

CONFORMANCE_CASE(BackendChannels, IsRefusedWithoutItsDescriptor,
                 .cites = {Req::BCH_03},
                 .needs = {.protocol = kBackendReq | kAck}) {
  Session& session = StartSession({.protocol = kPlainProtocol | kBackendReq});
  EXPECT_THAT(Provoke(session, MakeRequest(Request::SET_BACKEND_REQ_FD)),
              IsRefused());
}

CONFORMANCE_CASE(BackendChannels, IsRefusedWhereItIsNotOffered,
                 .cites = {Req::BCH_02}, .needs = {.protocol = kAck}) {
  if (SkipWhereOffered(ProtocolFeature::BACKEND_REQ)) return;
  Session& session = StartSession();
  auto pair = Require(SocketPair());
  const int fd = pair.second->PollFd();
  EXPECT_THAT(Provoke(session, MakeRequest(Request::SET_BACKEND_REQ_FD),
                      std::span(&fd, 1)),
              IsRefused());
  pair.second.reset();
  ExpectClosed(*pair.first);
}

CONFORMANCE_CASE(BackendChannels, IsRefusedWithTwoDescriptors,
                 .cites = {Req::BCH_03},
                 .needs = {.protocol = kBackendReq | kAck}) {
  Session& session = StartSession({.protocol = kPlainProtocol | kBackendReq});
  auto pair = Require(SocketPair());
  const std::array<int, 2> fds = {pair.second->PollFd(), pair.second->PollFd()};
  EXPECT_THAT(Provoke(session, MakeRequest(Request::SET_BACKEND_REQ_FD), fds),
              IsRefused());
  pair.second.reset();
  ExpectClosed(*pair.first);
}

CONFORMANCE_CASE(BackendChannels, MayBeClosedByTheFrontEnd,
                 .cites = {Req::BCH_11},
                 .needs = {.protocol = kBackendReq, .io = true}) {
  Session& session = StartWithChannel();
  MarkNegative();
  Give(session).reset();
  CompleteOne(session);
  EXPECT_THAT(session.frontend().Fence(), Succeeds());
}

CONFORMANCE_CASE(BackendChannels, MayTurnOutToBeAPipe, .cites = {Req::BCH_11},
                 .needs = {.protocol = kBackendReq, .io = true}) {
  Session& session = StartWithChannel();
  const Pipe pipe = Require(Pipe::Create());
  const int fd = pipe.write_fd();
  const Outcome outcome = Provoke(
      session, MakeRequest(Request::SET_BACKEND_REQ_FD), std::span(&fd, 1));
  EXPECT_THAT(outcome, IsSurvived());
  if (!outcome.closed) CompleteOne(session);
}

CONFORMANCE_CASE(BackendChannels, StaysSilentUntilThereIsNews,
                 .cites = {Req::BCH_05, Req::SUSP_03},
                 .needs = {.protocol = kBackendReq, .io = true}) {
  Session& session = StartWithChannel();
  const auto channel = Give(session);
  for (int i = 0; i < 4; ++i) CompleteOne(session);
  Require(IoRing(session).Stop());
  Require(session.frontend().Fence());
  EXPECT_FALSE(WaitReadable(channel->PollFd(), Deadline::Now()).ok())
      << "a message without a cause";
}

// Whatever a device could say while it starts, stops and is reset.
CONFORMANCE_CASE(BackendChannels, MessagesAreNotSentWithoutTheirFeature,
                 .cites = {Req::BCH_05, Req::PF_18},
                 .needs = {.protocol = kBackendReq, .io = true}) {
  const std::uint64_t reset = Mask(ProtocolFeature::RESET_DEVICE);
  Session& session =
      StartSession({.protocol = kPlainProtocol | kBackendReq | reset |
                                Mask(ProtocolFeature::BACKEND_SEND_FD)});
  const auto channel = Give(session);
  Require(session.BringDevice());
  for (const bool on : {false, true}) Require(IoRing(session).Enable(on));
  if (Offers(ProtocolFeature::RESET_DEVICE)) {
    Require(session.frontend().ResetDevice());
  }
  Require(session.frontend().Fence());
  EXPECT_FALSE(WaitReadable(channel->PollFd(), Deadline::Now()).ok())
      << "a message without its feature";
}

// Trouble in a ring makes the device ask for a reset, which is news.
CONFORMANCE_CASE(BackendChannels, AnnouncesThatAResetIsNeeded,
                 .cites = {Req::BCH_13, Req::STAT_10, Req::CFG_20, Req::HDR_08},
                 .needs = {.protocol = kBackendReq | kStatus |
                                       Mask(ProtocolFeature::CONFIG),
                           .device = "blk"}) {
  Session& session =
      StartDevice({.protocol = kPlainProtocol | kBackendReq | kStatus});
  MarkNegative();
  auto channel = Require(session.frontend().OpenBackendChannel());
  SessionRing& ring = IoRing(session);
  Require(PostHostileRing(HostileRing::kHeadBeyondSize, ring.driver(),
                          session.memory(), {}));
  ring.Kick();
  const auto news = Require(channel.Receive(CurrentRun().ForAnswer()));
  EXPECT_EQ(news.message.spec->id, 2u);
  EXPECT_TRUE(news.fds.empty());
}

}  // namespace
}  // namespace vuspec
