// Kick, call and err descriptors: their kinds, their values, and what happens
// to those that are replaced.
#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "conformance/kit/bait.h"
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"
#include "conformance/ring/ring_verbs.h"
#include "harness/transport/poll.h"

namespace vuspec {
namespace {

using protocol::Req;
using testing::Eq;

class RingDescriptors : public ConformanceCase {
 protected:
  // The call descriptor of the ring is not ours any more.
  void CompleteUnnotified(Session& session) {
    const IoRequest request = Require(session.MakeRequest());
    SessionRing& ring = IoRing(session);
    Require(ring.Post(request.segments));
    EXPECT_THAT(request.judge(AwaitPolled(session, ring)), Eq(std::nullopt));
  }

  // A peer with a thread for its rings answers the socket before it is done.
  void AwaitUsedOrClosed(Session& session) {
    const Deadline deadline = CurrentRun().ForAnswer();
    while (!deadline.Reached() && !Require(IoRing(session).Poll()) &&
           session.frontend().Fence().ok()) {
    }
  }
};

constexpr Needs kIo = {.io = true};

void MakeNonBlocking(int fd) { ASSERT_EQ(::fcntl(fd, F_SETFL, O_NONBLOCK), 0); }

// What is in the pipe now, in bytes.
std::size_t Drain(const Pipe& pipe) {
  MakeNonBlocking(pipe.read_fd());
  std::array<char, 4096> bytes;
  const ssize_t size = ::read(pipe.read_fd(), bytes.data(), bytes.size());
  return size < 0 ? 0 : static_cast<std::size_t>(size);
}

// REQUIRES: writing does not block.
void Fill(const Pipe& pipe) {
  const std::array<char, 4096> bytes{};
  while (::write(pipe.write_fd(), bytes.data(), bytes.size()) > 0) {
  }
  // The last bytes, too.
  while (::write(pipe.write_fd(), bytes.data(), 1) > 0) {
  }
}

CONFORMANCE_CASE(RingDescriptors, ReplacedCallIsClosed, .cites = {Req::FD_15}) {
  Frontend& frontend = StartSession().frontend();
  const Event event = Require(Event::Create());
  Bait bait;
  Require(frontend.SetVringCall(0, bait.fd()));
  Require(frontend.SetVringCall(0, event.fd()));
  EXPECT_TRUE(bait.Released());
}

CONFORMANCE_CASE(RingDescriptors, ReplacedErrIsClosed, .cites = {Req::FD_15}) {
  Frontend& frontend = StartSession().frontend();
  const Event event = Require(Event::Create());
  Bait bait;
  Require(frontend.SetVringErr(0, bait.fd()));
  Require(frontend.SetVringErr(0, event.fd()));
  EXPECT_TRUE(bait.Released());
}

CONFORMANCE_CASE(RingDescriptors, ReplacedKickIsClosed, .cites = {Req::FD_15}) {
  Session& session = StartSession();
  SessionRing& ring = *Require(session.MakeRing(0));
  Require(ring.Configure());
  Bait bait;
  Require(session.frontend().SetVringKick(0, bait.fd()));
  Require(ring.Start());
  EXPECT_TRUE(bait.Released());
}

CONFORMANCE_CASE(RingDescriptors, CallIsClosedWhenTheNoFdBitReplacesIt,
                 .cites = {Req::FD_15}) {
  Frontend& frontend = StartSession().frontend();
  Bait bait;
  Require(frontend.SetVringCall(0, bait.fd()));
  Require(frontend.SetVringCall(0, kNoFd));
  EXPECT_TRUE(bait.Released());
}

CONFORMANCE_CASE(RingDescriptors, HundredReplacedCallsAreClosed,
                 .cites = {Req::FD_15, Req::FD_19}) {
  Frontend& frontend = StartSession().frontend();
  const Event event = Require(Event::Create());
  Bait bait;
  for (int i = 0; i < 100; ++i) Require(frontend.SetVringCall(0, bait.fd()));
  Require(frontend.SetVringCall(0, event.fd()));
  EXPECT_TRUE(bait.Released());
}

CONFORMANCE_CASE(RingDescriptors, CallMayBeAPipe,
                 .cites = {Req::FD_08, Req::FD_11}, .needs = kIo) {
  Session& session = StartDevice();
  const Pipe call = Require(Pipe::Create());
  Require(session.frontend().SetVringCall(IoRing(session).index(),
                                          call.write_fd()));
  // Descriptors that come newly may be signalled.
  Drain(call);
  PostOne(session);
  const Deadline deadline = CurrentRun().ForAnswer();
  EXPECT_TRUE(WaitReadable(call.read_fd(), deadline).ok());
  EXPECT_EQ(Drain(call) % 8, 0u) << "signals are writes of eight bytes";
}

CONFORMANCE_CASE(RingDescriptors, KickMayBeAPipe, .cites = {Req::FD_11},
                 .needs = kIo) {
  Session& session = StartDevice();
  const Pipe kick = Require(Pipe::Create());
  SessionRing& ring = IoRing(session);
  Require(ring.Stop());
  Require(ring.Configure());
  Require(session.frontend().SetVringKick(ring.index(), kick.read_fd()));
  const IoRequest request = Require(session.MakeRequest());
  Require(ring.PostQuietly(request.segments));
  EXPECT_TRUE(SignalFd(kick.write_fd()).ok());
  EXPECT_THAT(ring.Await(), Succeeds());
}

CONFORMANCE_CASE(RingDescriptors, ValueOfAKickHasNoMeaning,
                 .cites = {Req::FD_09}, .needs = kIo) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  for (const std::uint64_t value : {1ull, 2ull, 255ull, 0x100000000ull}) {
    const IoRequest request = Require(session.MakeRequest());
    Require(ring.PostQuietly(request.segments));
    ring.kick().Signal(value);
    const Completion completion = Require(ring.Await());
    EXPECT_THAT(request.judge(completion), Eq(std::nullopt));
  }
}

CONFORMANCE_CASE(RingDescriptors, FullCallPipeDoesNotStopTheRing,
                 .cites = {Req::FD_12}, .needs = kIo) {
  Session& session = StartDevice();
  const Pipe call = Require(Pipe::Create());
  MakeNonBlocking(call.write_fd());
  Require(session.frontend().SetVringCall(IoRing(session).index(),
                                          call.write_fd()));
  Fill(call);
  for (int i = 0; i < 3; ++i) CompleteUnnotified(session);
}

CONFORMANCE_CASE(RingDescriptors, SaturatedCallEventDoesNotStopTheRing,
                 .cites = {Req::FD_12}, .needs = kIo) {
  Session& session = StartDevice();
  const Event call = Require(Event::Create());
  MakeNonBlocking(call.fd());
  Require(session.frontend().SetVringCall(IoRing(session).index(), call.fd()));
  call.Signal(~std::uint64_t{0} - 1);
  for (int i = 0; i < 3; ++i) CompleteUnnotified(session);
}

CONFORMANCE_CASE(RingDescriptors, CallEventMayBeSaturatedWhenItIsSet,
                 .cites = {Req::FD_12}, .needs = kIo) {
  Session& session = StartDevice();
  const Event call = Require(Event::Create());
  MakeNonBlocking(call.fd());
  call.Signal(~std::uint64_t{0} - 1);
  EXPECT_THAT(
      session.frontend().SetVringCall(IoRing(session).index(), call.fd()),
      Succeeds());
}

// The session may end over it, the process may not.
CONFORMANCE_CASE(RingDescriptors, CallPipeThatNobodyReadsIsSurvived,
                 .cites = {Req::FD_13}, .needs = kIo) {
  Session& session = StartDevice();
  MarkNegative();
  {
    const Pipe call = Require(Pipe::Create());
    Require(session.frontend().SetVringCall(IoRing(session).index(),
                                            call.write_fd()));
  }
  PostOne(session);
  AwaitUsedOrClosed(session);
  ExpectAnswers(session.raw());
}

CONFORMANCE_CASE(RingDescriptors, KickPipeThatNobodyWritesIsSurvived,
                 .cites = {Req::FD_14}) {
  Session& session = StartSession();
  MarkNegative();
  SessionRing& ring = *Require(session.MakeRing(0));
  Require(ring.Configure());
  {
    Pipe kick = Require(Pipe::Create());
    Require(session.frontend().SetVringKick(0, kick.read_fd()));
  }
  ExpectAnswers(session.raw());
}

}  // namespace
}  // namespace vuspec
