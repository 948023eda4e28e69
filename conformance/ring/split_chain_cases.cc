// Chains of a split ring: a request may be cut into descriptors anywhere, and
// what the device may not write stays as it was.
#include <algorithm>
#include <array>

#include "conformance/device/blk_verbs.h"
#include "conformance/kit/case.h"
#include "harness/device/blk_requests.h"
#include "harness/device/buffers.h"

namespace vuspec {
namespace {

using protocol::Req;
using testing::Each;
using testing::Eq;

class SplitChain : public ConformanceCase {
 protected:
  // Writes the sector by this chain of the request and reads it back.
  void ExpectWritten(Session& session, const BlkParts& write,
                     const std::vector<Segment>& chain) {
    Complete(IoRing(session), chain);
    EXPECT_EQ(write.StatusByte(), kBlkOk);
    ExpectSectorHolds(session, IoRing(session), kSector, seed());
  }

  BlkParts MakeWrite(Session& session) {
    BlkParts write =
        MakeBlkParts(session.memory(), kBlkOut, kSector, kSectorSize);
    FillPattern(write.data.bytes, seed());
    return write;
  }

  static constexpr std::uint64_t kSector = 3;
};

CONFORMANCE_CASE(SplitChain, HeaderMayBeCutIntoPieces, .cites = {Req::VS_02},
                 .needs = {.device = "blk"}) {
  Session& session = StartDevice();
  const BlkParts write = MakeWrite(session);
  ExpectWritten(
      session, write,
      Join({Cut(write.Header(), {1, 7, 8}), {write.Data(), write.Status()}}));
}

CONFORMANCE_CASE(SplitChain, HeaderMayComeByteByByte, .cites = {Req::VS_02},
                 .needs = {.device = "blk"}) {
  Session& session = StartDevice();
  const BlkParts write = MakeWrite(session);
  ExpectWritten(
      session, write,
      Join({Cut(write.Header(), {1}), {write.Data(), write.Status()}}));
}

CONFORMANCE_CASE(SplitChain, HeaderAndDataMayShareADescriptor,
                 .cites = {Req::VS_02}, .needs = {.device = "blk"}) {
  Session& session = StartDevice();
  const BlkParts write = MakeWrite(session);
  const GuestBuffer both =
      Require(session.memory().Allocate(16 + kSectorSize, 16));
  std::copy_n(write.header.bytes.begin(), 16, both.bytes.begin());
  FillPattern(both.bytes.subspan(16), seed());
  ExpectWritten(session, write, {Readable(both), write.Status()});
}

CONFORMANCE_CASE(SplitChain, DataToWriteMayBeCutAnywhere, .cites = {Req::VS_04},
                 .needs = {.device = "blk"}) {
  Session& session = StartDevice();
  const BlkParts write = MakeWrite(session);
  ExpectWritten(session, write,
                Join({{write.Header()},
                      Cut(write.Data(), {1, 3, 255, 252, 1}),
                      {write.Status()}}));
}

CONFORMANCE_CASE(SplitChain, DataToReadMayBeCutAnywhere, .cites = {Req::VS_04},
                 .needs = {.device = "blk"}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  const IoRequest write = Require(MakeBlkWrite(session.memory(), 5, seed()));
  Complete(ring, write.segments);
  const IoRequest read = Require(MakeBlkRead(session.memory(), 5, seed()));
  const Completion completion =
      Complete(ring, Join({{read.segments[0]},
                           Cut(read.segments[1], {511, 1}),
                           {read.segments[2]}}));
  EXPECT_THAT(read.judge(completion), Eq(std::nullopt));
}

// The status is the last writable byte, wherever descriptors end.
CONFORMANCE_CASE(SplitChain, DataAndStatusMayShareADescriptor,
                 .cites = {Req::BLK_11, Req::VS_02},
                 .needs = {.device = "blk"}) {
  Session& session = StartDevice();
  const BlkParts read = MakeBlkParts(session.memory(), kBlkIn, 0, kSectorSize);
  const GuestBuffer both =
      Require(session.memory().Allocate(kSectorSize + 1, 16));
  std::fill(both.bytes.begin(), both.bytes.end(), std::byte{kBlkStatusUnset});
  Complete(IoRing(session), {read.Header(), Writable(both)});
  EXPECT_EQ(both.bytes.back(), std::byte{kBlkOk});
}

CONFORMANCE_CASE(SplitChain, AsLongAsTheRingIsServed,
                 .cites = {Req::VS_17, Req::BLK_37},
                 .needs = {.device = "blk"}) {
  Session& session = StartDevice({}, {.size = 128});
  const BlkParts write = MakeWrite(session);
  // 126 data segments, the seg_max of drivers in use, make a full ring.
  ExpectWritten(session, write,
                Join({{write.Header()},
                      Cut(write.Data(), {4, 4, 12, 4}),
                      {write.Status()}}));
}

CONFORMANCE_CASE(SplitChain, ReadableBuffersAreNeverWritten,
                 .cites = {Req::VS_06}, .needs = {.io = true}) {
  Session& session = StartDevice();
  const IoRequest request = Require(session.MakeRequest());
  const Segment& readable = request.segments.front();
  const std::span<std::byte> bytes =
      session.memory().LeadingPiece(readable.guest_address, readable.length);
  const std::vector<std::byte> before(bytes.begin(), bytes.end());
  Complete(IoRing(session), request.segments);
  EXPECT_THAT(std::vector<std::byte>(bytes.begin(), bytes.end()), Eq(before));
}

CONFORMANCE_CASE(SplitChain, NothingIsWrittenBesideTheBuffers,
                 .cites = {Req::VS_13}, .needs = {.io = true}) {
  Session& session = StartDevice();
  for (int i = 0; i < 8; ++i) ExpectVerifiedIo(session);
  // The canaries between all buffers are looked at after every case.
  EXPECT_THAT(session.memory().CheckCanaries(), testing::IsEmpty());
}

CONFORMANCE_CASE(SplitChain, UsedLengthCountsWhatWasWritten,
                 .cites = {Req::VS_11, Req::BLK_38, Req::VS_12},
                 .needs = {.device = "blk"}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  EXPECT_EQ(Complete(ring, MakeWrite(session).Whole()).length, 1u);
  const BlkParts read = MakeBlkParts(session.memory(), kBlkIn, kSector, 1024);
  EXPECT_EQ(Complete(ring, read.Whole()).length, 1025u);
}

}  // namespace
}  // namespace vuspec
