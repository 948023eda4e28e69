// Split rings as such: what the device may write, which entries it uses, when
// it notifies without EVENT_IDX.
#include "conformance/kit/case.h"
#include "conformance/ring/ring_verbs.h"

namespace vuspec {
namespace {

using protocol::Req;
using protocol::VirtioFeature;
using testing::Eq;

CONFORMANCE_SUITE(SplitRing);

std::vector<std::byte> Copy(std::span<const std::byte> bytes) {
  return {bytes.begin(), bytes.end()};
}

CONFORMANCE_CASE(SplitRing, EveryHeadIsUsedOnce,
                 .cites = {Req::VS_10, Req::VS_15, Req::VS_16, Req::VS_01},
                 .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  for (int i = 0; i < 32; ++i) PostOne(session);
  for (int i = 0; i < 32; ++i) Require(ring.Await());
  Require(session.frontend().Fence());
  EXPECT_EQ(ring.driver().view().used_index(), ring.avail_index());
}

CONFORMANCE_CASE(SplitRing, UsedIndexWrapsAt16Bits,
                 .cites = {Req::VS_15, Req::GBASE_14}, .needs = {.io = true}) {
  Session& session = StartDevice({}, {.base = 65528});
  for (int i = 0; i < 16; ++i) CompleteOne(session);
  SessionRing& ring = IoRing(session);
  EXPECT_LT(ring.avail_index(), 65528u);
  EXPECT_EQ(ring.driver().view().used_index(), ring.avail_index());
}

CONFORMANCE_CASE(SplitRing, ABatchAcrossTheWrapIsServed,
                 .cites = {Req::VS_15, Req::VS_30}, .needs = {.io = true}) {
  Session& session = StartDevice({}, {.base = 65520});
  for (int i = 0; i < 32; ++i) PostOne(session);
  for (int i = 0; i < 32; ++i) Require(IoRing(session).Await());
}

CONFORMANCE_CASE(SplitRing, OneKickIsEnoughForABatch,
                 .cites = {Req::RING_06, Req::VS_41}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  for (int i = 0; i < 32; ++i) {
    const IoRequest request = Require(session.MakeRequest());
    Require(ring.PostQuietly(request.segments));
  }
  ring.Kick();
  for (int i = 0; i < 32; ++i) Require(ring.Await());
}

// The driver's index may be as far ahead as the ring is long, and no further.
CONFORMANCE_CASE(SplitRing, ACompletelyFullRingIsServed,
                 .cites = {Req::VS_30, Req::VS_18},
                 .needs = {.virtio = Mask(VirtioFeature::INDIRECT_DESC),
                           .device = "blk"}) {
  Session& session =
      StartDevice({.virtio = kPlainVirtio | Mask(VirtioFeature::INDIRECT_DESC)},
                  {.size = 16});
  SessionRing& ring = IoRing(session);
  for (int i = 0; i < 16; ++i) {
    const IoRequest request = Require(session.MakeRequest());
    Require(ring.PostQuietly(request.segments, {.indirect = true}));
  }
  ring.Kick();
  for (int i = 0; i < 16; ++i) Require(ring.Await());
}

CONFORMANCE_CASE(SplitRing, TheDeviceWritesNeitherDescriptorsNorAvailRing,
                 .cites = {Req::VS_07}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  const SplitRingView& view = ring.driver().view();
  Require(ring.PostQuietly(Require(session.MakeRequest()).segments));
  const auto descriptors = Copy(view.descriptor_bytes());
  const auto available = Copy(view.available_bytes());
  ring.Kick();
  Require(ring.Await());
  Require(session.frontend().Fence());
  EXPECT_THAT(Copy(view.descriptor_bytes()), Eq(descriptors));
  EXPECT_THAT(Copy(view.available_bytes()), Eq(available));
}

CONFORMANCE_CASE(SplitRing, UsedFlagsHoldDefinedBitsOnly, .cites = {Req::VS_40},
                 .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  for (int i = 0; i < 8; ++i) {
    CompleteOne(session);
    EXPECT_THAT(ring.driver().CheckUsedFlags(), Eq(std::nullopt));
  }
}

CONFORMANCE_CASE(SplitRing, EveryCompletionIsNotified, .cites = {Req::VS_34},
                 .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  CompleteOne(session);
  for (int i = 0; i < 8; ++i) ExpectNotified(session, ring);
}

CONFORMANCE_CASE(SplitRing, SuppressedNotificationsAreNotSent,
                 .cites = {Req::VS_35, Req::VC_11}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  CompleteOne(session);
  Settle(session, ring);
  ring.driver().SuppressInterrupts(true);
  PostOne(session);
  AwaitPolled(session, ring);
  ExpectNotNotified(session, ring);
}

CONFORMANCE_CASE(SplitRing, NotificationsComeBackAfterSuppression,
                 .cites = {Req::VS_34}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  ring.driver().SuppressInterrupts(true);
  PostOne(session);
  AwaitPolled(session, ring);
  ring.driver().SuppressInterrupts(false);
  ExpectNotified(session, ring);
}

CONFORMANCE_CASE(SplitRing, UsedEventMeansNothingWithoutEventIdx,
                 .cites = {Req::VS_36}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  for (int i = 0; i < 8; ++i) {
    ring.driver().SetUsedEvent(static_cast<std::uint16_t>(1000 + i));
    CompleteOne(session);
  }
}

// What the driver rewrites after it was made available may be read either way,
// and nothing worse.
CONFORMANCE_CASE(SplitRing, DescriptorsThatChangeUnderTheDeviceAreSurvived,
                 .cites = {Req::VS_45}, .needs = {.io = true}) {
  Session& session = StartDevice();
  MarkNegative();
  SessionRing& ring = IoRing(session);
  const SplitRingView& view = ring.driver().view();
  for (int i = 0; i < 32; ++i) PostOne(session);
  for (std::uint16_t i = 0; i < view.queue_size(); ++i) {
    Descriptor descriptor = view.descriptor(i);
    descriptor.length ^= 0xffff'f000;
    descriptor.next = static_cast<std::uint16_t>(~descriptor.next);
    view.SetDescriptor(i, descriptor);
  }
  ring.Kick();
  ExpectAnswers(session.raw());
}

}  // namespace
}  // namespace vuspec
