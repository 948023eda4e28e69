// What a disk says of the storage behind it: its zones and its wear.
#include <cstdint>

#include "conformance/device/blk_verbs.h"
#include "conformance/kit/case.h"
#include "harness/device/buffers.h"

namespace vuspec {
namespace {

using protocol::ProtocolFeature;
using protocol::Req;

CONFORMANCE_SUITE(BlkKind);

constexpr std::uint64_t kConfig = Mask(ProtocolFeature::CONFIG);

// Model 0 says that there are no zones.
CONFORMANCE_CASE(BlkKind, ZonesAreOfferedByZonedDisksOnly,
                 .cites = {Req::BLK_05},
                 .needs = {.virtio = kBlkFeatureZoned,
                           .protocol = kConfig,
                           .device = "blk"}) {
  constexpr std::uint32_t kModelAt = 92;
  Session& session = StartSession({.virtio = kPlainVirtio | kBlkFeatureZoned});
  const auto config = Require(session.frontend().GetConfig(0, kModelAt + 1));
  EXPECT_NE(config.bytes[kModelAt], 0);
}

CONFORMANCE_CASE(BlkKind, LifetimeIsToldInDefinedValues, .cites = {Req::BLK_28},
                 .needs = {.virtio = kBlkFeatureLifetime, .device = "blk"}) {
  constexpr std::uint32_t kSize = 6;  // three 16-bit numbers
  Session& session =
      StartDevice({.virtio = kPlainVirtio | kBlkFeatureLifetime});
  const BlkParts request =
      MakeBlkParts(session.memory(), kBlkGetLifetime, 0, kSize);
  ASSERT_EQ(StatusOf(IoRing(session), request), kBlkOk);
  EXPECT_LE(GetLe16(request.data.bytes, 0), 3) << "pre_eol_info";
  EXPECT_LE(GetLe16(request.data.bytes, 2), 11) << "device_lifetime_est_typ_a";
  EXPECT_LE(GetLe16(request.data.bytes, 4), 11) << "device_lifetime_est_typ_b";
}

}  // namespace
}  // namespace vuspec
