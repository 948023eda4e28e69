// Bit 8 of SET_VRING_KICK, SET_VRING_CALL and SET_VRING_ERR: whether it agrees
// with what comes along. Also what the err descriptor is for.
#include <array>

#include "conformance/kit/case.h"
#include "conformance/memory/memory_verbs.h"
#include "conformance/ring/ring_verbs.h"
#include "harness/transport/event_fd.h"

namespace vuspec {
namespace {

using protocol::kNoFdBit;
using protocol::MakeRequest;
using protocol::Req;
using protocol::Request;
using protocol::U64;

class NoFdBit : public ConformanceCase {
 protected:
  // The bit without a descriptor, on a ring that runs and has to run on.
  void ExpectTaken(Request request) {
    Session& session = StartDevice();
    CompleteOne(session);
    EXPECT_THAT(
        Provoke(session,
                MakeRequest(request, U64{IoRing(session).index() | kNoFdBit})),
        testing::Not(IsRefused()));
  }

  // The bit and a descriptor: refused, or at least closed.
  void ExpectClosed(Request request) {
    Session& session = StartSession();
    Pipe pipe = Require(Pipe::Create());
    const int fd = pipe.write_fd();
    EXPECT_THAT(
        Provoke(session, MakeRequest(request, U64{kNoFdBit}), OneFd(fd)),
        IsDecided());
    pipe.CloseWriteEnd();
    EXPECT_THAT(pipe.WaitHangUp(CurrentRun().ForAnswer()), Succeeds());
  }

  // Neither the bit nor a descriptor.
  void ExpectMissingOneRefused(Request request) {
    Session& session = StartSession();
    EXPECT_THAT(Provoke(session, MakeRequest(request, U64{0})), IsRefused());
  }

  // No bit and two descriptors.
  void ExpectTwoRefused(Request request) {
    Session& session = StartSession();
    Pipe pipe = Require(Pipe::Create());
    const std::array<int, 2> fds = {pipe.write_fd(), pipe.write_fd()};
    const Outcome outcome = Provoke(session, MakeRequest(request, U64{0}), fds);
    EXPECT_THAT(outcome, IsRefused());
    if (!outcome.refused() && !outcome.closed) return;
    pipe.CloseWriteEnd();
    EXPECT_THAT(pipe.WaitHangUp(CurrentRun().ForAnswer()), Succeeds());
  }
};

CONFORMANCE_CASE(NoFdBit, CallGoesWithoutADescriptor, .cites = {Req::CALL_02},
                 .needs = {.io = true}) {
  ExpectTaken(Request::SET_VRING_CALL);
}

CONFORMANCE_CASE(NoFdBit, ErrGoesWithoutADescriptor, .cites = {Req::ERR_03},
                 .needs = {.io = true}) {
  ExpectTaken(Request::SET_VRING_ERR);
}

CONFORMANCE_CASE(NoFdBit, KickGoesWithoutADescriptor, .cites = {Req::KICK_05},
                 .needs = {.io = true}) {
  ExpectTaken(Request::SET_VRING_KICK);
}

CONFORMANCE_CASE(NoFdBit, KickDescriptorBesideItIsClosed,
                 .cites = {Req::KICK_06}) {
  ExpectClosed(Request::SET_VRING_KICK);
}

CONFORMANCE_CASE(NoFdBit, CallDescriptorBesideItIsClosed,
                 .cites = {Req::CALL_03}) {
  ExpectClosed(Request::SET_VRING_CALL);
}

CONFORMANCE_CASE(NoFdBit, ErrDescriptorBesideItIsClosed,
                 .cites = {Req::ERR_04}) {
  ExpectClosed(Request::SET_VRING_ERR);
}

CONFORMANCE_CASE(NoFdBit, KickWithoutItNeedsADescriptor,
                 .cites = {Req::KICK_06}) {
  ExpectMissingOneRefused(Request::SET_VRING_KICK);
}

CONFORMANCE_CASE(NoFdBit, CallWithoutItNeedsADescriptor,
                 .cites = {Req::CALL_03}) {
  ExpectMissingOneRefused(Request::SET_VRING_CALL);
}

CONFORMANCE_CASE(NoFdBit, ErrWithoutItNeedsADescriptor,
                 .cites = {Req::ERR_04}) {
  ExpectMissingOneRefused(Request::SET_VRING_ERR);
}

CONFORMANCE_CASE(NoFdBit, KickTakesNoSecondDescriptor,
                 .cites = {Req::KICK_06}) {
  ExpectTwoRefused(Request::SET_VRING_KICK);
}

CONFORMANCE_CASE(NoFdBit, CallTakesNoSecondDescriptor,
                 .cites = {Req::CALL_03}) {
  ExpectTwoRefused(Request::SET_VRING_CALL);
}

CONFORMANCE_CASE(NoFdBit, ErrTakesNoSecondDescriptor, .cites = {Req::ERR_04}) {
  ExpectTwoRefused(Request::SET_VRING_ERR);
}

CONFORMANCE_CASE(NoFdBit, ErrIsAcceptedOnStoppedAndRunningRings,
                 .cites = {Req::ERR_01, Req::ERR_07}, .needs = {.io = true}) {
  Session& session = StartSession();
  const Event err = Require(Event::Create());
  Require(session.frontend().SetVringErr(0, err.fd()));
  Require(session.BringDevice());
  Require(session.frontend().SetVringErr(0, err.fd()));
  CompleteOne(session);
  EXPECT_EQ(err.TryConsume(), 0u) << "an error was signalled where none is";
}

// A disk request whose buffers lie nowhere.
CONFORMANCE_CASE(NoFdBit, BadRingSignalsTheErrDescriptor,
                 .cites = {Req::ERR_02}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  MarkNegative();
  IoRequest request = Require(session.MakeRequest());
  for (Segment& segment : request.segments) segment.guest_address = 4 * kGiB;
  Require(ring.Post(request.segments));
  const RingFate fate = AwaitFate(session, ring);
  EXPECT_TRUE(fate.fate != Fate::kIdle || ring.err().TryConsume() != 0)
      << "no completion, no error, and the connection is up";
}

CONFORMANCE_CASE(NoFdBit, BadRingWithoutAnErrDescriptorIsSurvived,
                 .cites = {Req::ERR_03, Req::ERR_08}, .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  MarkNegative();
  Require(session.frontend().SetVringErr(ring.index(), kNoFd));
  IoRequest request = Require(session.MakeRequest());
  for (Segment& segment : request.segments) segment.guest_address = 4 * kGiB;
  Require(ring.Post(request.segments));
  EXPECT_NE(AwaitFate(session, ring).fate, Fate::kErred);
}

}  // namespace
}  // namespace vuspec
