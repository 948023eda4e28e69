// Messages as a stream of bytes: cut into pieces, joined into one write, and
// what an incomplete one must not hold up.
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"

namespace vuspec {
namespace {

using protocol::kHeaderSize;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;
using protocol::VirtioFeature;
using protocol::VringState;
using testing::ElementsAre;

class Stream : public ConformanceCase {
 protected:
  void SendBytes(RawFrontend& raw, std::span<const std::byte> bytes) {
    const absl::Status sent =
        raw.SendBytes(bytes, {}, CurrentRun().ForAnswer());
    ASSERT_TRUE(sent.ok()) << sent;
  }
  // Sends the first bytes of a message, uses the rings, sends the rest.
  Outcome CompleteOneAfter(std::size_t size) {
    Session& session = StartDevice();
    const auto message = NoCallForLastRing();
    const auto bytes = BytesOf(message);
    SendBytes(Raw(session), std::span(bytes).first(size));
    AwaitRead(Raw(session));  // or the request may win against the message
    CompleteOne(session);
    SendBytes(Raw(session), std::span(bytes).subspan(size));
    return Raw(session).Fence(HeaderOf(Request::SET_VRING_CALL), {},
                              CurrentRun().ForAnswer());
  }
  // A message of 20 bytes that has no answer and changes nothing: the call
  // descriptor of the last ring is none.
  static protocol::Message NoCallForLastRing() {
    return MakeRequest(Request::SET_VRING_CALL,
                       protocol::U64{protocol::kNoFdBit | LastRing()});
  }
};

constexpr Needs kMq = {.virtio = Mask(VirtioFeature::PROTOCOL_FEATURES),
                       .protocol = Mask(ProtocolFeature::MQ)};
constexpr Needs kReplyAck = {.protocol = Mask(ProtocolFeature::REPLY_ACK)};

std::vector<std::byte> Joined(std::initializer_list<protocol::Message> all) {
  std::vector<std::byte> bytes;
  for (const protocol::Message& message : all) {
    const auto more = BytesOf(message);
    bytes.insert(bytes.end(), more.begin(), more.end());
  }
  return bytes;
}

// More than once: a peer that takes a piece for a header may happen to answer
// the first.
CONFORMANCE_CASE(Stream, HeaderMayComeInThreePieces, .cites = {Req::HDR_12}) {
  RawFrontend& raw = *ConnectRaw().operator->();
  const auto bytes = BytesOf(HeaderOf(Request::GET_FEATURES));
  for (int i = 0; i < 4; ++i) {
    SendBytes(raw, std::span(bytes).first(1));
    AwaitRead(raw);
    SendBytes(raw, std::span(bytes).subspan(1, 3));
    AwaitRead(raw);
    SendBytes(raw, std::span(bytes).subspan(4));
    EXPECT_THAT(raw.Await(HeaderOf(Request::GET_FEATURES), {},
                          CurrentRun().ForAnswer()),
                IsReplied());
  }
}

CONFORMANCE_CASE(Stream, HeaderMayComeByteByByte, .cites = {Req::HDR_12}) {
  RawFrontend& raw = *ConnectRaw().operator->();
  for (int i = 0; i < 4; ++i) {
    SendByteByByte(raw, BytesOf(HeaderOf(Request::GET_FEATURES)));
    EXPECT_THAT(raw.Await(HeaderOf(Request::GET_FEATURES), {},
                          CurrentRun().ForAnswer()),
                IsReplied());
  }
}

CONFORMANCE_CASE(Stream, PayloadMayComeByteByByte, .cites = {Req::HDR_13},
                 .needs = kReplyAck) {
  Session& session = StartSession();
  const auto num =
      Asking(MakeRequest(Request::SET_VRING_NUM, VringState{0, 256}));
  SendByteByByte(Raw(session), BytesOf(num));
  EXPECT_THAT(session.raw().Await(HeaderOf(Request::SET_VRING_NUM, num.flags),
                                  {}, CurrentRun().ForAnswer()),
              IsAcked());
}

CONFORMANCE_CASE(Stream, MessagesOfOneWriteAreAnsweredInOrder,
                 .cites = {Req::HDR_09, Req::HDR_14}, .needs = kMq) {
  RawFrontend& raw = *ConnectRaw().operator->();
  SendBytes(raw, Joined({MakeRequest(Request::GET_FEATURES),
                         MakeRequest(Request::GET_PROTOCOL_FEATURES),
                         MakeRequest(Request::GET_QUEUE_NUM)}));
  EXPECT_THAT(ReceiveRequestNumbers(raw, 3), ElementsAre(1, 15, 17));
}

CONFORMANCE_CASE(Stream, SilentMessagesOfOneWriteAreCarriedOut,
                 .cites = {Req::HDR_14}) {
  RawFrontend& raw = *ConnectRaw().operator->();
  const auto features =
      protocol::U64{probe().virtio_features & Mask(VirtioFeature::VERSION_1)};
  SendBytes(raw, Joined({MakeRequest(Request::SET_OWNER),
                         MakeRequest(Request::SET_FEATURES, features),
                         MakeRequest(Request::GET_FEATURES)}));
  EXPECT_THAT(ReceiveRequestNumbers(raw, 1), ElementsAre(1));
}

CONFORMANCE_CASE(Stream, AcksOfOneWriteComeInOrder,
                 .cites = {Req::HDR_09, Req::HDR_14, Req::ACK_01},
                 .needs = kReplyAck) {
  Session& session = StartSession();
  const VringState num = {0, 256};
  const VringState base = {0, 0};
  SendBytes(Raw(session),
            Joined({Asking(MakeRequest(Request::SET_VRING_NUM, num)),
                    MakeRequest(Request::GET_FEATURES),
                    Asking(MakeRequest(Request::SET_VRING_BASE, base)),
                    Asking(MakeRequest(Request::SET_VRING_NUM, num))}));
  EXPECT_THAT(ReceiveRequestNumbers(session.raw(), 4),
              ElementsAre(8, 1, 10, 8));
}

CONFORMANCE_CASE(Stream, WriteMayEndInsideTheSecondMessage,
                 .cites = {Req::HDR_12, Req::HDR_14}, .needs = kMq) {
  RawFrontend& raw = *ConnectRaw().operator->();
  const auto bytes = Joined({MakeRequest(Request::GET_FEATURES),
                             MakeRequest(Request::GET_PROTOCOL_FEATURES)});
  SendBytes(raw, std::span(bytes).first(17));
  EXPECT_THAT(ReceiveRequestNumbers(raw, 1), ElementsAre(1));
  AwaitRead(raw);
  SendBytes(raw, std::span(bytes).subspan(17));
  EXPECT_THAT(ReceiveRequestNumbers(raw, 1), ElementsAre(15));
}

CONFORMANCE_CASE(Stream, HundredMessagesOfOneWriteAreAnswered,
                 .cites = {Req::HDR_09, Req::HDR_14}) {
  RawFrontend& raw = *ConnectRaw().operator->();
  std::vector<std::byte> bytes;
  for (int i = 0; i < 100; ++i) {
    const auto one = BytesOf(HeaderOf(Request::GET_FEATURES));
    bytes.insert(bytes.end(), one.begin(), one.end());
  }
  SendBytes(raw, bytes);
  EXPECT_THAT(ReceiveRequestNumbers(raw, 100),
              testing::AllOf(testing::SizeIs(100), testing::Each(1u)));
}

CONFORMANCE_CASE(Stream, RingsRunWhileHalfAHeaderWaits,
                 .cites = {Req::HDR_12, Req::HDR_22}, .needs = {.io = true}) {
  EXPECT_THAT(CompleteOneAfter(kHeaderSize / 2), IsSilent());
}

CONFORMANCE_CASE(Stream, RingsRunWhileAPayloadWaits,
                 .cites = {Req::HDR_13, Req::HDR_22}, .needs = {.io = true}) {
  EXPECT_THAT(CompleteOneAfter(kHeaderSize), IsSilent());
}

CONFORMANCE_CASE(Stream, RingsRunWhileHalfAPayloadWaits,
                 .cites = {Req::HDR_13, Req::HDR_22}, .needs = {.io = true}) {
  EXPECT_THAT(CompleteOneAfter(kHeaderSize + 3), IsSilent());
}

}  // namespace
}  // namespace vuspec
