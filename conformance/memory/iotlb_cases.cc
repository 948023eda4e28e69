// IOTLB_MSG of the front-end: which updates and invalidations are taken, and
// what is refused.
#include <string>

#include "conformance/kit/raw_verbs.h"
#include "conformance/memory/iova_verbs.h"
#include "protocol/codec.h"

namespace vuspec {
namespace {

using protocol::Iotlb;
using protocol::MakeRequest;
using protocol::Req;
using protocol::Request;

// IOTLB_MSG refuses by its reply, or as every message.
MATCHER(IsDenied, "is refused or answered by another number than 0") {
  *result_listener << arg;
  return arg.closed || arg.kind == Outcome::kNacked ||
         (arg.kind == Outcome::kReplied && arg.value != 0);
}

class IotlbMessages : public IommuCase {
 protected:
  // An update of one page that is right, to be spoiled.
  Iotlb Plain(Session& session) {
    const GuestRegion& region = session.memory().regions()[0];
    return Update(session, region.guest_address, kPageSize);
  }
  Outcome Tell(Session& session, const Iotlb& iotlb) {
    return Raw(session).Exchange(MakeRequest(Request::IOTLB_MSG, iotlb), {},
                                 CurrentRun().ForAnswer());
  }
  // With so many bytes of payload.
  Outcome TellInBytes(Session& session, std::size_t size) {
    const protocol::Body body = Plain(session);
    std::vector<std::byte> payload(protocol::EncodedSize(body));
    protocol::EncodeBody(body, payload);
    payload.resize(size);
    return Ask(Raw(session),
               HeaderOf(Request::IOTLB_MSG, protocol::kVersion, size), payload);
  }
  void ExpectSizeTaken(std::size_t size) {
    const Outcome outcome = TellInBytes(StartBehindIommu(), size);
    if (outcome.kind == Outcome::kReplied && outcome.value == 0) return;
    EXPECT_THAT(outcome, IsDenied());
    CurrentCase().AmbigCase("IOTLB_MSG of " + std::to_string(size) +
                            " bytes: " + ToString(outcome));
  }
};

constexpr Needs kBehindIommu = {.virtio = IommuCase::kAccessPlatform,
                                .protocol = IommuCase::kBackendReq};

CONFORMANCE_CASE(IotlbMessages, UpdatesAndInvalidationsAreAnsweredByZero,
                 .cites = {Req::IOTLB_01}, .needs = kBehindIommu) {
  Session& session = StartBehindIommu();
  const Iotlb page = Plain(session);
  EXPECT_THAT(session.frontend().IotlbMsg(page), Succeeds());
  EXPECT_THAT(session.frontend().IotlbMsg(page), Succeeds());
  const GuestRegion& region = session.memory().regions()[0];
  const Iotlb invalidation = Invalidation(region.guest_address, kPageSize);
  EXPECT_THAT(session.frontend().IotlbMsg(invalidation), Succeeds());
  EXPECT_THAT(session.frontend().IotlbMsg(invalidation), Succeeds());
}

CONFORMANCE_CASE(IotlbMessages, EveryPermissionMayBeGiven,
                 .cites = {Req::IOTLB_02}, .needs = kBehindIommu) {
  Session& session = StartBehindIommu();
  Iotlb page = Plain(session);
  for (const IotlbPermission permission :
       {kNoAccess, kReadOnly, kWriteOnly, kReadWrite}) {
    page.permission = permission;
    EXPECT_THAT(session.frontend().IotlbMsg(page), Succeeds());
  }
}

CONFORMANCE_CASE(IotlbMessages, AWholeSpaceMayBeInvalidated,
                 .cites = {Req::IOTLB_14}, .needs = kBehindIommu) {
  Session& session = StartBehindIommu();
  Iotlb everything = Invalidation(0, ~std::uint64_t{0});
  everything.iova = 0;
  EXPECT_THAT(session.frontend().IotlbMsg(everything), Succeeds());
}

CONFORMANCE_CASE(IotlbMessages, AreTakenWithPadding,
                 .cites = {Req::IOTLB_01, Req::IOTLB_06}, .needs = kBehindIommu,
                 .open = {protocol::Ambiguity::kIotlbSize}) {
  ExpectSizeTaken(32);
}

CONFORMANCE_CASE(IotlbMessages, AreTakenWithoutPadding,
                 .cites = {Req::IOTLB_01, Req::IOTLB_06},
                 .needs = kBehindIommu) {
  ExpectSizeTaken(26);
}

CONFORMANCE_CASE(IotlbMessages, OfSixteenBytesAreRefused,
                 .cites = {Req::IOTLB_06}, .needs = kBehindIommu) {
  EXPECT_THAT(TellInBytes(StartBehindIommu(), 16), IsDenied());
}

CONFORMANCE_CASE(IotlbMessages, OfFortyBytesAreRefused,
                 .cites = {Req::IOTLB_06}, .needs = kBehindIommu) {
  EXPECT_THAT(TellInBytes(StartBehindIommu(), 40), IsDenied());
}

CONFORMANCE_CASE(IotlbMessages, UpdatesOutsideOfMemoryAreRefused,
                 .cites = {Req::IOTLB_04}, .needs = kBehindIommu) {
  Session& session = StartBehindIommu();
  Iotlb update = Plain(session);
  update.user_address -= kGiB;
  EXPECT_THAT(Tell(session, update), IsDenied());
}

CONFORMANCE_CASE(IotlbMessages, UpdatesPastTheEndOfARegionAreRefused,
                 .cites = {Req::IOTLB_04}, .needs = kBehindIommu) {
  Session& session = StartBehindIommu();
  Iotlb update = Plain(session);
  update.size = session.memory().regions()[0].size + kPageSize;
  EXPECT_THAT(Tell(session, update), IsDenied());
}

CONFORMANCE_CASE(IotlbMessages, OfTypesOfTheBackEndAreRefused,
                 .cites = {Req::IOTLB_05}, .needs = kBehindIommu) {
  for (const IotlbType type : {IotlbType::kMiss, IotlbType::kAccessFail}) {
    Session& session = StartBehindIommu();
    Iotlb iotlb = Plain(session);
    iotlb.type = static_cast<std::uint8_t>(type);
    EXPECT_THAT(Tell(session, iotlb), IsDenied());
    Disconnect();
  }
}

CONFORMANCE_CASE(IotlbMessages, OfUnknownTypesAreRefused,
                 .cites = {Req::IOTLB_05}, .needs = kBehindIommu) {
  for (const std::uint8_t type : {std::uint8_t{0}, std::uint8_t{9}}) {
    Session& session = StartBehindIommu();
    Iotlb iotlb = Plain(session);
    iotlb.type = type;
    EXPECT_THAT(Tell(session, iotlb), IsDenied());
    Disconnect();
  }
}

CONFORMANCE_CASE(IotlbMessages, UnknownPermissionsAreRefused,
                 .cites = {Req::IOTLB_15}, .needs = kBehindIommu) {
  Session& session = StartBehindIommu();
  Iotlb update = Plain(session);
  update.permission = 7;
  EXPECT_THAT(Tell(session, update), IsDenied());
}

CONFORMANCE_CASE(IotlbMessages, EmptyUpdatesAreRefused,
                 .cites = {Req::IOTLB_15}, .needs = kBehindIommu) {
  Session& session = StartBehindIommu();
  Iotlb update = Plain(session);
  update.size = 0;
  EXPECT_THAT(Tell(session, update), IsDenied());
}

CONFORMANCE_CASE(IotlbMessages, UpdatesThatWrapAreRefused,
                 .cites = {Req::IOTLB_15}, .needs = kBehindIommu) {
  Session& session = StartBehindIommu();
  Iotlb update = Plain(session);
  update.iova = ~std::uint64_t{0} - (kPageSize - 1);
  update.size = 2 * kPageSize;
  EXPECT_THAT(Tell(session, update), IsDenied());
}

CONFORMANCE_CASE(IotlbMessages, NeedTheFeature, .cites = {Req::IOTLB_20},
                 .needs = kBehindIommu) {
  Session& session = StartSession();
  EXPECT_THAT(Tell(session, Plain(session)), IsDenied());
}

}  // namespace
}  // namespace vuspec
