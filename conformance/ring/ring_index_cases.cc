// Every message that names a ring, with rings that do not exist.
#include <array>

#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"
#include "harness/transport/event_fd.h"

namespace vuspec {
namespace {

using protocol::MakeRequest;
using protocol::Req;
using protocol::Request;
using protocol::U64;
using protocol::VringAddr;
using protocol::VringState;

class RingIndex : public ConformanceCase {
 protected:
  // A session for each: the refusal may end it.
  void ExpectRefused(const protocol::Message& message) {
    EXPECT_THAT(Provoke(StartSession(), message), IsRefused())
        << "ring " << *protocol::RingIndex(message) << " of " << RingCount();
    Disconnect();
  }

  // The request for rings just behind the last one, and far behind it.
  template <typename MakeBody>
  void ExpectRefusedBeyondTheLast(Request request, MakeBody body) {
    const std::uint32_t count = RingCount();
    for (const std::uint32_t index :
         {count, count + 1, 255u, 256u, 0x1'0000u, 0xffff'ffffu}) {
      if (index < count) continue;
      ExpectRefused(MakeRequest(request, body(index)));
    }
  }
  void ExpectStateRefusedBeyondTheLast(Request request, std::uint32_t num) {
    ExpectRefusedBeyondTheLast(request, [num](std::uint32_t index) {
      return VringState{index, num};
    });
  }

  // The same for the messages that have 8 bits for the ring. The descriptor
  // has to be closed.
  void ExpectDescriptorRefused(Request request, std::uint32_t index) {
    Session& session = StartSession();
    Pipe pipe = Require(Pipe::Create());
    const int fd = pipe.write_fd();
    EXPECT_THAT(Provoke(session, MakeRequest(request, U64{index}), OneFd(fd)),
                IsRefused())
        << "ring " << index << " of " << RingCount();
    pipe.CloseWriteEnd();
    EXPECT_THAT(pipe.WaitHangUp(CurrentRun().ForAnswer()), Succeeds());
    Disconnect();
  }
  void ExpectDescriptorsRefusedBeyondTheLast(Request request) {
    const std::uint32_t count = RingCount();
    if (count > 255) GTEST_SKIP() << "every ring that 8 bits name may exist";
    for (const std::uint32_t index : {count, count + 1, 255u}) {
      ExpectDescriptorRefused(request, index);
    }
  }
};

CONFORMANCE_CASE(RingIndex, SizeOfNoRingIsRefused,
                 .cites = {Req::VNUM_07, Req::MQ_06}) {
  ExpectStateRefusedBeyondTheLast(Request::SET_VRING_NUM, 128);
}

CONFORMANCE_CASE(RingIndex, AddressesOfNoRingAreRefused,
                 .cites = {Req::VADDR_08, Req::MQ_06}) {
  constexpr std::uint64_t kUser =
      GuestMemory::kDefaultGuestAddress + GuestMemory::kUserAddressDistance;
  ExpectRefusedBeyondTheLast(Request::SET_VRING_ADDR, [](std::uint32_t index) {
    return VringAddr{.index = index,
                     .descriptor = kUser,
                     .used = kUser + 0x1'0000,
                     .available = kUser + 0x2'0000};
  });
}

CONFORMANCE_CASE(RingIndex, BaseOfNoRingIsRefused,
                 .cites = {Req::VBASE_05, Req::MQ_06}) {
  ExpectStateRefusedBeyondTheLast(Request::SET_VRING_BASE, 0);
}

CONFORMANCE_CASE(RingIndex, BaseOfNoRingCannotBeAsked,
                 .cites = {Req::GBASE_10, Req::MQ_06}) {
  ExpectStateRefusedBeyondTheLast(Request::GET_VRING_BASE, 0);
}

CONFORMANCE_CASE(RingIndex, NoRingIsNotEnabled,
                 .cites = {Req::ENA_04, Req::MQ_06}) {
  ExpectStateRefusedBeyondTheLast(Request::SET_VRING_ENABLE, 1);
}

CONFORMANCE_CASE(RingIndex, NoRingIsNotDisabled,
                 .cites = {Req::ENA_04, Req::MQ_06}) {
  ExpectStateRefusedBeyondTheLast(Request::SET_VRING_ENABLE, 0);
}

CONFORMANCE_CASE(RingIndex, KickOfNoRingIsRefusedAndClosed,
                 .cites = {Req::KICK_08, Req::MQ_06}) {
  ExpectDescriptorsRefusedBeyondTheLast(Request::SET_VRING_KICK);
}

CONFORMANCE_CASE(RingIndex, CallOfNoRingIsRefusedAndClosed,
                 .cites = {Req::CALL_05, Req::MQ_06}) {
  ExpectDescriptorsRefusedBeyondTheLast(Request::SET_VRING_CALL);
}

CONFORMANCE_CASE(RingIndex, ErrOfNoRingIsRefusedAndClosed,
                 .cites = {Req::ERR_05, Req::MQ_06}) {
  ExpectDescriptorsRefusedBeyondTheLast(Request::SET_VRING_ERR);
}

CONFORMANCE_CASE(RingIndex, NoFdBitDoesNotHideAWrongIndex,
                 .cites = {Req::KICK_08, Req::CALL_05, Req::ERR_05}) {
  if (RingCount() > 255) GTEST_SKIP() << "every ring of 8 bits may exist";
  for (const Request request :
       {Request::SET_VRING_KICK, Request::SET_VRING_CALL,
        Request::SET_VRING_ERR}) {
    ExpectRefused(MakeRequest(request, U64{255 | protocol::kNoFdBit}));
  }
}

CONFORMANCE_CASE(RingIndex, TheLastRingExists, .cites = {Req::MQ_03}) {
  Session& session = StartSession();
  const std::uint32_t last = LastRing();
  SessionRing& ring = *Require(session.MakeRing(last));
  EXPECT_THAT(ring.Bring(), Succeeds());
  EXPECT_EQ(Require(ring.Stop()).index, last);
}

CONFORMANCE_CASE(RingIndex, TheLastRingServesRequests, .cites = {Req::MQ_03},
                 .needs = {.queues = 2, .device = "blk"}) {
  Session& session = StartSession();
  SessionRing& ring = *Require(session.StartRing(LastRing()));
  const IoRequest request = Require(session.MakeRequest());
  Require(ring.Post(request.segments));
  EXPECT_EQ(request.judge(Require(ring.Await())), std::nullopt);
}

}  // namespace
}  // namespace vuspec
