// GPA_ADDRESSES: rings lie at guest physical addresses, and the user address of
// a region is its guest address once more.
#include "conformance/kit/case.h"
#include "conformance/memory/iova_verbs.h"
#include "conformance/memory/memory_verbs.h"

namespace vuspec {
namespace {

using protocol::ProtocolFeature;
using protocol::Req;

constexpr std::uint64_t kGpa = Mask(ProtocolFeature::GPA_ADDRESSES);
constexpr std::uint64_t kSlots = Mask(ProtocolFeature::CONFIGURE_MEM_SLOTS);

class GpaAddresses : public ConformanceCase {};

// What SessionRing and Frontend say, they say by guest address then.
CONFORMANCE_CASE(GpaAddresses, AreWhereRingsLie, .cites = {Req::MEM_07},
                 .needs = {.protocol = kGpa, .io = true}) {
  Session& session = StartDevice({.protocol = kPlainProtocol | kGpa});
  ExpectVerifiedIo(session);
}

CONFORMANCE_CASE(GpaAddresses, AreFoundInEveryRegion, .cites = {Req::MEM_07},
                 .needs = {.protocol = kGpa, .io = true}) {
  Session& session = StartDevice(
      {.protocol = kPlainProtocol | kGpa, .regions = RegionsOfCount(3)},
      {.region_indices = {{2, 1, 0}}});
  ExpectVerifiedIo(session);
}

CONFORMANCE_CASE(GpaAddresses, AreFoundInAnAddedRegion, .cites = {Req::MEM_07},
                 .needs = {.protocol = kGpa | kSlots, .io = true}) {
  Session& session = StartSession({.protocol = kPlainProtocol | kGpa | kSlots,
                                   .regions = RegionsOfCount(2),
                                   .share_memory = false});
  for (const GuestRegion& region : session.memory().regions()) {
    Require(session.frontend().AddMemReg(region));
  }
  Require(session.BringDevice({.region_indices = {{1, 1, 1}}}));
  ExpectVerifiedIo(session);
}

CONFORMANCE_CASE(GpaAddresses, AreGoneWithTheirRegion, .cites = {Req::MEM_07},
                 .needs = {.protocol = kGpa | kSlots |
                                       Mask(ProtocolFeature::REPLY_ACK)}) {
  Session& session = StartSession({.protocol = kPlainProtocol | kGpa | kSlots,
                                   .regions = RegionsOfCount(2)});
  EXPECT_THAT(session.frontend().RemMemReg(session.memory().regions()[1]),
              Succeeds());
}

class GpaTranslation : public IommuCase {};

CONFORMANCE_CASE(GpaTranslation, LeadsToGuestAddresses,
                 .cites = {Req::IOTLB_18},
                 .needs = {.virtio = GpaTranslation::kAccessPlatform,
                           .protocol = kGpa | GpaTranslation::kBackendReq,
                           .io = true}) {
  Session& session = StartBehindIommu(kGpa);
  for (const GuestRegion& region : session.memory().regions()) {
    protocol::Iotlb update = Update(session, region.guest_address, region.size);
    update.user_address = region.guest_address;
    Require(session.frontend().IotlbMsg(update));
  }
  StartRings(session);
  IovaPort port(session, *channel_);
  EXPECT_THAT(session.driver()->VerifiedIo(port, seed()), Succeeds());
  EXPECT_TRUE(port.missed().empty());
}

// The front-end must not do this, and nothing says what comes of it.
CONFORMANCE_CASE(GpaAddresses, ThatAreSaidInTwoWaysAreSurvived,
                 .cites = {Req::MEM_07},
                 .needs = {.protocol = kGpa | Mask(ProtocolFeature::REPLY_ACK)},
                 .open = {protocol::Ambiguity::kGpaTwoAddresses}) {
  Session& session =
      StartSession({.protocol = kPlainProtocol | kGpa, .share_memory = false});
  const RawTable table(session.memory().regions());
  const Outcome outcome = Provoke(session, table.message(), table.fds);
  EXPECT_THAT(outcome, IsDecided());
  CurrentCase().AmbigCase("two addresses of a region: " + ToString(outcome));
}

}  // namespace
}  // namespace vuspec
