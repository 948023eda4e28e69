// What a session took is given back: descriptors, mappings and threads, over
// many repetitions. Descriptors are watched from the other end of a pipe and
// mappings by asking the kernel, so that no count of the peer's is trusted;
// the counts are looked at on top.
#include "conformance/in_flight/in_flight_verbs.h"
#include "conformance/kit/case.h"
#include "conformance/kit/leak_case.h"
#include "conformance/kit/raw_verbs.h"
#include "conformance/memory/memory_verbs.h"

namespace vuspec {
namespace {

using protocol::Req;

class Leak : public LeakCase {
 protected:
  // A pipe whose write end goes to the peer and is then no longer ours.
  template <typename Give>
  static Pipe GiveAway(Give give) {
    Pipe pipe = Require(Pipe::Create());
    give(pipe.write_fd());
    pipe.CloseWriteEnd();
    return pipe;
  }

  static void ExpectClosed(const Pipe& pipe) {
    EXPECT_TRUE(pipe.WaitHangUp(CurrentRun().ForAnswer()).ok())
        << "a descriptor that the peer has to close is still open";
  }

  // `give` sets what the one given before is replaced by, `last` at the end.
  template <typename Give>
  static void ExpectReplacedOnesAreClosed(int last, Give give) {
    std::vector<Pipe> pipes;
    for (int i = 0; i < kRepetitions; ++i) pipes.push_back(GiveAway(give));
    give(last);
    for (const Pipe& pipe : pipes) ExpectClosed(pipe);
  }
};

CONFORMANCE_CASE(Leak, RingDescriptorsAreClosedWithTheSession,
                 .cites = {Req::HDR_25, Req::FD_19}, .needs = {.io = true}) {
  Session& session = StartDevice();
  const std::uint32_t ring = IoRing(session).index();
  const Pipe call = GiveAway(
      [&](int fd) { Require(session.frontend().SetVringCall(ring, fd)); });
  const Pipe err = GiveAway(
      [&](int fd) { Require(session.frontend().SetVringErr(ring, fd)); });
  Disconnect();
  ExpectClosed(call);
  ExpectClosed(err);
}

CONFORMANCE_CASE(Leak, MemoryIsUnmappedWithTheSession, .cites = {Req::HDR_25},
                 .needs = {.io = true}) {
  const UnmappedRegion watched(0x9000'0000);
  Session& session = StartDevice();
  Require(session.frontend().SetMemTable(
      With(session.memory().regions(), watched.region())));
  CompleteOne(session);
  Disconnect();
  const Deadline deadline = CurrentRun().ForAnswer();
  while (watched.IsMapped() && !deadline.Reached()) {
    StartSession();
    Disconnect();
  }
  EXPECT_FALSE(watched.IsMapped()) << "guest memory is still mapped";
}

CONFORMANCE_CASE(Leak, ReplacedCallDescriptorsAreClosed,
                 .cites = {Req::FD_15, Req::FD_19, Req::CALL_07},
                 .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  ExpectReplacedOnesAreClosed(ring.call().fd(), [&](int fd) {
    Require(session.frontend().SetVringCall(ring.index(), fd));
  });
  CompleteOne(session);
}

CONFORMANCE_CASE(Leak, ReplacedErrDescriptorsAreClosed,
                 .cites = {Req::ERR_07, Req::FD_15, Req::FD_19},
                 .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  ExpectReplacedOnesAreClosed(ring.err().fd(), [&](int fd) {
    Require(session.frontend().SetVringErr(ring.index(), fd));
  });
}

// Through stops and starts, since not every back-end takes a new kick
// descriptor for a ring that runs.
CONFORMANCE_CASE(Leak, KickDescriptorsOfEarlierStartsAreClosed,
                 .cites = {Req::FD_15, Req::FD_19, Req::KICK_17},
                 .needs = {.io = true}) {
  Session& session = StartDevice();
  SessionRing& ring = IoRing(session);
  std::vector<Pipe> pipes;
  for (int i = 0; i < kRepetitions; ++i) {
    const auto base = Require(ring.Stop());
    Require(ring.Configure(base.num));
    Pipe pipe = Require(Pipe::Create());
    Require(session.frontend().SetVringKick(ring.index(), pipe.write_fd()));
    pipe.CloseWriteEnd();
    pipes.push_back(std::move(pipe));
  }
  Require(ring.Restart(Require(ring.Stop())));
  for (const Pipe& pipe : pipes) ExpectClosed(pipe);
  CompleteOne(session);
}

CONFORMANCE_CASE(Leak, ReplacedMemoryIsUnmapped,
                 .cites = {Req::MEM_12, Req::FD_19}, .needs = {.io = true}) {
  Session& session = StartDevice();
  std::vector<UnmappedRegion> regions;
  for (int i = 0; i < kRepetitions; ++i) {
    regions.emplace_back(0x9000'0000);
    Require(session.frontend().SetMemTable(
        With(session.memory().regions(), regions.back().region())));
  }
  Require(session.frontend().SetMemTable(session.memory().regions()));
  Require(session.frontend().Fence());
  for (const UnmappedRegion& region : regions) {
    EXPECT_FALSE(region.IsMapped()) << "replaced memory is still mapped";
  }
  CompleteOne(session);
}

CONFORMANCE_CASE(Leak, DescriptorsOfRefusedMessagesAreClosed,
                 .cites = {Req::FD_04, Req::FD_19, Req::HDR_28}) {
  std::vector<Pipe> pipes;
  for (int i = 0; i < kRepetitions; ++i) {
    RawConnection& raw = ConnectRaw();
    pipes.push_back(GiveAway([&](int fd) {
      Ask(*raw.operator->(), {200, protocol::kVersion, 0}, {},
          std::span(&fd, 1));
    }));
    Disconnect();
  }
  for (const Pipe& pipe : pipes) ExpectClosed(pipe);
}

CONFORMANCE_CASE(Leak, SixtyFourSessionsLeaveNothingBehind,
                 .cites = {Req::FD_19, Req::HDR_25},
                 .needs = {.io = true, .process = true}) {
  const auto before = Idle();
  for (int i = 0; i < kRepetitions; ++i) {
    CompleteOne(StartDevice());
    Disconnect();
  }
  if (before) ExpectNoMoreThan(*before);
}

CONFORMANCE_CASE(Leak, SixtyFourBrokenHandshakesLeaveNothingBehind,
                 .cites = {Req::FD_19, Req::HDR_25},
                 .needs = {.io = true, .process = true}) {
  const auto before = Idle();
  for (int i = 0; i < kRepetitions; ++i) {
    Session& session = StartSession();
    SessionRing& ring = *Require(session.MakeRing(0));
    Require(session.frontend().SetVringCall(0, ring.call().fd()));
    Raw(session).Exchange({200, protocol::kVersion, 0}, {}, {},
                          CurrentRun().ForAnswer());
    Disconnect();
  }
  if (before) ExpectNoMoreThan(*before);
}

CONFORMANCE_CASE(Leak, SixtyFourInFlightAreasLeaveNothingBehind,
                 .cites = {Req::FD_15, Req::FD_19, Req::INFL_32},
                 .needs = {
                     .protocol = kInFlight, .io = true, .process = true}) {
  const auto before = Idle();
  Session& session = StartSession({.protocol = kPlainProtocol | kInFlight});
  for (int i = 0; i < kRepetitions; ++i) {
    const InflightArea area = Require(
        session.frontend().GetInflightFd({.num_queues = 1, .queue_size = 128}));
    Require(session.frontend().SetInflightFd(area.description, area.fd.get()));
  }
  Disconnect();
  if (before) ExpectNoMoreThan(*before);
}

CONFORMANCE_CASE(Leak, SixtyFourRestartsLeaveNothingBehind,
                 .cites = {Req::FD_19, Req::KICK_17},
                 .needs = {.io = true, .process = true}) {
  const auto before = Idle();
  Session& session = StartDevice();
  for (int i = 0; i < kRepetitions; ++i) {
    CompleteOne(session);
    Require(IoRing(session).Restart(Require(IoRing(session).Stop())));
  }
  Disconnect();
  if (before) ExpectNoMoreThan(*before);
}

}  // namespace
}  // namespace vuspec
