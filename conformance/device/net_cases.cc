// Network devices against a back-end that loops frames: what is transmitted on
// vring 1 is received on vring 0.
#include <algorithm>
#include <array>

#include "conformance/device/blk_verbs.h"
#include "conformance/kit/case.h"
#include "conformance/ring/ring_verbs.h"
#include "harness/device/buffers.h"
#include "harness/memory/shared_access.h"

namespace vuspec {
namespace {

using protocol::ProtocolFeature;
using protocol::Req;
using protocol::VirtioFeature;

constexpr std::uint32_t kReceive = 0;
constexpr std::uint32_t kTransmit = 1;
constexpr std::uint32_t kHeaderSize = 12;  // with VERSION_1
constexpr std::uint32_t kFrameSize = 64;
// Where the fields of struct virtio_net_hdr lie.
constexpr std::size_t kFlagsAt = 0;
constexpr std::size_t kGsoTypeAt = 1;
constexpr std::size_t kHeaderLengthAt = 2;
constexpr std::size_t kChecksumStartAt = 6;
constexpr std::size_t kBufferCountAt = 10;

class Net : public ConformanceCase {
 protected:
  // Header and frame, the header zero, the frame a pattern behind addresses
  // that no bridge cares for.
  GuestBuffer MakePacket(Session& session, std::uint32_t frame = kFrameSize,
                         std::uint64_t pattern = 0) {
    const GuestBuffer packet =
        Require(session.memory().Allocate(kHeaderSize + frame, 16));
    const auto bytes = packet.bytes.subspan(kHeaderSize);
    FillPattern(bytes, seed() + pattern);
    constexpr std::array<std::uint8_t, 14> kStart = {
        0x02, 0x10, 0x10, 0x10, 0x10, 0x10, 0x02,
        0x10, 0x10, 0x10, 0x10, 0x10, 0x88, 0xb5};
    for (std::size_t i = 0; i < kStart.size(); ++i) {
      Store<std::uint8_t>(&bytes[i], kStart[i]);
    }
    return packet;
  }

  GuestBuffer PostReceiveBuffer(Session& session) {
    const GuestBuffer buffer =
        Require(session.memory().Allocate(kHeaderSize + 1514, 16));
    Require(session.ring(kReceive).Post(std::vector{Writable(buffer)}));
    return buffer;
  }

  // Transmits the chain, whose bytes are those of `packet`, and expects the
  // frame back; returns what was received.
  GuestBuffer ExpectLoops(Session& session, const GuestBuffer& packet,
                          const std::vector<Segment>& chain) {
    const GuestBuffer received = PostReceiveBuffer(session);
    Complete(session.ring(kTransmit), chain);
    const Completion completion = Require(session.ring(kReceive).Await());
    EXPECT_EQ(completion.length, packet.bytes.size());
    const std::span<std::byte> sent = packet.bytes.subspan(kHeaderSize);
    EXPECT_TRUE(std::equal(sent.begin(), sent.end(),
                           received.bytes.begin() + kHeaderSize))
        << "the frame came back changed";
    return received;
  }

  static std::uint8_t ByteOf(const GuestBuffer& buffer, std::size_t offset) {
    return Load<std::uint8_t>(&buffer.bytes[offset]);
  }
  static void SetWord(const GuestBuffer& packet, std::size_t offset,
                      std::uint16_t value) {
    PutLe16(packet.bytes, offset, value);
  }
};

CONFORMANCE_CASE(Net, FramesComeBackUnchanged, .cites = {Req::NET_27},
                 .needs = {.queues = 2, .device = "net"}) {
  Session& session = StartDevice();
  for (const std::uint32_t size : {60u, 64u, 577u, 1514u}) {
    const GuestBuffer packet = MakePacket(session, size);
    ExpectLoops(session, packet, {Readable(packet)});
  }
}

CONFORMANCE_CASE(Net, HeaderAndFrameMayBeCutAnywhere,
                 .cites = {Req::VS_02, Req::VS_04},
                 .needs = {.queues = 2, .device = "net"}) {
  Session& session = StartDevice();
  const GuestBuffer packet = MakePacket(session);
  ExpectLoops(session, packet, Cut(Readable(packet), {12, 14, 1, 49}));
  ExpectLoops(session, packet, Cut(Readable(packet), {5, 7, 33}));
}

CONFORMANCE_CASE(Net, HeaderMayComeByteByByte, .cites = {Req::VS_02},
                 .needs = {.queues = 2, .device = "net"}) {
  Session& session = StartDevice();
  const GuestBuffer packet = MakePacket(session);
  ExpectLoops(session, packet,
              Cut(Readable(packet), {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 64}));
}

CONFORMANCE_CASE(Net, ReceiveBuffersMayBeCut, .cites = {Req::VS_04},
                 .needs = {.queues = 2, .device = "net"}) {
  Session& session = StartDevice();
  const GuestBuffer packet = MakePacket(session, 600);
  const GuestBuffer buffer = Require(session.memory().Allocate(1526, 16));
  Require(
      session.ring(kReceive).Post(Cut(Writable(buffer), {12, 100, 1000, 414})));
  Complete(session.ring(kTransmit), {Readable(packet)});
  Require(session.ring(kReceive).Await());
  EXPECT_TRUE(std::equal(packet.bytes.begin() + kHeaderSize, packet.bytes.end(),
                         buffer.bytes.begin() + kHeaderSize));
}

CONFORMANCE_CASE(Net, AReceivedFrameTakesOneBuffer, .cites = {Req::NET_13},
                 .needs = {.queues = 2, .device = "net"}) {
  Session& session = StartDevice();
  const GuestBuffer packet = MakePacket(session);
  const GuestBuffer received = ExpectLoops(session, packet, {Readable(packet)});
  EXPECT_EQ(ByteOf(received, kBufferCountAt), 1);
  EXPECT_EQ(ByteOf(received, kBufferCountAt + 1), 0);
}

CONFORMANCE_CASE(Net, NothingIsOffloadedThatWasNotNegotiated,
                 .cites = {Req::NET_16, Req::NET_17, Req::NET_20},
                 .needs = {.queues = 2, .device = "net"}) {
  Session& session = StartDevice();
  const GuestBuffer packet = MakePacket(session);
  Store<std::uint8_t>(&packet.bytes[kFlagsAt], 0x80);
  const GuestBuffer received = ExpectLoops(session, packet, {Readable(packet)});
  EXPECT_EQ(ByteOf(received, kFlagsAt), 0);
  EXPECT_EQ(ByteOf(received, kGsoTypeAt), 0);
}

CONFORMANCE_CASE(Net, TheHeaderLengthIsNotTrusted, .cites = {Req::NET_11},
                 .needs = {.queues = 2, .device = "net"}) {
  Session& session = StartDevice();
  const GuestBuffer packet = MakePacket(session);
  SetWord(packet, kHeaderLengthAt, 0xffff);
  ExpectLoops(session, packet, {Readable(packet)});
}

CONFORMANCE_CASE(Net, UnknownFlagsOfTheHeaderAreIgnored, .cites = {Req::NET_09},
                 .needs = {.queues = 2, .device = "net"}) {
  Session& session = StartDevice();
  const GuestBuffer packet = MakePacket(session);
  Store<std::uint8_t>(&packet.bytes[kFlagsAt], 0x80);
  ExpectLoops(session, packet, {Readable(packet)});
}

CONFORMANCE_CASE(Net, ChecksumFieldsMeanNothingUnlessAskedFor,
                 .cites = {Req::NET_10},
                 .needs = {.queues = 2, .device = "net"}) {
  Session& session = StartDevice();
  const GuestBuffer packet = MakePacket(session);
  SetWord(packet, kChecksumStartAt, 0xffff);
  SetWord(packet, kChecksumStartAt + 2, 0xfffe);
  ExpectLoops(session, packet, {Readable(packet)});
}

CONFORMANCE_CASE(Net, ReceptionGoesOnOnceThereAreBuffers,
                 .cites = {Req::NET_25},
                 .needs = {.queues = 2, .device = "net"}) {
  Session& session = StartDevice();
  const GuestBuffer packet = MakePacket(session);
  for (int i = 0; i < 32; ++i) {
    Complete(session.ring(kTransmit), {Readable(packet)});
  }
  // Whether frames wait for buffers or are dropped is open.
  ExpectLoops(session, packet, {Readable(packet)});
}

CONFORMANCE_CASE(Net, ADisabledRingReturnsFramesAndSendsNone,
                 .cites = {Req::RING_04, Req::RING_10},
                 .needs = {.virtio = Mask(VirtioFeature::PROTOCOL_FEATURES),
                           .queues = 2,
                           .device = "net"}) {
  Session& session = StartDevice();
  SessionRing& transmit = session.ring(kTransmit);
  Require(transmit.Enable(false));
  const GuestBuffer unsent = MakePacket(session, kFrameSize, 1);
  Require(transmit.Post(std::vector{Readable(unsent)}));
  AwaitPolled(session, transmit);
  Require(transmit.Enable(true));
  const GuestBuffer packet = MakePacket(session);
  ExpectLoops(session, packet, {Readable(packet)});
}

CONFORMANCE_CASE(Net, BrokenChainsToTransmitAreSurvived, .cites = {Req::NET_24},
                 .needs = {.queues = 2, .device = "net"}) {
  for (const std::uint32_t size : {1u, kHeaderSize - 1, kHeaderSize}) {
    Session& session = StartDevice();
    MarkNegative();
    const GuestBuffer packet = MakePacket(session);
    Segment segment = Readable(packet);
    segment.length = size;
    Require(session.ring(kTransmit).Post(std::vector{segment}));
    ExpectAnswers(session.raw());
    AskTheThreeQuestions();
  }
}

CONFORMANCE_CASE(Net, WritableBuffersToTransmitAreSurvived,
                 .cites = {Req::NET_24},
                 .needs = {.queues = 2, .device = "net"}) {
  Session& session = StartDevice();
  MarkNegative();
  const GuestBuffer packet = MakePacket(session);
  Require(session.ring(kTransmit).Post(std::vector{Writable(packet)}));
  ExpectAnswers(session.raw());
}

CONFORMANCE_CASE(Net, ReceiveBuffersThatAreTooSmallAreSurvived,
                 .cites = {Req::NET_25},
                 .needs = {.queues = 2, .device = "net"}) {
  Session& session = StartDevice();
  MarkNegative();
  const GuestBuffer buffer = Require(session.memory().Allocate(8, 16));
  Require(session.ring(kReceive).Post(std::vector{Writable(buffer)}));
  const GuestBuffer packet = MakePacket(session);
  Complete(session.ring(kTransmit), {Readable(packet)});
  ExpectAnswers(session.raw());
}

CONFORMANCE_CASE(Net, OfferedFeaturesGoTogether,
                 .cites = {Req::NET_01, Req::NET_28, Req::VC_02},
                 .needs = {.device = "net"}) {
  struct Dependency {
    int bit;
    std::uint64_t one_of;
  };
  constexpr std::uint64_t kOne = 1;
  constexpr std::array kDependencies = {
      Dependency{7, kOne << 1},                 // GUEST_TSO4: GUEST_CSUM
      Dependency{8, kOne << 1},                 // GUEST_TSO6: GUEST_CSUM
      Dependency{9, kOne << 7 | kOne << 8},     // GUEST_ECN: GUEST_TSO
      Dependency{10, kOne << 1},                // GUEST_UFO: GUEST_CSUM
      Dependency{11, kOne << 0},                // HOST_TSO4: CSUM
      Dependency{12, kOne << 0},                // HOST_TSO6: CSUM
      Dependency{13, kOne << 11 | kOne << 12},  // HOST_ECN: HOST_TSO
      Dependency{14, kOne << 0},                // HOST_UFO: CSUM
      Dependency{57, kOne << 17},               // HASH_REPORT: CTRL_VQ
      Dependency{60, kOne << 17},               // RSS: CTRL_VQ
  };
  const std::uint64_t offered = StartSession().negotiated().virtio_offered;
  for (const Dependency& row : kDependencies) {
    if ((offered >> row.bit & 1) == 0) continue;
    EXPECT_NE(offered & row.one_of, 0u) << "bit " << row.bit;
  }
}

}  // namespace
}  // namespace vuspec
