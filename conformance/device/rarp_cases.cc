// SEND_RARP, and what comes of it on a network that loops frames.
#include <array>

#include "conformance/kit/case.h"
#include "harness/device/buffers.h"
#include "harness/memory/shared_access.h"

namespace vuspec {
namespace {

using protocol::MakeRequest;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;
using protocol::U64;

using Address = std::array<std::uint8_t, 6>;

constexpr std::uint64_t kRarp = Mask(ProtocolFeature::RARP);
constexpr Address kOurs = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
constexpr Address kEverybody = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

constexpr std::uint32_t kReceive = 0;
constexpr std::size_t kHeaderSize = 12;  // of virtio-net, with VERSION_1
// Where the fields of a RARP frame lie (RFC 903 on Ethernet).
constexpr std::size_t kToAt = 0;
constexpr std::size_t kFromAt = 6;
constexpr std::size_t kTypeAt = 12;
constexpr std::size_t kOperationAt = 20;
constexpr std::size_t kSenderAt = 22;
constexpr std::size_t kTargetAt = 32;

class Rarp : public ConformanceCase {
 protected:
  Session& StartAnnouncing() {
    return StartDevice({.protocol = kPlainProtocol | kRarp});
  }

  static GuestBuffer ReceiveFrame(Session& session) {
    return Require(session.memory().Allocate(kHeaderSize + 1514, 16));
  }

  template <std::size_t kCount>
  static std::array<std::uint8_t, kCount> Field(const GuestBuffer& buffer,
                                                std::size_t offset) {
    std::array<std::uint8_t, kCount> field{};
    for (std::size_t i = 0; i < kCount; ++i) {
      field[i] = Load<std::uint8_t>(&buffer.bytes[kHeaderSize + offset + i]);
    }
    return field;
  }
};

CONFORMANCE_CASE(Rarp, IsTaken, .cites = {Req::RARP_01, Req::ACK_02},
                 .needs = {.protocol = kRarp | Mask(ProtocolFeature::REPLY_ACK),
                           .io = true}) {
  EXPECT_THAT(StartAnnouncing().frontend().SendRarp(kOurs), Succeeds());
}

CONFORMANCE_CASE(Rarp, IsBroadcastForTheAddress, .cites = {Req::RARP_01},
                 .needs = {.protocol = kRarp, .queues = 2, .device = "net"}) {
  using Word = std::array<std::uint8_t, 2>;
  Session& session = StartAnnouncing();
  const GuestBuffer frame = ReceiveFrame(session);
  Require(session.ring(kReceive).Post(std::vector{Writable(frame)}));
  Require(session.frontend().SendRarp(kOurs));
  Require(session.ring(kReceive).Await());
  EXPECT_EQ((Field<6>(frame, kToAt)), kEverybody);
  EXPECT_EQ((Field<6>(frame, kFromAt)), kOurs);
  EXPECT_EQ((Field<2>(frame, kTypeAt)), (Word{0x80, 0x35}));
  EXPECT_EQ((Field<2>(frame, kOperationAt)), (Word{0, 3}));
  EXPECT_EQ((Field<6>(frame, kSenderAt)), kOurs);
  EXPECT_EQ((Field<6>(frame, kTargetAt)), kOurs);
}

CONFORMANCE_CASE(Rarp, LeavesFramesOfTheDriverAlone, .cites = {Req::RARP_01},
                 .needs = {.protocol = kRarp, .queues = 2, .device = "net"}) {
  Session& session = StartAnnouncing();
  const GuestBuffer frame = ReceiveFrame(session);
  Require(session.ring(kReceive).Post(std::vector{Writable(frame)}));
  Require(session.frontend().SendRarp(kOurs));
  Require(session.ring(kReceive).Await());
  ExpectVerifiedIo(session);
}

CONFORMANCE_CASE(Rarp, IsRefusedWhereItIsNotOffered, .cites = {Req::RARP_02},
                 .needs = {.protocol = Mask(ProtocolFeature::REPLY_ACK)}) {
  if (SkipWhereOffered(ProtocolFeature::RARP)) return;
  EXPECT_THAT(Provoke(StartSession(), MakeRequest(Request::SEND_RARP, U64{1})),
              IsRefused());
}

}  // namespace
}  // namespace vuspec
