// XEN_MMAP, as far as a host without Xen can tell: what memory regions look
// like on the wire. Their Xen flags are 0 here, which asks for nothing of Xen.
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"
#include "conformance/memory/memory_verbs.h"

namespace vuspec {
namespace {

using protocol::MakeRequest;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;

constexpr std::uint64_t kXen = Mask(ProtocolFeature::XEN_MMAP);
constexpr std::uint64_t kSlots = Mask(ProtocolFeature::CONFIGURE_MEM_SLOTS);
constexpr std::uint64_t kAck = Mask(ProtocolFeature::REPLY_ACK);

class XenMmap : public ConformanceCase {
 protected:
  Session& StartWithoutMemory() {
    return StartSession(
        {.protocol = kPlainProtocol | kXen | kSlots, .share_memory = false});
  }
};

CONFORMANCE_CASE(XenMmap, RegionsOfATableHaveFortyBytes, .cites = {Req::MEM_53},
                 .needs = {.protocol = kXen, .io = true}) {
  Session& session = StartDevice(
      {.protocol = kPlainProtocol | kXen, .regions = RegionsOfCount(3)},
      {.region_indices = {{2, 1, 0}}});
  ExpectVerifiedIo(session);
}

CONFORMANCE_CASE(XenMmap, AddedRegionsHaveFortyBytes, .cites = {Req::MEM_53},
                 .needs = {.protocol = kXen | kSlots, .io = true}) {
  Session& session = StartWithoutMemory();
  Require(session.frontend().AddMemReg(session.memory().regions()[0]));
  ExpectVerifiedIo(session);
}

CONFORMANCE_CASE(XenMmap, RemovedRegionsHaveFortyBytes, .cites = {Req::MEM_53},
                 .needs = {.protocol = kXen | kSlots | kAck}) {
  Session& session = StartWithoutMemory();
  const GuestRegion& region = session.memory().regions()[0];
  Require(session.frontend().AddMemReg(region));
  EXPECT_THAT(session.frontend().RemMemReg(region), Succeeds());
}

CONFORMANCE_CASE(XenMmap, RegionsWithoutTheXenFieldsAreRefused,
                 .cites = {Req::MEM_53}, .needs = {.protocol = kXen | kAck}) {
  Session& session = StartWithoutMemory();
  const RawTable table(session.memory().regions());
  EXPECT_THAT(Provoke(session, table.message(), table.fds), IsRefused());
}

CONFORMANCE_CASE(XenMmap, XenFieldsAreRefusedWithoutTheFeature,
                 .cites = {Req::MEM_17}, .needs = {.protocol = kAck}) {
  Session& session = StartSession({.share_memory = false});
  const GuestRegion& region = session.memory().regions()[0];
  protocol::XenMemoryTable table;
  table.regions[table.region_count++].region = WireRegion(region);
  EXPECT_THAT(Provoke(session, MakeRequest(Request::SET_MEM_TABLE, table),
                      std::span(&region.fd, 1)),
              IsRefused());
}

// Foreign memory, a grant, and both: there is no Xen to map it.
CONFORMANCE_CASE(XenMmap, WhatOnlyXenCanMapIsSurvived, .cites = {Req::MEM_53},
                 .needs = {.protocol = kXen | kAck},
                 .open = {protocol::Ambiguity::kXenFlags}) {
  for (const std::uint32_t flags : {1u, 2u, 3u, 0x101u, 0x102u}) {
    Session& session = StartWithoutMemory();
    const GuestRegion& region = session.memory().regions()[0];
    protocol::XenMemoryTable table;
    table.regions[table.region_count++] = {
        .region = WireRegion(region), .xen_mmap_flags = flags, .domid = 1};
    EXPECT_THAT(Provoke(session, MakeRequest(Request::SET_MEM_TABLE, table),
                        std::span(&region.fd, 1)),
                IsDecided());
    Disconnect();
  }
}

}  // namespace
}  // namespace vuspec
