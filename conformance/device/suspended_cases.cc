// A device whose rings are all stopped: it touches nothing, tells nobody
// anything, and answers whatever it is asked.
#include <array>

#include "conformance/device/blk_verbs.h"
#include "conformance/device/state_verbs.h"
#include "conformance/kit/case.h"
#include "harness/memory/shared_access.h"
#include "harness/transport/poll.h"
#include "harness/transport/unix_socket.h"

namespace vuspec {
namespace {

using protocol::ProtocolFeature;
using protocol::Req;

constexpr std::uint64_t kBackendReq = Mask(ProtocolFeature::BACKEND_REQ);
constexpr std::uint64_t kDeviceState = Mask(ProtocolFeature::DEVICE_STATE);
constexpr std::uint64_t kConfig = Mask(ProtocolFeature::CONFIG);
constexpr Needs kIo = {.io = true};

// The cache mode of a disk is what a driver can set; with FLUSH it is not
// fixed.
constexpr std::uint64_t kCacheMode = kBlkFeatureFlush | kBlkFeatureConfigWce;
constexpr std::uint32_t kWritebackOffset = 32;

class Suspended : public ConformanceCase {
 protected:
  // A device that was in use.
  Session& StartSuspended(SessionOptions options = {}) {
    Session& session = StartDevice(std::move(options));
    CompleteOne(session);
    stops_ = Suspend(session);
    return session;
  }
  std::span<const protocol::VringState> stops() const { return stops_; }

  // Messages enough for a device to do something on the side.
  static void Chat(Session& session) {
    for (int turn = 0; turn < 8; ++turn) Require(session.frontend().Fence());
  }

  static std::vector<std::byte> MemoryOf(Session& session) {
    std::vector<std::byte> all;
    const GuestMemory& memory = session.memory();
    for (std::size_t i = 0; i < memory.regions().size(); ++i) {
      const std::span<const std::byte> bytes = memory.RegionBytes(i);
      const std::size_t before = all.size();
      all.resize(before + bytes.size());
      CopyIn(std::span(all).subspan(before), bytes.data());
    }
    return all;
  }

 private:
  std::vector<protocol::VringState> stops_;
};

CONFORMANCE_CASE(Suspended, WritesNoGuestMemory, .cites = {Req::SUSP_01},
                 .needs = kIo) {
  Session& session = StartSuspended();
  PostOne(session);
  const std::vector<std::byte> before = MemoryOf(session);
  Chat(session);
  EXPECT_TRUE(MemoryOf(session) == before)
      << "guest memory changed although every ring is stopped";
}

CONFORMANCE_CASE(Suspended, WritesNoGuestMemoryBeforeItsFirstStart,
                 .cites = {Req::SUSP_05}, .needs = kIo) {
  Session& session = StartSession();
  SessionRing& ring =
      *Require(session.MakeRing(session.driver()->profile().io_queue));
  Require(ring.Configure());
  PostOne(session);
  const std::vector<std::byte> before = MemoryOf(session);
  Chat(session);
  EXPECT_TRUE(MemoryOf(session) == before)
      << "guest memory changed although no ring was started";
}

CONFORMANCE_CASE(Suspended, WritesNoGuestMemoryWhileItsStateIsSaved,
                 .cites = {Req::SUSP_01, Req::DST_08},
                 .needs = {.protocol = kDeviceState, .io = true}) {
  Session& session =
      StartSuspended({.protocol = kPlainProtocol | kDeviceState});
  const std::vector<std::byte> before = MemoryOf(session);
  SaveState(session);
  EXPECT_TRUE(MemoryOf(session) == before)
      << "guest memory changed although every ring is stopped";
}

CONFORMANCE_CASE(Suspended, NotifiesNobody, .cites = {Req::SUSP_02},
                 .needs = kIo) {
  Session& session = StartSuspended();
  SessionRing& ring = IoRing(session);
  Settle(session, ring);
  PostOne(session);
  ExpectNotNotified(session, ring);
}

// Some do so, lest a notification of before was lost. While a ring runs that is
// allowed (CALL-12); of a suspended device the document says that it must not
// send any notification to the guest, which is what the descriptor does.
CONFORMANCE_CASE(Suspended, DoesNotSignalANewCallDescriptor,
                 .cites = {Req::SUSP_02}, .needs = kIo) {
  Session& session = StartSuspended();
  SessionRing& ring = IoRing(session);
  Settle(session, ring);
  const Event call = Require(Event::Create());
  Require(session.frontend().SetVringCall(ring.index(), call.fd()));
  Chat(session);
  EXPECT_EQ(call.TryConsume(), 0u);
}

CONFORMANCE_CASE(Suspended, SaysNothingOnItsOwn, .cites = {Req::SUSP_03},
                 .needs = {.protocol = kBackendReq, .io = true}) {
  Session& session = StartDevice({.protocol = kPlainProtocol | kBackendReq});
  auto pair = Require(SocketPair());
  Require(session.frontend().SetBackendReqFd(pair.second->PollFd()));
  CompleteOne(session);
  Suspend(session);
  Chat(session);
  EXPECT_FALSE(WaitReadable(pair.first->PollFd(), Deadline::Now()).ok())
      << "a message of the back-end although every ring is stopped";
}

CONFORMANCE_CASE(Suspended, AnswersWhateverItIsAsked, .cites = {Req::SUSP_04},
                 .needs = kIo) {
  Session& session = StartSuspended();
  Frontend& frontend = session.frontend();
  EXPECT_THAT(frontend.GetFeatures(), Succeeds());
  EXPECT_THAT(frontend.SetFeatures(session.negotiated().virtio), Succeeds());
  EXPECT_THAT(frontend.SetMemTable(session.memory().regions()), Succeeds());
  EXPECT_THAT(frontend.SetVringNum(0, 64), Succeeds());
  EXPECT_THAT(frontend.SetVringBase(0, 0), Succeeds());
}

CONFORMANCE_CASE(Suspended, ReadsItsConfiguration, .cites = {Req::SUSP_04},
                 .needs = {.protocol = kConfig, .io = true}) {
  Session& session = StartSuspended();
  const std::uint32_t size = session.driver()->profile().config_size;
  EXPECT_THAT(session.frontend().GetConfig(0, size), Succeeds());
}

CONFORMANCE_CASE(
    Suspended, ChangesAreThereOnceItResumes, .cites = {Req::SUSP_07},
    .needs = {.virtio = kCacheMode, .protocol = kConfig, .device = "blk"}) {
  Session& session = StartSuspended({.virtio = kPlainVirtio | kCacheMode});
  const std::array<std::uint8_t, 1> write_through = {0};
  Require(session.frontend().SetConfig(kWritebackOffset, write_through));
  Resume(session, stops());
  CompleteOne(session);
  const auto config =
      Require(session.frontend().GetConfig(0, kWritebackOffset + 1));
  EXPECT_EQ(config.bytes[kWritebackOffset], 0);
}

}  // namespace
}  // namespace vuspec
