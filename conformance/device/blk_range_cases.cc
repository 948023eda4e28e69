// Discarding and zeroing ranges of a disk.
#include <algorithm>
#include <vector>

#include "conformance/device/blk_verbs.h"
#include "conformance/kit/case.h"
#include "harness/device/buffers.h"
#include "harness/memory/shared_access.h"

namespace vuspec {
namespace {

using protocol::ProtocolFeature;
using protocol::Req;

constexpr std::uint32_t kUnmap = 1;
constexpr std::size_t kRangeSize = 16;

struct Range {
  std::uint64_t sector = 0;
  std::uint32_t count = 1;
  std::uint32_t flags = 0;
};

class BlkRanges : public ConformanceCase {
 protected:
  Session& StartWith(std::uint64_t features) {
    return StartDevice({.virtio = kPlainVirtio | features});
  }

  std::uint8_t StatusOfRanges(Session& session, std::uint32_t type,
                              const std::vector<Range>& ranges) {
    const BlkParts request =
        MakeBlkParts(session.memory(), type, 0,
                     static_cast<std::uint32_t>(kRangeSize * ranges.size()));
    std::size_t at = 0;
    for (const Range& range : ranges) {
      PutLe64(request.data.bytes, at, range.sector);
      PutLe32(request.data.bytes, at + 8, range.count);
      PutLe32(request.data.bytes, at + 12, range.flags);
      at += kRangeSize;
    }
    return StatusOf(IoRing(session), request);
  }

  // Which error it is, the document leaves open.
  static bool IsError(std::uint8_t status) {
    return status == kBlkIoErr || status == kBlkUnsupported;
  }

  static std::uint32_t ConfigWord(Session& session, std::uint32_t offset) {
    const auto config = Require(session.frontend().GetConfig(offset, 4));
    return GetLe32(std::as_bytes(std::span(config.bytes)), 0);
  }
};

CONFORMANCE_CASE(BlkRanges, ADiscardSucceeds, .cites = {Req::BLK_20},
                 .needs = {.virtio = kBlkFeatureDiscard, .device = "blk"}) {
  Session& session = StartWith(kBlkFeatureDiscard);
  EXPECT_EQ(StatusOfRanges(session, kBlkDiscard, {{.sector = 8}}), kBlkOk);
  const BlkParts read = MakeBlkParts(session.memory(), kBlkIn, 8, kSectorSize);
  EXPECT_EQ(StatusOf(IoRing(session), read), kBlkOk);
}

CONFORMANCE_CASE(BlkRanges, ADiscardToUnmapIsUnsupported,
                 .cites = {Req::BLK_21},
                 .needs = {.virtio = kBlkFeatureDiscard, .device = "blk"}) {
  Session& session = StartWith(kBlkFeatureDiscard);
  EXPECT_EQ(StatusOfRanges(session, kBlkDiscard, {{.flags = kUnmap}}),
            kBlkUnsupported);
}

CONFORMANCE_CASE(BlkRanges, UnknownFlagsAreUnsupported, .cites = {Req::BLK_22},
                 .needs = {
                     .virtio = kBlkFeatureDiscard | kBlkFeatureWriteZeroes,
                     .device = "blk"}) {
  Session& session = StartWith(kBlkFeatureDiscard | kBlkFeatureWriteZeroes);
  for (const std::uint32_t type : {kBlkDiscard, kBlkWriteZeroes}) {
    for (const std::uint32_t flags : {2u, 0x8000'0000u}) {
      EXPECT_EQ(StatusOfRanges(session, type, {{.flags = flags}}),
                kBlkUnsupported)
          << "type " << type << ", flags " << flags;
    }
  }
}

CONFORMANCE_CASE(BlkRanges, ZeroedSectorsReadAsZero, .cites = {Req::BLK_23},
                 .needs = {.virtio = kBlkFeatureWriteZeroes, .device = "blk"}) {
  Session& session = StartWith(kBlkFeatureWriteZeroes);
  for (const std::uint32_t flags : {0u, kUnmap}) {
    const BlkParts write =
        MakeBlkParts(session.memory(), kBlkOut, 3, kSectorSize);
    FillPattern(write.data.bytes, seed());
    ASSERT_EQ(StatusOf(IoRing(session), write), kBlkOk);
    EXPECT_EQ(StatusOfRanges(session, kBlkWriteZeroes,
                             {{.sector = 3, .flags = flags}}),
              kBlkOk);
    const BlkParts read =
        MakeBlkParts(session.memory(), kBlkIn, 3, kSectorSize);
    ASSERT_EQ(StatusOf(IoRing(session), read), kBlkOk);
    EXPECT_TRUE(std::ranges::all_of(read.data.bytes, [](const std::byte& byte) {
      return Load<std::uint8_t>(&byte) == 0;
    }));
  }
}

CONFORMANCE_CASE(BlkRanges, MoreThanAnnouncedFails, .cites = {Req::BLK_24},
                 .needs = {.virtio = kBlkFeatureDiscard,
                           .protocol = Mask(ProtocolFeature::CONFIG),
                           .device = "blk"}) {
  constexpr std::uint32_t kSectorMaxAt = 36;
  constexpr std::uint32_t kSegmentMaxAt = 40;
  Session& session = StartWith(kBlkFeatureDiscard);
  MarkNegative();
  const std::uint32_t sectors = ConfigWord(session, kSectorMaxAt);
  if (sectors < BlkCapacity(session)) {
    EXPECT_TRUE(IsError(
        StatusOfRanges(session, kBlkDiscard, {{.count = sectors + 1}})));
  }
  const std::uint32_t segments = ConfigWord(session, kSegmentMaxAt);
  if (segments > 1024) return;  // who announces more has no limit
  EXPECT_TRUE(IsError(
      StatusOfRanges(session, kBlkDiscard, std::vector<Range>(segments + 1))));
}

CONFORMANCE_CASE(BlkRanges, WhatIsNoRangeOfTheDiskFails, .cites = {Req::BLK_25},
                 .needs = {.virtio = kBlkFeatureDiscard,
                           .protocol = Mask(ProtocolFeature::CONFIG),
                           .device = "blk"}) {
  Session& session = StartWith(kBlkFeatureDiscard);
  MarkNegative();
  for (const std::uint32_t size : {15u, 17u}) {
    const std::uint8_t status = StatusOf(
        IoRing(session), MakeBlkParts(session.memory(), kBlkDiscard, 0, size));
    EXPECT_TRUE(IsError(status))
        << size << " bytes end with status " << int{status};
  }
  EXPECT_TRUE(IsError(StatusOfRanges(session, kBlkDiscard,
                                     {{.sector = BlkCapacity(session)}})));
}

}  // namespace
}  // namespace vuspec
