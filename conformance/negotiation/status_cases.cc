// The device status of SET_STATUS and GET_STATUS.
#include <array>

#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"

namespace vuspec {
namespace {

using protocol::Ambiguity;
using protocol::MakeRequest;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;
using protocol::U64;

constexpr std::uint64_t kStatus = Mask(ProtocolFeature::STATUS);

class Status : public ConformanceCase {
 protected:
  // The session says 0xb, ACKNOWLEDGE, DRIVER and FEATURES_OK, by itself.
  Session& StartWithStatus() {
    return StartSession({.protocol = kPlainProtocol | kStatus});
  }
};

CONFORMANCE_CASE(Status, IsZeroAtFirst, .cites = {Req::STAT_01},
                 .needs = {.protocol = kStatus}) {
  Session& session = StartSession();
  const std::uint64_t features = session.negotiated().protocol | kStatus;
  Require(session.frontend().SetProtocolFeatures(features));
  EXPECT_EQ(Require(session.frontend().GetStatus()), 0);
}

CONFORMANCE_CASE(Status, IsWhatWasSet, .cites = {Req::STAT_02},
                 .needs = {.protocol = kStatus}) {
  Session& session = StartWithStatus();
  constexpr std::array<std::uint8_t, 5> kSteps = {0x0, 0x1, 0x3, 0xb, 0xf};
  for (const std::uint8_t status : kSteps) {
    Require(session.frontend().SetStatus(status));
    EXPECT_EQ(Require(session.frontend().GetStatus()), status);
  }
}

CONFORMANCE_CASE(Status, ZeroResetsTheDevice, .cites = {Req::STAT_05},
                 .needs = {.protocol = kStatus, .device = "blk"},
                 .open = {protocol::Ambiguity::kStatusReset}) {
  Session& session = StartDevice({.protocol = kPlainProtocol | kStatus});
  CompleteOne(session);
  Require(session.frontend().SetStatus(0));
  EXPECT_EQ(Require(session.frontend().GetStatus()), 0);
  SessionRing& ring = IoRing(session);
  PostOne(session);
  ExpectIdle(session, ring);
}

CONFORMANCE_CASE(Status, SameFeaturesAreTakenAgainAfterAReset,
                 .cites = {Req::STAT_11},
                 .needs = {.protocol = kStatus, .io = true},
                 .open = {protocol::Ambiguity::kStatusReset}) {
  Session& session = StartDevice({.protocol = kPlainProtocol | kStatus});
  for (const std::uint32_t queue : session.driver()->profile().queues) {
    Require(session.ring(queue).Stop());
  }
  Require(session.frontend().SetStatus(0));
  Require(session.frontend().SetFeatures(session.negotiated().virtio));
  Require(session.frontend().SetStatus(0xb));
  EXPECT_EQ(Require(session.frontend().GetStatus()), 0xb);
  Require(session.BringDevice());
  ExpectVerifiedIo(session);
}

CONFORMANCE_CASE(Status, NothingIsServedBeforeDriverOk, .cites = {Req::STAT_08},
                 .needs = {.protocol = kStatus, .io = true}) {
  Session& session = StartWithStatus();
  for (const std::uint32_t queue : session.driver()->profile().queues) {
    Require(session.StartRing(queue));
  }
  SessionRing& ring = IoRing(session);
  ring.call().TryConsume();
  PostOne(session);
  ExpectIdle(session, ring);
  Require(session.frontend().SetStatus(0xf));
  EXPECT_THAT(ring.Await(), Succeeds());
}

CONFORMANCE_CASE(Status, ValuesAbove255AreRefused, .cites = {Req::STAT_06},
                 .needs = {.protocol = kStatus |
                                       Mask(ProtocolFeature::REPLY_ACK)}) {
  Session& session = StartWithStatus();
  EXPECT_THAT(Provoke(session, MakeRequest(Request::SET_STATUS, U64{0x10b})),
              IsRefused());
}

CONFORMANCE_CASE(Status, SettingIsRefusedWithoutTheFeature,
                 .cites = {Req::STAT_03},
                 .needs = {.protocol = kStatus |
                                       Mask(ProtocolFeature::REPLY_ACK)}) {
  Session& session = StartSession();
  EXPECT_THAT(Provoke(session, MakeRequest(Request::SET_STATUS, U64{1})),
              IsRefused());
}

CONFORMANCE_CASE(Status, GettingIsRefusedWithoutTheFeature,
                 .cites = {Req::STAT_03}, .needs = {.protocol = kStatus}) {
  Session& session = StartSession();
  EXPECT_THAT(Raw(session).Exchange(MakeRequest(Request::GET_STATUS), {},
                                    CurrentRun().ForAnswer()),
              IsRefused());
}

// Of the first features of all: after others were taken, those might count.
CONFORMANCE_CASE(Status, FeaturesOkDoesNotStickWithRefusedFeatures,
                 .cites = {Req::STAT_04},
                 .needs = {.protocol = kStatus |
                                       Mask(ProtocolFeature::REPLY_ACK)}) {
  const U64 features = {kStatus | Mask(ProtocolFeature::REPLY_ACK)};
  RawFrontend& raw = *ConnectRaw().operator->();
  Ask(raw, MakeRequest(Request::SET_OWNER));
  Ask(raw, MakeRequest(Request::SET_PROTOCOL_FEATURES, features));
  raw.set_context(protocol::WireContext::Of(features.value));
  const U64 everything = {~std::uint64_t{0}};
  if (Ask(raw, Asking(MakeRequest(Request::SET_FEATURES, everything))).over() ||
      Ask(raw, Asking(MakeRequest(Request::SET_STATUS, U64{0xb}))).over()) {
    return;
  }
  EXPECT_EQ(Ask(raw, MakeRequest(Request::GET_STATUS)).value & 8, 0u);
}

// What a back-end finds unacceptable is its own affair; one that wants
// VERSION_1 has to say so here.
CONFORMANCE_CASE(Status, FeaturesOkMeansThatTheFeaturesAreTaken,
                 .cites = {Req::STAT_04},
                 .needs = {.protocol = kStatus, .io = true},
                 .open = {Ambiguity::kNoVersion1}) {
  const std::uint64_t legacy =
      kPlainVirtio & ~Mask(protocol::VirtioFeature::VERSION_1);
  Session& session =
      StartSession({.virtio = legacy, .protocol = kPlainProtocol | kStatus});
  if ((Require(session.frontend().GetStatus()) & 8) == 0) return;
  CurrentCase().AmbigCase("features without VERSION_1 are taken");
}

}  // namespace
}  // namespace vuspec
