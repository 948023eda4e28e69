#include "conformance/ring/ring_verbs.h"

#include <array>

#include "absl/status/status.h"
#include "conformance/kit/matchers.h"
#include "harness/suite/context.h"
#include "harness/transport/poll.h"

namespace vuspec {
namespace {

Reply<Done> SetUp(Frontend& frontend, SessionRing& ring,
                  protocol::Request request) {
  using protocol::Request;
  const std::uint32_t index = ring.index();
  switch (request) {
    case Request::SET_VRING_NUM:
      return frontend.SetVringNum(index, ring.options().size);
    case Request::SET_VRING_BASE:
      return frontend.SetVringBase(index, ring.avail_index());
    case Request::SET_VRING_ADDR:
      return frontend.SetVringAddr(ring.Addresses());
    case Request::SET_VRING_CALL:
      return frontend.SetVringCall(index, ring.call().fd());
    case Request::SET_VRING_ERR:
      return frontend.SetVringErr(index, ring.err().fd());
    case Request::SET_VRING_KICK:
      return ring.Start();
    case Request::SET_VRING_ENABLE:
      return ring.Enable(true);
    default:
      return absl::InvalidArgumentError("no message that sets up a ring");
  }
}

}  // namespace

void SendSetUp(Frontend& frontend, SessionRing& ring,
               protocol::Request request) {
  Require(SetUp(frontend, ring, request));
}

void KickUntilRead(const SessionRing& ring) {
  const bool polled = CurrentRun().peer().manifest().data.polled;
  // One that is not read says nothing: the session may be over.
  ring.kick()
      .SignalUntilConsumed(polled ? Deadline::Now() : CurrentRun().ForAnswer())
      .IgnoreError();
}

RingFate AwaitFate(Session& session, SessionRing& ring) {
  const Deadline deadline = CurrentRun().ForQuiet();
  for (;;) {
    if (const auto completion = Require(ring.Poll())) {
      return {Fate::kCompleted, completion};
    }
    if (!session.frontend().LinkUp()) return {Fate::kClosed};
    const std::array<int, 3> fds = {ring.call().fd(), ring.err().fd(),
                                    session.frontend().PollFd()};
    const auto ready = WaitAny(fds, deadline, "a sign of the ring");
    if (!ready.ok()) return {Fate::kIdle};
    if (*ready == 0) ring.call().TryConsume();
    if (*ready == 1) return {Fate::kErred};
  }
}

void ExpectNotServed(Session& session, const IoRequest& request) {
  SessionRing& ring = session.ring(session.driver()->profile().io_queue);
  Require(ring.Post(request.segments));
  const RingFate fate = AwaitFate(session, ring);
  if (!fate.completion) return;
  EXPECT_NE(request.judge(*fate.completion), std::nullopt)
      << "a request that nobody can serve was completed as a success";
}

Completion AwaitPolled(Session& session, SessionRing& ring) {
  const Deadline deadline = CurrentRun().ForAnswer();
  for (;;) {
    if (const auto completion = Require(ring.Poll())) return *completion;
    // A turn for the peer.
    Require(session.frontend().Fence());
    if (deadline.Reached()) {
      [] { FAIL() << "nothing was completed"; }();
    }
  }
}

}  // namespace vuspec
