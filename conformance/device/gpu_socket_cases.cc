// GPU_SET_SOCKET, which gives a GPU the socket of the vhost-user-gpu protocol,
// and is for no other kind of device.
#include <array>
#include <cstring>

#include "conformance/kit/bait.h"
#include "conformance/kit/case.h"
#include "harness/transport/poll.h"
#include "harness/transport/unix_socket.h"

namespace vuspec {
namespace {

using protocol::Ambiguity;
using protocol::MakeRequest;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;

constexpr Needs kGpu = {.device = "gpu"};
constexpr Needs kGpuThatAcks = {.protocol = Mask(ProtocolFeature::REPLY_ACK),
                                .device = "gpu"};

// A message of the vhost-user-gpu protocol: native byte order.
struct GpuHeader {
  std::uint32_t request = 0;
  std::uint32_t flags = 0;
  std::uint32_t size = 0;
};
constexpr std::uint32_t kGetProtocolFeatures = 1;
constexpr std::uint32_t kUpdate = 8;  // followed by as many pixels as it says
constexpr std::uint32_t kReplyFlag = 4;

// The size of each request, from GET_PROTOCOL_FEATURES to DMABUF_SCANOUT2.
constexpr std::array<std::uint32_t, 12> kSizes = {0,  8,  0,  12, 12, 16404,
                                                  12, 20, 40, 20, 4,  48};

class GpuSocket : public ConformanceCase {
 protected:
  // Gives the GPU the other end of the socket that is returned.
  static std::unique_ptr<UnixChannel> Give(Session& session) {
    auto pair = Require(SocketPair());
    Require(session.frontend().GpuSetSocket(pair.second->PollFd()));
    Require(session.frontend().Fence());
    return std::move(pair.first);
  }

  static bool IsHeld(const UnixChannel& display) {
    return !WaitHungUp(display.PollFd(), Deadline::Now()).ok();
  }
  static void ExpectClosed(const UnixChannel& display) {
    EXPECT_TRUE(WaitHungUp(display.PollFd(), CurrentRun().ForAnswer()).ok())
        << "the peer still holds a socket that it has to close";
  }

  // What it says first, if it said anything.
  static std::optional<GpuHeader> FirstWord(UnixChannel& display) {
    if (!WaitReadable(display.PollFd(), Deadline::Now()).ok()) {
      return std::nullopt;
    }
    const auto bytes = Read(display, sizeof(GpuHeader));
    GpuHeader header;
    std::memcpy(&header, bytes.data(), sizeof(header));
    return header;
  }

  static std::vector<std::byte> Read(UnixChannel& display, std::size_t size) {
    std::vector<std::byte> bytes(size);
    std::vector<UniqueFd> fds;
    for (std::size_t done = 0; done < size;) {
      const auto more = display.Receive(std::span(bytes).subspan(done), fds,
                                        CurrentRun().ForAnswer());
      [&] {
        ASSERT_TRUE(more.ok()) << more.status();
        ASSERT_NE(*more, 0u) << "the GPU closed its socket within a message";
      }();
      done += *more;
    }
    return bytes;
  }

  // The answer of a display without protocol features.
  static void AnswerFeatures(UnixChannel& display) {
    const std::array<std::uint32_t, 5> reply = {kGetProtocolFeatures,
                                                kReplyFlag, 8, 0, 0};
    const absl::Status sent = display.Send(std::as_bytes(std::span(reply)), {},
                                           CurrentRun().ForAnswer());
    [&] { ASSERT_TRUE(sent.ok()) << sent; }();
  }
};

CONFORMANCE_CASE(GpuSocket, IsTaken, .cites = {Req::GPU_01, Req::ACK_01},
                 .needs = kGpuThatAcks) {
  Give(StartSession());
}

CONFORMANCE_CASE(GpuSocket, IsKeptWhileTheSessionLives, .cites = {Req::GPU_01},
                 .needs = kGpu) {
  Session& session = StartDevice();
  const auto display = Give(session);
  for (int i = 0; i < 8; ++i) Require(session.frontend().Fence());
  EXPECT_TRUE(IsHeld(*display)) << "the socket was closed at once";
}

CONFORMANCE_CASE(GpuSocket, IsGivenBackWithTheSession,
                 .cites = {Req::GPU_01, Req::HDR_25, Req::FD_19},
                 .needs = kGpu) {
  const auto display = Give(StartDevice());
  Disconnect();
  ExpectClosed(*display);
}

CONFORMANCE_CASE(GpuSocket, GivesWayToASecondOne, .cites = {Req::FD_15},
                 .needs = kGpuThatAcks, .open = {Ambiguity::kGpuSecondSocket}) {
  Session& session = StartSession();
  const auto first = Give(session);
  auto pair = Require(SocketPair());
  const bool taken =
      session.frontend().GpuSetSocket(pair.second->PollFd()).ok();
  pair.second.reset();
  ExpectClosed(taken ? *first : *pair.first);
  if (!taken) return CurrentCase().AmbigCase("a second socket is refused");
  EXPECT_TRUE(IsHeld(*pair.first)) << "the socket was acked and closed";
}

// Requests of that protocol are the back-end's: what comes first is one.
CONFORMANCE_CASE(GpuSocket, CarriesRequestsOfTheGpuProtocol,
                 .cites = {Req::GPU_01}, .needs = kGpu,
                 .open = {Ambiguity::kGpuSpeaks}) {
  const auto display = Give(StartDevice());
  const auto word = FirstWord(*display);
  if (!word) return CurrentCase().AmbigCase("a GPU that does not speak first");
  EXPECT_EQ(word->flags & kReplyFlag, 0u) << "a reply to what nobody asked";
  ASSERT_GE(word->request, 1u);
  ASSERT_LE(word->request, kSizes.size());
  const std::uint32_t size = kSizes[word->request - 1];
  if (word->request == kUpdate) {
    ASSERT_GE(word->size, size);
  } else {
    ASSERT_EQ(word->size, size);
  }
  Read(*display, word->size);
}

CONFORMANCE_CASE(GpuSocket, LetsTheDeviceWorkOnceItIsAnswered,
                 .cites = {Req::GPU_01, Req::RING_06},
                 .needs = {.io = true, .device = "gpu"},
                 .open = {Ambiguity::kGpuSpeaks}) {
  Session& session = StartDevice();
  const auto display = Give(session);
  const auto word = FirstWord(*display);
  if (word && word->request == kGetProtocolFeatures) AnswerFeatures(*display);
  ExpectVerifiedIo(session);
}

// As FD-13 has it of another descriptor that is written to.
CONFORMANCE_CASE(GpuSocket, WhoseOtherEndIsClosedIsSurvived,
                 .cites = {Req::FD_13}, .needs = kGpu) {
  Session& session = StartSession();
  auto pair = Require(SocketPair());
  pair.first.reset();
  const int fd = pair.second->PollFd();
  EXPECT_THAT(
      Provoke(session, MakeRequest(Request::GPU_SET_SOCKET), std::span(&fd, 1)),
      IsSurvived());
}

CONFORMANCE_CASE(GpuSocket, IsNotKeptByADeviceThatIsNoGpu,
                 .cites = {Req::GPU_01, Req::FD_04}) {
  if (CurrentRun().device() == "gpu") {
    CurrentCase().SkipCase("the device is a GPU", false);
    GTEST_SKIP() << "the device is a GPU";
  }
  Session& session = StartSession();
  Bait bait;
  EXPECT_THAT(
      Provoke(session, MakeRequest(Request::GPU_SET_SOCKET), bait.fds()),
      IsSurvived());
  EXPECT_TRUE(bait.Released());
}

}  // namespace
}  // namespace vuspec
