// A device behind an IOMMU at work: what it reaches through translations, and
// what it says where one is missing or forbids the access.
#include "conformance/device/blk_verbs.h"
#include "conformance/memory/iova_verbs.h"
#include "harness/device/buffers.h"

namespace vuspec {
namespace {

using protocol::Iotlb;
using protocol::Req;

constexpr Needs kIo = {.virtio = IommuCase::kAccessPlatform,
                       .protocol = IommuCase::kBackendReq,
                       .io = true};
constexpr Needs kDisk = {.virtio = IommuCase::kAccessPlatform,
                         .protocol = IommuCase::kBackendReq,
                         .device = "blk"};

class IotlbMiss : public IommuCase {
 protected:
  // A read of one sector into a page of its own.
  BlkParts MakeRead(Session& session) {
    BlkParts read = MakeBlkParts(session.memory(), kBlkIn, 0, 0);
    read.data = Require(session.memory().Allocate(kPageSize, kPageSize));
    read.device_writes_data = true;
    return read;
  }
  static Segment DataOf(const BlkParts& read) {
    Segment sector = read.Data();
    sector.length = kSectorSize;
    return sector;
  }
  void Post(Session& session, const BlkParts& read) {
    IoRequest request;
    request.segments = {read.Header(), DataOf(read), read.Status()};
    PostOnIova(session, request);
  }
  void ExpectRead(Session& session, const BlkParts& read) {
    Require(IoRing(session).Await());
    EXPECT_EQ(read.StatusByte(), kBlkOk);
  }
  static void Tell(Session& session, const Iotlb& iotlb) {
    Require(session.frontend().IotlbMsg(iotlb));
  }
  // The page of the data alone, in an entry of its own.
  static void Translate(Session& session, const BlkParts& read,
                        IotlbPermission permission = kReadWrite) {
    Tell(session,
         Update(session, read.data.guest_address, kPageSize, permission));
  }
  // The data cannot be written: announced, nothing done, until it can.
  void ExpectWriteAwaitsPermission(Session& session, const BlkParts& read,
                                   IotlbType announced) {
    FillPattern(read.data.bytes, seed());
    Post(session, read);
    const auto news =
        ExpectAnnounced(announced, ToIova(read.data.guest_address), kWriteOnly);
    ExpectIdle(session, IoRing(session));
    EXPECT_EQ(ComparePattern(read.data.bytes, seed(), Req::IOTLB_09, "a page",
                             "data"),
              std::nullopt);
    Translate(session, read);
    Answer(*channel_, news);
    ExpectRead(session, read);
  }
};

CONFORMANCE_CASE(IotlbMiss, TranslationsAreUsed,
                 .cites = {Req::IOTLB_02, Req::IOTLB_10, Req::VADDR_04},
                 .needs = kIo) {
  Session& session = StartTranslated();
  IovaPort port(session, *channel_);
  for (std::uint64_t i = 0; i < 4; ++i) {
    EXPECT_THAT(session.driver()->VerifiedIo(port, seed() + i), Succeeds());
  }
  EXPECT_TRUE(port.missed().empty());
}

CONFORMANCE_CASE(IotlbMiss, EverythingIsFoundByAsking,
                 .cites = {Req::IOTLB_07, Req::IOTLB_11, Req::IOTLB_21},
                 .needs = kIo) {
  Session& session = StartBehindIommu();
  StartRings(session);
  IovaPort port(session, *channel_);
  for (std::uint64_t i = 0; i < 4; ++i) {
    EXPECT_THAT(session.driver()->VerifiedIo(port, seed() + i), Succeeds());
  }
}

CONFORMANCE_CASE(IotlbMiss, EachPartOfARingIsAskedFor, .cites = {Req::IOTLB_10},
                 .needs = kIo) {
  Session& session = StartBehindIommu();
  StartRings(session);
  IovaPort port(session, *channel_);
  EXPECT_THAT(session.driver()->VerifiedIo(port, seed()), Succeeds());
  const SplitRingAddresses& parts = IoRing(session).driver().guest_addresses();
  for (const std::uint64_t part :
       {parts.descriptor_table, parts.available, parts.used}) {
    EXPECT_TRUE(port.missed().contains(PageOf(ToIova(part))));
  }
}

CONFORMANCE_CASE(IotlbMiss, NamesTheAddressAndTheAccess,
                 .cites = {Req::IOTLB_07, Req::IOTLB_12}, .needs = kDisk) {
  Session& session = StartTranslated();
  const BlkParts read = MakeRead(session);
  Tell(session, Invalidation(read.data.guest_address, kPageSize));
  ExpectWriteAwaitsPermission(session, read, IotlbType::kMiss);
}

CONFORMANCE_CASE(IotlbMiss, FollowsAnInvalidation, .cites = {Req::IOTLB_03},
                 .needs = kDisk) {
  Session& session = StartTranslated();
  const BlkParts read = MakeRead(session);
  Translate(session, read);
  Post(session, read);
  ExpectRead(session, read);
  Tell(session, Invalidation(read.data.guest_address, kPageSize));
  ExpectWriteAwaitsPermission(session, read, IotlbType::kMiss);
}

CONFORMANCE_CASE(IotlbMiss, FollowsAnInvalidationOfAPart,
                 .cites = {Req::IOTLB_13}, .needs = kDisk) {
  Session& session = StartTranslated();
  const BlkParts read = MakeRead(session);
  Tell(session, Invalidation(read.data.guest_address, kPageSize));
  Post(session, read);
  ExpectAnnounced(IotlbType::kMiss, ToIova(read.data.guest_address),
                  kWriteOnly);
}

CONFORMANCE_CASE(IotlbMiss, FollowsAnInvalidationOfEverything,
                 .cites = {Req::IOTLB_14}, .needs = kIo) {
  Session& session = StartTranslated();
  Iotlb everything = Invalidation(0, ~std::uint64_t{0});
  everything.iova = 0;
  Tell(session, everything);
  IovaPort port(session, *channel_);
  EXPECT_THAT(session.driver()->VerifiedIo(port, seed()), Succeeds());
  EXPECT_FALSE(port.missed().empty());
}

CONFORMANCE_CASE(IotlbMiss, IsNoMatterForWhatIsStillTranslated,
                 .cites = {Req::IOTLB_13}, .needs = kDisk) {
  Session& session = StartTranslated();
  const BlkParts other = MakeRead(session);
  const BlkParts read = MakeRead(session);
  Tell(session, Invalidation(other.data.guest_address, kPageSize));
  Post(session, read);
  ExpectRead(session, read);
  ExpectSilence(session, *channel_);
}

CONFORMANCE_CASE(IotlbMiss, AReadOnlyPageIsNotWritten,
                 .cites = {Req::IOTLB_08, Req::IOTLB_09}, .needs = kDisk) {
  Session& session = StartTranslated();
  const BlkParts read = MakeRead(session);
  Translate(session, read, kReadOnly);
  ExpectWriteAwaitsPermission(session, read, IotlbType::kAccessFail);
}

CONFORMANCE_CASE(IotlbMiss, AForbiddenPageIsNotTouched,
                 .cites = {Req::IOTLB_08, Req::IOTLB_09}, .needs = kDisk) {
  Session& session = StartTranslated();
  const BlkParts read = MakeRead(session);
  Translate(session, read, kNoAccess);
  ExpectWriteAwaitsPermission(session, read, IotlbType::kAccessFail);
}

CONFORMANCE_CASE(IotlbMiss, AWriteOnlyPageIsWritten, .cites = {Req::IOTLB_09},
                 .needs = kDisk) {
  Session& session = StartTranslated();
  const BlkParts read = MakeRead(session);
  Translate(session, read, kWriteOnly);
  Post(session, read);
  ExpectRead(session, read);
}

CONFORMANCE_CASE(IotlbMiss, AGuestAddressIsNoIova, .cites = {Req::IOTLB_16},
                 .needs = kIo) {
  Session& session = StartTranslated();
  MarkNegative();
  const IoRequest request = Require(session.MakeRequest());
  Require(IoRing(session).Post(request.segments));
  ExpectAnnounced(IotlbType::kMiss, request.segments[0].guest_address,
                  kReadOnly);
  ExpectIdle(session, IoRing(session));
}

CONFORMANCE_CASE(IotlbMiss, StallsNothingButItsRing, .cites = {Req::IOTLB_22},
                 .needs = {.virtio = IommuCase::kAccessPlatform,
                           .protocol = IommuCase::kBackendReq,
                           .queues = 2,
                           .device = "blk"}) {
  Session& session = StartTranslated();
  SessionRing& other = StartRing(session, 1);
  const BlkParts read = MakeRead(session);
  Tell(session, Invalidation(read.data.guest_address, kPageSize));
  Post(session, read);
  ExpectAnnounced(IotlbType::kMiss, ToIova(read.data.guest_address),
                  kWriteOnly);
  EXPECT_THAT(session.frontend().Fence(), Succeeds());
  const IoRequest request = OnIova(Require(session.MakeRequest()));
  Require(other.Post(request.segments));
  EXPECT_THAT(other.Await(), Succeeds());
}

CONFORMANCE_CASE(IotlbMiss, LeavesARingThatCanBeStopped,
                 .cites = {Req::IOTLB_22, Req::GBASE_01}, .needs = kDisk) {
  Session& session = StartTranslated();
  SessionRing& ring = IoRing(session);
  const BlkParts read = MakeRead(session);
  Tell(session, Invalidation(read.data.guest_address, kPageSize));
  Post(session, read);
  ExpectAnnounced(IotlbType::kMiss, ToIova(read.data.guest_address),
                  kWriteOnly);
  EXPECT_EQ(Require(ring.Stop()).num, ring.avail_index() - 1u);
}

CONFORMANCE_CASE(IotlbMiss, IsSurvivedWhenTheFrontEndFails,
                 .cites = {Req::IOTLB_12, Req::BCH_09}, .needs = kDisk) {
  Session& session = StartTranslated();
  const BlkParts read = MakeRead(session);
  Tell(session, Invalidation(read.data.guest_address, kPageSize));
  Post(session, read);
  const auto news = ExpectAnnounced(
      IotlbType::kMiss, ToIova(read.data.guest_address), kWriteOnly);
  Answer(*channel_, news, 1);
  Translate(session, read);
  ExpectRead(session, read);
}

CONFORMANCE_CASE(IotlbMiss, EntriesGoWithTheirMemory, .cites = {Req::IOTLB_17},
                 .needs = kDisk) {
  Session& session = StartTranslated();
  MarkNegative();
  const RegionSpec elsewhere = RegionAt(16 * kGiB);
  const GuestMemory other = MakeMemory(std::span(&elsewhere, 1));
  Require(session.frontend().SetMemTable(other.regions()));
  const BlkParts read = MakeRead(session);
  FillPattern(read.data.bytes, seed());
  Post(session, read);
  ExpectIdle(session, IoRing(session));
  EXPECT_EQ(
      ComparePattern(read.data.bytes, seed(), Req::IOTLB_17, "a page", "data"),
      std::nullopt);
}

}  // namespace
}  // namespace vuspec
