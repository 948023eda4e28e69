// NET_SET_MTU and the MTU of the configuration space.
#include "conformance/kit/case.h"

namespace vuspec {
namespace {

using protocol::MakeRequest;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;
using protocol::U64;

constexpr std::uint64_t kMtu = Mask(ProtocolFeature::MTU);
constexpr std::uint64_t kAck = Mask(ProtocolFeature::REPLY_ACK);
constexpr std::uint64_t kConfig = Mask(ProtocolFeature::CONFIG);
constexpr std::uint64_t kNetMtu = std::uint64_t{1} << 3;  // VIRTIO_NET_F_MTU
constexpr std::uint32_t kMtuOffset = 10;

// The bounds of the virtio specification.
constexpr std::uint64_t kSmallest = 68;
constexpr std::uint64_t kLargest = 65535;

class Mtu : public ConformanceCase {
 protected:
  Session& StartWithMtu() {
    return StartSession(
        {.virtio = kPlainVirtio | kNetMtu, .protocol = kPlainProtocol | kMtu});
  }

  // From the beginning, as not every back-end honours the offset (CFG-04).
  static std::uint64_t Configured(Session& session) {
    const auto config =
        Require(session.frontend().GetConfig(0, kMtuOffset + 2));
    return config.bytes[kMtuOffset] |
           std::uint64_t{config.bytes[kMtuOffset + 1]} << 8;
  }
};

CONFORMANCE_CASE(Mtu, WithinTheBoundsIsAcked, .cites = {Req::MTU_01},
                 .needs = {.virtio = kNetMtu, .protocol = kMtu | kAck}) {
  Session& session = StartWithMtu();
  for (const std::uint64_t mtu :
       {kSmallest, std::uint64_t{1280}, std::uint64_t{9000}, kLargest}) {
    EXPECT_THAT(session.frontend().NetSetMtu(mtu), Succeeds()) << mtu;
  }
}

CONFORMANCE_CASE(Mtu, BeyondTheBoundsIsRefused, .cites = {Req::MTU_01},
                 .needs = {.virtio = kNetMtu, .protocol = kMtu | kAck}) {
  for (const std::uint64_t mtu : {std::uint64_t{0}, kSmallest - 1, kLargest + 1,
                                  (std::uint64_t{1} << 32) + 1500}) {
    EXPECT_THAT(
        Provoke(StartWithMtu(), MakeRequest(Request::NET_SET_MTU, U64{mtu})),
        IsRefused())
        << mtu;
    Disconnect();
  }
}

CONFORMANCE_CASE(Mtu, IsShownToTheGuest, .cites = {Req::MTU_01},
                 .needs = {.virtio = kNetMtu, .protocol = kMtu | kConfig}) {
  Session& session = StartWithMtu();
  for (const std::uint64_t mtu : {std::uint64_t{1400}, std::uint64_t{9000}}) {
    Require(session.frontend().NetSetMtu(mtu));
    EXPECT_EQ(Configured(session), mtu);
  }
}

CONFORMANCE_CASE(Mtu, OfTheConfigurationIsWithinTheBoundsAndStays,
                 .cites = {Req::NET_03, Req::NET_04},
                 .needs = {
                     .virtio = kNetMtu, .protocol = kConfig, .device = "net"}) {
  Session& session = StartDevice({.virtio = kPlainVirtio | kNetMtu});
  const std::uint64_t mtu = Configured(session);
  EXPECT_GE(mtu, kSmallest);
  EXPECT_LE(mtu, kLargest);
  ExpectVerifiedIo(session);
  EXPECT_EQ(Configured(session), mtu);
}

CONFORMANCE_CASE(Mtu, IsRefusedWithoutItsDeviceFeature, .cites = {Req::MTU_02},
                 .needs = {.virtio = kNetMtu, .protocol = kMtu | kAck}) {
  Session& session = StartSession({.protocol = kPlainProtocol | kMtu});
  ASSERT_EQ(session.negotiated().virtio & kNetMtu, 0u);
  EXPECT_THAT(Provoke(session, MakeRequest(Request::NET_SET_MTU, U64{1500})),
              IsRefused());
}

}  // namespace
}  // namespace vuspec
