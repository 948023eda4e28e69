// Block devices: every request type with its status, and what the device says
// of itself.
#include <algorithm>
#include <bit>

#include "conformance/device/blk_verbs.h"
#include "conformance/kit/case.h"
#include "harness/device/buffers.h"

namespace vuspec {
namespace {

using protocol::Ambiguity;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::VirtioFeature;

CONFORMANCE_SUITE(Blk);

constexpr std::uint64_t kConfig = Mask(ProtocolFeature::CONFIG);

CONFORMANCE_CASE(Blk, ReadsReturnWhatWasWritten,
                 .cites = {Req::BLK_09, Req::BLK_10},
                 .needs = {.device = "blk"}) {
  Session& session = StartDevice();
  for (std::uint64_t i = 0; i < 8; ++i) {
    EXPECT_THAT(session.VerifiedIo(seed() + i), Succeeds());
  }
}

CONFORMANCE_CASE(Blk, FlushSucceeds, .cites = {Req::BLK_12},
                 .needs = {.virtio = kBlkFeatureFlush, .device = "blk"}) {
  Session& session = StartDevice({.virtio = kPlainVirtio | kBlkFeatureFlush});
  const BlkParts flush = MakeBlkParts(session.memory(), kBlkFlush, 0, 0);
  EXPECT_EQ(StatusOf(IoRing(session), flush), kBlkOk);
}

CONFORMANCE_CASE(Blk, GetIdFillsItsTwentyBytes, .cites = {Req::BLK_13},
                 .needs = {.device = "blk"}) {
  Session& session = StartDevice();
  const BlkParts ask = MakeBlkParts(session.memory(), kBlkGetId, 0, 20);
  std::fill(ask.data.bytes.begin(), ask.data.bytes.end(), std::byte{0xff});
  ASSERT_EQ(StatusOf(IoRing(session), ask), kBlkOk);
  const auto is_ascii = [](std::byte b) { return b < std::byte{0x80}; };
  EXPECT_TRUE(
      std::all_of(ask.data.bytes.begin(), ask.data.bytes.end(), is_ascii))
      << "bytes behind the id were left as they were";
}

CONFORMANCE_CASE(Blk, UnknownRequestsAreUnsupported, .cites = {Req::BLK_14},
                 .needs = {.device = "blk"}) {
  Session& session = StartDevice();
  const BlkParts unknown =
      MakeBlkParts(session.memory(), kBlkNeverDefined, 0, 0);
  EXPECT_EQ(StatusOf(IoRing(session), unknown), kBlkUnsupported);
}

// A device without the feature has to refuse; one that offers it and was not
// asked for it may do either (docs/ambiguities.md).
CONFORMANCE_CASE(Blk, DiscardIsUnsupportedUnlessOffered, .cites = {Req::BLK_26},
                 .needs = {.device = "blk"},
                 .open = {Ambiguity::kDiscardNotNegotiated}) {
  Session& session = StartDevice();
  const bool offered =
      (session.negotiated().virtio_offered & kBlkFeatureDiscard) != 0;
  const BlkParts discard = MakeBlkParts(session.memory(), kBlkDiscard, 0, 16);
  PutLe32(discard.data.bytes, 8, 1);  // one sector from 0
  const std::uint8_t status = StatusOf(IoRing(session), discard);
  if (offered && status == kBlkOk) {
    CurrentCase().AmbigCase("carried out, offered and not negotiated");
  } else {
    EXPECT_EQ(status, kBlkUnsupported);
  }
}

CONFORMANCE_CASE(Blk, ZoneRequestsAreUnsupportedUnlessOffered,
                 .cites = {Req::BLK_29}, .needs = {.device = "blk"}) {
  Session& session = StartDevice();
  if ((session.negotiated().virtio_offered & kBlkFeatureZoned) != 0) return;
  for (const std::uint32_t type : {15u, 16u, 18u, 20u, 22u, 24u, 26u}) {
    const BlkParts request = MakeBlkParts(session.memory(), type, 0, 0);
    EXPECT_EQ(StatusOf(IoRing(session), request), kBlkUnsupported)
        << "type " << type;
  }
}

CONFORMANCE_CASE(Blk, AReadOnlyDiskIsNotWritten, .cites = {Req::BLK_15},
                 .needs = {.virtio = kBlkFeatureReadOnly, .device = "blk"}) {
  Session& session =
      StartDevice({.virtio = kPlainVirtio | kBlkFeatureReadOnly});
  const BlkParts write =
      MakeBlkParts(session.memory(), kBlkOut, 0, kSectorSize);
  EXPECT_EQ(StatusOf(IoRing(session), write), kBlkIoErr);
}

CONFORMANCE_CASE(Blk, WithoutFlushTheCacheIsWrittenThrough,
                 .cites = {Req::BLK_03},
                 .needs = {.virtio = kBlkFeatureFlush | kBlkFeatureConfigWce,
                           .protocol = kConfig,
                           .device = "blk"}) {
  constexpr std::uint32_t kWritebackAt = 32;
  Session& session =
      StartSession({.virtio = kPlainVirtio | kBlkFeatureConfigWce});
  EXPECT_EQ(Require(session.frontend().GetConfig(kWritebackAt, 1)).bytes[0], 0);
}

CONFORMANCE_CASE(Blk, RequestsBeyondTheEndFail, .cites = {Req::BLK_16},
                 .needs = {.protocol = kConfig, .device = "blk"}) {
  Session& session = StartDevice();
  const std::uint64_t end = BlkCapacity(session);
  for (const std::uint64_t sector :
       {end, end + 1, std::uint64_t{1} << 55, ~std::uint64_t{0}}) {
    for (const std::uint32_t type : {kBlkIn, kBlkOut}) {
      const BlkParts request =
          MakeBlkParts(session.memory(), type, sector, kSectorSize);
      EXPECT_EQ(StatusOf(IoRing(session), request), kBlkIoErr)
          << "type " << type << ", sector " << sector;
    }
  }
}

CONFORMANCE_CASE(Blk, RequestsAcrossTheEndFail, .cites = {Req::BLK_16},
                 .needs = {.protocol = kConfig, .device = "blk"}) {
  Session& session = StartDevice();
  const std::uint64_t last = BlkCapacity(session) - 1;
  const BlkParts across =
      MakeBlkParts(session.memory(), kBlkIn, last, 2 * kSectorSize);
  EXPECT_EQ(StatusOf(IoRing(session), across), kBlkIoErr);
}

CONFORMANCE_CASE(Blk, TheLastSectorIsUsable, .cites = {Req::BLK_07},
                 .needs = {.protocol = kConfig, .device = "blk"}) {
  Session& session = StartDevice();
  const BlkParts read = MakeBlkParts(session.memory(), kBlkIn,
                                     BlkCapacity(session) - 1, kSectorSize);
  EXPECT_EQ(StatusOf(IoRing(session), read), kBlkOk);
}

CONFORMANCE_CASE(Blk, PartsOfASectorFail, .cites = {Req::BLK_18},
                 .needs = {.device = "blk"}) {
  Session& session = StartDevice();
  for (const std::uint32_t size : {511u, 513u}) {
    for (const std::uint32_t type : {kBlkIn, kBlkOut}) {
      const BlkParts request = MakeBlkParts(session.memory(), type, 0, size);
      EXPECT_EQ(StatusOf(IoRing(session), request), kBlkIoErr)
          << "type " << type << ", " << size << " bytes";
    }
  }
}

CONFORMANCE_CASE(Blk, FailedRequestsLeaveTheDiskAlone,
                 .cites = {Req::BLK_18, Req::BLK_10},
                 .needs = {.device = "blk"}) {
  Session& session = StartDevice();
  BlkParts write = MakeBlkParts(session.memory(), kBlkOut, 7, kSectorSize);
  FillPattern(write.data.bytes, seed());
  ASSERT_EQ(StatusOf(IoRing(session), write), kBlkOk);
  StatusOf(IoRing(session), MakeBlkParts(session.memory(), kBlkOut, 7, 513));
  ExpectSectorHolds(session, IoRing(session), 7, seed());
}

CONFORMANCE_CASE(Blk, AReadWithoutDataCompletes, .cites = {Req::BLK_19},
                 .needs = {.device = "blk"}) {
  Session& session = StartDevice();
  const BlkParts read = MakeBlkParts(session.memory(), kBlkIn, 0, 0);
  EXPECT_NE(StatusOf(IoRing(session), read), kBlkStatusUnset);
}

CONFORMANCE_CASE(Blk, AReadIntoReadableDataMovesNothing, .cites = {Req::BLK_35},
                 .needs = {.device = "blk"}) {
  Session& session = StartDevice();
  MarkNegative();
  BlkParts read = MakeBlkParts(session.memory(), kBlkIn, 0, kSectorSize);
  FillPattern(read.data.bytes, seed());
  read.device_writes_data = false;
  Require(IoRing(session).Post(read.Whole()));
  ExpectAnswers(session.raw());
  EXPECT_FALSE(ComparePattern(read.data.bytes, seed(), Req::BLK_35,
                              "virtio-blk read", "data")
                   .has_value());
}

CONFORMANCE_CASE(Blk, ARequestWithoutRoomForItsStatusIsSurvived,
                 .cites = {Req::BLK_34}, .needs = {.device = "blk"}) {
  Session& session = StartDevice();
  MarkNegative();
  const BlkParts write =
      MakeBlkParts(session.memory(), kBlkOut, 0, kSectorSize);
  Require(
      IoRing(session).Post(std::vector<Segment>{write.Header(), write.Data()}));
  ExpectAnswers(session.raw());
}

CONFORMANCE_CASE(Blk, AHeaderThatIsTooShortIsSurvived, .cites = {Req::BLK_34},
                 .needs = {.device = "blk"}) {
  Session& session = StartDevice();
  MarkNegative();
  const BlkParts flush = MakeBlkParts(session.memory(), kBlkFlush, 0, 0);
  Segment header = flush.Header();
  header.length = 15;
  Require(IoRing(session).Post(std::vector<Segment>{header, flush.Status()}));
  ExpectAnswers(session.raw());
}

CONFORMANCE_CASE(Blk, EveryQueueServesRequests,
                 .cites = {Req::BLK_36, Req::MQ_03},
                 .needs = {.queues = 2, .device = "blk"}) {
  Session& session = StartDevice();
  SessionRing& second = *Require(session.StartRing(1));
  for (std::uint64_t i = 0; i < 8; ++i) {
    BlkParts write = MakeBlkParts(session.memory(), kBlkOut, i, kSectorSize);
    FillPattern(write.data.bytes, seed() + i);
    EXPECT_EQ(StatusOf(second, write), kBlkOk);
    ExpectSectorHolds(session, IoRing(session), i, seed() + i);
  }
}

CONFORMANCE_CASE(Blk, OfferedFeaturesGoTogether,
                 .cites = {Req::BLK_01, Req::BLK_02, Req::BLK_06, Req::VC_02},
                 .needs = {.device = "blk"}) {
  constexpr std::uint64_t kLegacy = 1u | 1u << 7;  // BARRIER, SCSI
  Session& session = StartSession();
  const std::uint64_t offered = session.negotiated().virtio_offered;
  if ((offered & kBlkFeatureConfigWce) != 0) {
    EXPECT_NE(offered & kBlkFeatureFlush, 0u) << "CONFIG_WCE without FLUSH";
  }
  if (protocol::Has(offered, VirtioFeature::VERSION_1)) {
    EXPECT_EQ(offered & kLegacy, 0u) << "legacy bits beside VERSION_1";
  }
}

CONFORMANCE_CASE(Blk, ConfigurationIsPlausible,
                 .cites = {Req::BLK_04, Req::BLK_08, Req::CFG_22},
                 .needs = {.protocol = kConfig, .device = "blk"}) {
  constexpr std::uint64_t kBlkSizeBit = 1u << 6;
  Session& session = StartSession();
  const auto config = Require(session.frontend().GetConfig(0, 36));
  EXPECT_LT(BlkCapacity(session), std::uint64_t{1} << 48)
      << "is it big-endian?";
  EXPECT_EQ(config.bytes[33], 0) << "padding";
  if ((session.negotiated().virtio_offered & kBlkSizeBit) == 0) return;
  const std::uint32_t size =
      GetLe32(std::as_bytes(std::span(config.bytes)), 20);
  EXPECT_TRUE(std::has_single_bit(size)) << "blk_size " << size;
}

}  // namespace
}  // namespace vuspec
