// Descriptors that cannot be guest memory, in tables and in single regions.
// The legal twin is every case that shares memory.
#include "conformance/kit/bait.h"
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"
#include "conformance/memory/memory_verbs.h"

namespace vuspec {
namespace {

using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;

class MemoryDescriptors : public ConformanceCase {
 protected:
  // The first table of a session.
  Outcome ShareTable(FdKind kind) {
    Session& session = StartSession({.share_memory = false});
    const UniqueFd fd = OpenOfKind(kind);
    const int borrowed = fd.get();
    return Provoke(session, RawTable(session.memory().regions()).message(),
                   OneFd(borrowed));
  }
  // A region beside the one that is there.
  Outcome ShareRegion(FdKind kind) {
    Session& session = StartSession();
    protocol::MemoryRegion region = WireRegion(session.memory().regions()[0]);
    region.guest_address += kGiB;
    region.user_address += kGiB;
    const UniqueFd fd = OpenOfKind(kind);
    const int borrowed = fd.get();
    return Provoke(session, SlotMessage(Request::ADD_MEM_REG, region),
                   OneFd(borrowed));
  }
};

constexpr Needs kReplyAck = {.protocol = Mask(ProtocolFeature::REPLY_ACK)};
constexpr Needs kSlots = {
    .protocol =
        Mask(ProtocolFeature::REPLY_ACK, ProtocolFeature::CONFIGURE_MEM_SLOTS)};

CONFORMANCE_CASE(MemoryDescriptors, TableOfAPipeIsRefused,
                 .cites = {Req::FD_17, Req::ACK_03}, .needs = kReplyAck) {
  EXPECT_THAT(ShareTable(FdKind::kPipe), IsRefused());
}

CONFORMANCE_CASE(MemoryDescriptors, TableOfASocketIsRefused,
                 .cites = {Req::FD_17, Req::ACK_03}, .needs = kReplyAck) {
  EXPECT_THAT(ShareTable(FdKind::kSocket), IsRefused());
}

CONFORMANCE_CASE(MemoryDescriptors, TableOfTheNullDeviceIsRefused,
                 .cites = {Req::FD_17, Req::ACK_03}, .needs = kReplyAck) {
  EXPECT_THAT(ShareTable(FdKind::kNullDevice), IsRefused());
}

CONFORMANCE_CASE(MemoryDescriptors, TableOfADirectoryIsRefused,
                 .cites = {Req::FD_17, Req::ACK_03}, .needs = kReplyAck) {
  EXPECT_THAT(ShareTable(FdKind::kDirectory), IsRefused());
}

CONFORMANCE_CASE(MemoryDescriptors, TableOfAReadOnlyFileIsRefused,
                 .cites = {Req::FD_17, Req::ACK_03}, .needs = kReplyAck) {
  EXPECT_THAT(ShareTable(FdKind::kReadOnlyFile), IsRefused());
}

CONFORMANCE_CASE(MemoryDescriptors, RegionOfAPipeIsRefused,
                 .cites = {Req::FD_17, Req::ACK_03}, .needs = kSlots) {
  EXPECT_THAT(ShareRegion(FdKind::kPipe), IsRefused());
}

CONFORMANCE_CASE(MemoryDescriptors, RegionOfASocketIsRefused,
                 .cites = {Req::FD_17, Req::ACK_03}, .needs = kSlots) {
  EXPECT_THAT(ShareRegion(FdKind::kSocket), IsRefused());
}

CONFORMANCE_CASE(MemoryDescriptors, RegionOfTheNullDeviceIsRefused,
                 .cites = {Req::FD_17, Req::ACK_03}, .needs = kSlots) {
  EXPECT_THAT(ShareRegion(FdKind::kNullDevice), IsRefused());
}

CONFORMANCE_CASE(MemoryDescriptors, RegionOfADirectoryIsRefused,
                 .cites = {Req::FD_17, Req::ACK_03}, .needs = kSlots) {
  EXPECT_THAT(ShareRegion(FdKind::kDirectory), IsRefused());
}

CONFORMANCE_CASE(MemoryDescriptors, RegionOfAReadOnlyFileIsRefused,
                 .cites = {Req::FD_17, Req::ACK_03}, .needs = kSlots) {
  EXPECT_THAT(ShareRegion(FdKind::kReadOnlyFile), IsRefused());
}

}  // namespace
}  // namespace vuspec
