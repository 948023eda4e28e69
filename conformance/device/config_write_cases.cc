// The configuration space written by SET_CONFIG.
#include <array>

#include "conformance/device/blk_verbs.h"
#include "conformance/kit/case.h"

namespace vuspec {
namespace {

using protocol::Config;
using protocol::MakeRequest;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;

constexpr std::uint64_t kConfig = Mask(ProtocolFeature::CONFIG);
constexpr std::uint64_t kWce = kBlkFeatureFlush | kBlkFeatureConfigWce;
constexpr std::uint32_t kWritebackOffset = 32;

class ConfigWrite : public ConformanceCase {
 protected:
  Outcome ProvokeWrite(Session& session, std::uint32_t offset,
                       std::uint32_t size, std::uint32_t flags = 0) {
    Config config;
    config.offset = offset;
    config.size = size;
    config.flags = flags;
    return Provoke(session, MakeRequest(Request::SET_CONFIG, config));
  }
};

CONFORMANCE_CASE(ConfigWrite, AWritableFieldReadsAsWritten,
                 .cites = {Req::CFG_14, Req::BLK_32},
                 .needs = {
                     .virtio = kWce, .protocol = kConfig, .device = "blk"}) {
  Session& session = StartSession({.virtio = kPlainVirtio | kWce});
  using Byte = std::uint8_t;
  for (const Byte writeback : {Byte{0}, Byte{1}, Byte{0}}) {
    const std::array<std::uint8_t, 1> bytes = {writeback};
    Require(session.frontend().SetConfig(kWritebackOffset, bytes));
    // From the beginning, as not every back-end honours the offset (CFG-04).
    const auto read =
        Require(session.frontend().GetConfig(0, kWritebackOffset + 1));
    EXPECT_EQ(read.bytes[kWritebackOffset], writeback);
  }
}

CONFORMANCE_CASE(ConfigWrite, AReadOnlyFieldStaysAsItWas,
                 .cites = {Req::CFG_15},
                 .needs = {.protocol = kConfig, .device = "blk"}) {
  Session& session = StartSession();
  const auto before = Require(session.frontend().GetConfig(0, 8));
  const Outcome outcome = ProvokeWrite(session, 0, 8);  // the capacity: 0
  if (outcome.closed || outcome.kind == Outcome::kNacked) return;
  EXPECT_EQ(Require(session.frontend().GetConfig(0, 8)), before) << outcome;
}

// With the flag of migrations it may be set, or not.
CONFORMANCE_CASE(ConfigWrite, AReadOnlyFieldMayBeSetInAMigration,
                 .cites = {Req::CFG_16},
                 .needs = {
                     .protocol = kConfig | Mask(ProtocolFeature::REPLY_ACK),
                     .device = "blk"}) {
  Session& session = StartSession();
  // The capacity, as it is.
  Config config = Require(session.frontend().GetConfig(0, 8));
  config.flags = 1;
  const Outcome outcome =
      Provoke(session, MakeRequest(Request::SET_CONFIG, config));
  EXPECT_THAT(outcome, IsDecided());
  if (outcome.closed) return;
  EXPECT_EQ(Require(session.frontend().GetConfig(0, 8)).bytes, config.bytes);
}

CONFORMANCE_CASE(ConfigWrite, UnknownFlagsAreRefused, .cites = {Req::CFG_17},
                 .needs = {.protocol = kConfig |
                                       Mask(ProtocolFeature::REPLY_ACK)}) {
  Session& session = StartSession();
  EXPECT_THAT(ProvokeWrite(session, kWritebackOffset, 1, 0xff), IsRefused());
}

CONFORMANCE_CASE(ConfigWrite, BeyondTheEndIsRefused, .cites = {Req::CFG_18},
                 .needs = {.protocol = kConfig |
                                       Mask(ProtocolFeature::REPLY_ACK)}) {
  Session& session = StartSession();
  EXPECT_THAT(ProvokeWrite(session, 4096, 8), IsRefused());
}

CONFORMANCE_CASE(ConfigWrite, OffsetsThatWrapAreRefused,
                 .cites = {Req::CFG_18, Req::CFG_06},
                 .needs = {.protocol = kConfig |
                                       Mask(ProtocolFeature::REPLY_ACK)}) {
  Session& session = StartSession();
  EXPECT_THAT(ProvokeWrite(session, 0xfffffff0, 0x20), IsRefused());
}

CONFORMANCE_CASE(ConfigWrite, IsRefusedWithoutTheFeature,
                 .cites = {Req::CFG_11},
                 .needs = {.protocol = kConfig |
                                       Mask(ProtocolFeature::REPLY_ACK)}) {
  Session& session = StartSession({.protocol = kPlainProtocol & ~kConfig});
  EXPECT_THAT(ProvokeWrite(session, kWritebackOffset, 1), IsRefused());
}

}  // namespace
}  // namespace vuspec
