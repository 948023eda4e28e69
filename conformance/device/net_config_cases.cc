// What a network device says of itself in its configuration space.
#include <cstdint>

#include "conformance/kit/case.h"
#include "harness/device/buffers.h"

namespace vuspec {
namespace {

using protocol::ProtocolFeature;
using protocol::Req;

constexpr std::uint64_t kConfig = Mask(ProtocolFeature::CONFIG);
constexpr std::uint64_t kMq = std::uint64_t{1} << 22;
constexpr std::uint64_t kSpeedDuplex = std::uint64_t{1} << 63;
// Where the fields of struct virtio_net_config lie.
constexpr std::size_t kPairCountAt = 8;
constexpr std::size_t kSpeedAt = 12;
constexpr std::size_t kDuplexAt = 16;

class NetConfig : public ConformanceCase {
 protected:
  // `size` bytes of the configuration, for a driver that takes `feature`.
  protocol::Config Read(std::uint64_t feature, std::uint32_t size) {
    Session& session = StartSession({.virtio = kPlainVirtio | feature});
    return Require(session.frontend().GetConfig(0, size));
  }
};

CONFORMANCE_CASE(NetConfig, PairsAreCountedFromOne, .cites = {Req::NET_02},
                 .needs = {
                     .virtio = kMq, .protocol = kConfig, .device = "net"}) {
  const protocol::Config config = Read(kMq, kPairCountAt + 2);
  const std::uint16_t count =
      GetLe16(std::as_bytes(std::span(config.bytes)), kPairCountAt);
  EXPECT_GE(count, 1);
  EXPECT_LE(count, 0x8000);
}

// Which value stands for which duplex the text says in two ways; both have the
// same values.
CONFORMANCE_CASE(
    NetConfig, SpeedAndDuplexAreDefinedOrUnknown, .cites = {Req::NET_08},
    .needs = {.virtio = kSpeedDuplex, .protocol = kConfig, .device = "net"}) {
  const protocol::Config config = Read(kSpeedDuplex, kDuplexAt + 1);
  const std::uint32_t speed =
      GetLe32(std::as_bytes(std::span(config.bytes)), kSpeedAt);
  EXPECT_TRUE(speed <= 0x7fff'ffff || speed == 0xffff'ffff) << speed;
  EXPECT_THAT(config.bytes[kDuplexAt], testing::AnyOf(0, 1, 0xff));
}

}  // namespace
}  // namespace vuspec
