// Indirect descriptors in all their legal forms; the illegal ones are among
// the hostile rings.
#include <algorithm>

#include "conformance/device/blk_verbs.h"
#include "conformance/kit/case.h"
#include "harness/device/blk_requests.h"

namespace vuspec {
namespace {

using protocol::Req;
using protocol::VirtioFeature;

constexpr std::uint64_t kIndirect = Mask(VirtioFeature::INDIRECT_DESC);

class Indirect : public ConformanceCase {
 protected:
  Session& StartIndirect() {
    return StartDevice({.virtio = kPlainVirtio | kIndirect});
  }

  void CompleteOneAs(const ChainOptions& options) {
    Session& session = StartIndirect();
    const IoRequest request = Require(session.MakeRequest());
    const Completion completion =
        Complete(IoRing(session), request.segments, options);
    EXPECT_THAT(request.judge(completion), testing::Eq(std::nullopt));
  }

  // Makes the request available by a table that was moved to an odd address.
  void PostMisaligned(Session& session, const std::vector<Segment>& segments) {
    SplitDriver& driver = IoRing(session).driver();
    const auto head = Require(driver.AddChain(segments, {.indirect = true}));
    Descriptor pointer = driver.view().descriptor(head);
    const std::span<std::byte> aligned =
        session.memory().LeadingPiece(pointer.address, pointer.length);
    const GuestBuffer odd =
        Require(session.memory().Allocate(pointer.length + 3, 16));
    std::copy(aligned.begin(), aligned.end(), odd.bytes.begin() + 3);
    pointer.address = odd.guest_address + 3;
    driver.view().SetDescriptor(head, pointer);
    driver.Publish();
    IoRing(session).Kick();
  }
};

CONFORMANCE_CASE(Indirect, AWholeRequestMayBeIndirect, .cites = {Req::VS_18},
                 .needs = {.virtio = kIndirect, .io = true}) {
  CompleteOneAs({.indirect = true});
}

CONFORMANCE_CASE(Indirect, TheWriteFlagOnTheTableIsIgnored,
                 .cites = {Req::VS_19},
                 .needs = {.virtio = kIndirect, .io = true}) {
  CompleteOneAs({.indirect = true, .write_flag_on_table = true});
}

CONFORMANCE_CASE(Indirect, DirectDescriptorsMayPrecedeTheTable,
                 .cites = {Req::VS_20},
                 .needs = {.virtio = kIndirect, .device = "blk"}) {
  CompleteOneAs({.indirect = true, .direct_count = 1});
}

CONFORMANCE_CASE(Indirect, ATableMayHoldTheLastDescriptorOnly,
                 .cites = {Req::VS_20},
                 .needs = {.virtio = kIndirect, .device = "blk"}) {
  CompleteOneAs({.indirect = true, .direct_count = 2});
}

CONFORMANCE_CASE(Indirect, ATableMayBeLongerThanTheRing, .cites = {Req::VS_18},
                 .needs = {.virtio = kIndirect, .device = "blk"}) {
  Session& session =
      StartDevice({.virtio = kPlainVirtio | kIndirect}, {.size = 4});
  const BlkParts write = MakeBlkParts(session.memory(), kBlkOut, 1, 512);
  Complete(IoRing(session),
           Join({Cut(write.Header(), {4}), {write.Data(), write.Status()}}),
           {.indirect = true});
  EXPECT_EQ(write.StatusByte(), kBlkOk);
}

CONFORMANCE_CASE(Indirect, ATableNeedsNoAlignment, .cites = {Req::VS_18},
                 .needs = {.virtio = kIndirect, .device = "blk"}) {
  Session& session = StartIndirect();
  const BlkParts write = MakeBlkParts(session.memory(), kBlkOut, 1, 512);
  PostMisaligned(session, write.Whole());
  Require(IoRing(session).Await());
  EXPECT_EQ(write.StatusByte(), kBlkOk);
}

CONFORMANCE_CASE(Indirect, DirectAndIndirectChainsMayBeMixed,
                 .cites = {Req::VS_18, Req::VS_16},
                 .needs = {.virtio = kIndirect, .io = true}) {
  Session& session = StartIndirect();
  SessionRing& ring = IoRing(session);
  for (int i = 0; i < 24; ++i) {
    const IoRequest request = Require(session.MakeRequest());
    Require(ring.Post(request.segments, {.indirect = i % 2 == 0}));
  }
  for (int i = 0; i < 24; ++i) Require(ring.Await());
}

}  // namespace
}  // namespace vuspec
