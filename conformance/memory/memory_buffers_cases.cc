// Descriptors that reach to the edge of memory, over it, and to nowhere.
#include "conformance/kit/case.h"
#include "conformance/memory/memory_verbs.h"
#include "conformance/ring/ring_verbs.h"
#include "harness/device/blk_requests.h"

namespace vuspec {
namespace {

using protocol::Req;

class MemoryBuffers : public ConformanceCase {
 protected:
  // A disk read whose data goes to this address.
  static IoRequest ReadTo(Session& session, std::uint64_t address) {
    IoRequest request = Require(MakeBlkRead(session.memory(), 0, 0));
    request.segments[1].guest_address = address;
    return request;
  }
  static std::uint64_t EndOf(Session& session, std::size_t region) {
    const GuestRegion& last = session.memory().regions()[region];
    return last.guest_address + last.size;
  }
  // Two regions that touch in guest addresses and nowhere else.
  static std::vector<RegionSpec> TouchingRegions() {
    std::vector<RegionSpec> specs = RegionsOfCount(2);
    specs[1].user_address =
        specs[1].guest_address + GuestMemory::kUserAddressDistance;
    specs[1].guest_address = specs[0].guest_address + specs[0].size;
    return specs;
  }
};

CONFORMANCE_CASE(MemoryBuffers, BufferAtTheEndOfItsRegionIsServed,
                 .cites = {Req::MEM_10}, .needs = {.io = true}) {
  Session& session = StartDevice();
  IoRequest request = RequestIn(session, 0);
  const Segment& last = request.segments.back();
  const std::uint64_t size =
      last.guest_address + last.length - request.segments.front().guest_address;
  Complete(session, RequestAt(session, EndOf(session, 0) - size));
}

CONFORMANCE_CASE(MemoryBuffers, BufferAcrossTwoRegionsIsWholeOrAnError,
                 .cites = {Req::MEM_08}, .needs = {.device = "blk"}) {
  Session& session = StartDevice({.regions = TouchingRegions()});
  MarkNegative();
  IoRequest write = Require(MakeBlkWrite(session.memory(), 0, seed()));
  Complete(session, write);
  IoRequest read = Require(MakeBlkRead(session.memory(), 0, seed()));
  const IoRequest across =
      MovedTo(session.memory(), std::move(read), EndOf(session, 0) - 256);
  Require(IoRing(session).Post(across.segments));
  const RingFate fate = AwaitFate(session, IoRing(session));
  if (!fate.completion) return;
  const auto wrong = across.judge(*fate.completion);
  EXPECT_TRUE(!wrong || wrong->req == Req::BLK_11)
      << "the read was completed as a success with the wrong data";
}

CONFORMANCE_CASE(MemoryBuffers, AnAddressOutsideEveryRegionIsNotServed,
                 .cites = {Req::MEM_09}, .needs = {.device = "blk"}) {
  Session& session = StartDevice();
  MarkNegative();
  ExpectNotServed(session, ReadTo(session, 4 * kGiB));
}

CONFORMANCE_CASE(MemoryBuffers, ABufferPastTheEndOfItsRegionIsNotServed,
                 .cites = {Req::MEM_10}, .needs = {.device = "blk"}) {
  Session& session = StartDevice();
  MarkNegative();
  ExpectNotServed(session, ReadTo(session, EndOf(session, 0) - 16));
}

CONFORMANCE_CASE(MemoryBuffers, AnAddressThatWrapsIsNotServed,
                 .cites = {Req::MEM_11}, .needs = {.device = "blk"}) {
  Session& session = StartDevice();
  MarkNegative();
  ExpectNotServed(session, ReadTo(session, ~std::uint64_t{0} - 255));
}

CONFORMANCE_CASE(MemoryBuffers, AUserAddressInADescriptorIsNotServed,
                 .cites = {Req::MEM_05}, .needs = {.device = "blk"}) {
  Session& session = StartDevice();
  MarkNegative();
  const auto room = Require(session.memory().Allocate(512, 16));
  ExpectNotServed(session, ReadTo(session, room.user_address));
}

}  // namespace
}  // namespace vuspec
