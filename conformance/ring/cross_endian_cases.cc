// CROSS_ENDIAN: rings of legacy devices in either byte order. Requests are of
// the kind that reads the same both ways: a disk's read of sector 0, whose
// header is all zeroes.
#include <bit>

#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"
#include "conformance/memory/memory_verbs.h"
#include "harness/device/blk_requests.h"

namespace vuspec {
namespace {

using protocol::MakeRequest;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;
using protocol::VringState;

constexpr std::uint64_t kCrossEndian = Mask(ProtocolFeature::CROSS_ENDIAN);
constexpr Needs kDisk = {.protocol = kCrossEndian, .device = "blk"};
constexpr Needs kNeedsAcks = {.protocol = kCrossEndian |
                                          Mask(ProtocolFeature::REPLY_ACK)};
constexpr std::uint64_t kLegacy =
    kPlainVirtio & ~Mask(protocol::VirtioFeature::VERSION_1);

class CrossEndian : public ConformanceCase {
 protected:
  Session& StartLegacy() {
    return StartSession(
        {.virtio = kLegacy, .protocol = kPlainProtocol | kCrossEndian});
  }
  // A legacy device whose sector 0 holds the pattern of the case.
  Session& StartWithData() {
    Session& writer = StartDevice();
    Complete(writer, Require(MakeBlkWrite(writer.memory(), 0, seed())));
    Disconnect();
    return StartLegacy();
  }
  void ExpectReads(Session& session, std::uint32_t index) {
    const IoRequest read = Require(MakeBlkRead(session.memory(), 0, seed()));
    Require(Perform(session, index, read));
  }
};

CONFORMANCE_CASE(CrossEndian, BigEndianRingsAreServed, .cites = {Req::END_01},
                 .needs = kDisk) {
  Session& session = StartWithData();
  Require(session.StartRing(0, {.order = std::endian::big}));
  for (int i = 0; i < 4; ++i) ExpectReads(session, 0);
}

CONFORMANCE_CASE(CrossEndian, LittleEndianRingsAreServed,
                 .cites = {Req::END_01}, .needs = kDisk) {
  Session& session = StartWithData();
  Require(session.StartRing(0, {.order = std::endian::little}));
  for (int i = 0; i < 4; ++i) ExpectReads(session, 0);
}

CONFORMANCE_CASE(CrossEndian, EachRingHasItsOwnOrder,
                 .cites = {Req::END_01, Req::END_04},
                 .needs = {
                     .protocol = kCrossEndian, .queues = 2, .device = "blk"}) {
  Session& session = StartWithData();
  Require(session.StartRing(0, {.order = std::endian::big}));
  Require(session.StartRing(1, {.order = std::endian::little}));
  for (int i = 0; i < 4; ++i) ExpectReads(session, i % 2 == 0 ? 0 : 1);
}

CONFORMANCE_CASE(CrossEndian, OrderMayChangeWhileTheRingIsStopped,
                 .cites = {Req::END_01, Req::END_04}, .needs = kDisk) {
  Session& session = StartWithData();
  for (const auto order : {std::endian::big, std::endian::little}) {
    Require(session.StartRing(0, {.order = order}));
    ExpectReads(session, 0);
    Require(session.ring(0).Stop());
  }
}

CONFORMANCE_CASE(CrossEndian, OtherValuesAreRefused, .cites = {Req::END_02},
                 .needs = kNeedsAcks) {
  for (const std::uint32_t order : {2u, 256u, ~0u}) {
    EXPECT_THAT(Provoke(StartLegacy(), MakeRequest(Request::SET_VRING_ENDIAN,
                                                   VringState{0, order})),
                IsRefused());
    Disconnect();
  }
}

CONFORMANCE_CASE(CrossEndian, ARingThatIsNotThereIsRefused,
                 .cites = {Req::END_03}, .needs = kNeedsAcks) {
  const VringState state = {RingCount(), 1};
  EXPECT_THAT(
      Provoke(StartLegacy(), MakeRequest(Request::SET_VRING_ENDIAN, state)),
      IsRefused());
}

}  // namespace
}  // namespace vuspec
