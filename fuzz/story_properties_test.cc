// Every property of the fuzzers that run stories fires when it should.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "fuzz/fd_ledger.h"
#include "fuzz/frontend_run.h"
#include "fuzz/split_ring_run.h"
#include "fuzz/used_ring_shadow.h"
#include "gtest/gtest.h"
#include "harness/memory/shared_access.h"

namespace vuspec::fuzz {
namespace {

using protocol::Request;
using protocol::Violation;

using Head = std::array<std::uint8_t, kFrontendHeadSize>;

constexpr Head kRunning = {0x38, 0x01, 0xff, 0xff, 0x7d, 0};

class Story {
 public:
  explicit Story(OpenedSessions& sessions, const Head& head = kRunning)
      : input_(ReadFrontendInput(head)),
        records_(input_.records),
        run_(input_, records_, sessions) {}

  FrontendRun& run() { return run_; }

 private:
  const FrontendInput input_;
  const Records records_;
  FrontendRun run_;
};

TEST(FrontendRunTest, TheWholePrologueSucceeds) {
  OpenedSessions sessions;
  Story story(sessions);
  story.run().Play();
  const protocol::SessionModel& model = story.run().frontend().model();
  EXPECT_TRUE(model.ring(0).started);
  EXPECT_EQ(model.memory().regions().size(), 1u);
}

TEST(OpenedSessionsTest, AStoryBeginsWhereThePrologueOfAnotherEnded) {
  OpenedSessions sessions;
  for (const unsigned options : {0x10U, 0x21U, 0x32U, 0x34U}) {
    Head head = kRunning;
    head[0] = static_cast<std::uint8_t>(options);
    Story played(sessions, head);
    played.run().Play();
    const protocol::SessionModel& model = played.run().frontend().model();
    Story next(sessions, head);
    next.run().Play();
    EXPECT_EQ(next.run().peer().sent_count(), 0u);
    const protocol::SessionModel& same = next.run().frontend().model();
    EXPECT_TRUE(Glimpse(model) == Glimpse(same));
    for (std::uint32_t i = 0; i < protocol::kVringCountMax; ++i) {
      EXPECT_EQ(model.ring(i), same.ring(i)) << i;
    }
    EXPECT_TRUE(
        std::ranges::equal(model.memory().regions(), same.memory().regions()));
  }
}

TEST(OpenedSessionsTest, WhatDiffersIsNotFound) {
  OpenedSessions sessions;
  const Opening opening = ReadFrontendInput(kRunning).opening;
  EXPECT_EQ(sessions.Find(opening), nullptr);
  sessions.Keep(opening, protocol::SessionModel());
  EXPECT_NE(sessions.Find(opening), nullptr);
  for (std::size_t bit = 0; bit < 8 * kFrontendHeadSize; ++bit) {
    Head head = kRunning;
    head[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    const Opening other = ReadFrontendInput(head).opening;
    EXPECT_EQ(sessions.Find(other) == nullptr, other != opening) << bit;
  }
}

// As if the front-end had sent it: header and payload of a request.
bool Send(ScriptedPeer& peer, std::uint32_t id, std::uint32_t size) {
  const auto header = protocol::EncodeHeader({id, protocol::kVersion, size});
  return peer.OnSend(header, 0);
}

TEST(FrontendRunDeathTest, WhatMustNotBeSentIsSeen) {
  OpenedSessions sessions;
  Story story(sessions);
  ScriptedPeer& peer = story.run().peer();
  EXPECT_TRUE(Send(peer, 1, 0));
  EXPECT_DEATH(Send(peer, 17, 0), "what is sent is allowed");
  EXPECT_DEATH(Send(peer, 200, 0), "what is sent is well-formed");
  EXPECT_DEATH(Send(peer, 1, 8), "a message is sent whole");
}

const Violation kViolation = {.subject = "a", .field = "b", .actual = 1};

TEST(FrontendRunDeathTest, WrongOutcomesAreSeen) {
  OpenedSessions sessions;
  Story story(sessions);
  FrontendRun& run = story.run();
  run.Begin();
  Send(run.peer(), 1, 0);
  EXPECT_DEATH(run.Settle(Reply<Done>(Refusal{kViolation})),
               "a refusal sends nothing");
  run.Begin();
  ASSERT_TRUE(run.frontend().SetOwner().ok());
  EXPECT_DEATH(run.Settle(Reply<Done>(Nack{1})),
               "a failure leaves the model as it was");
}

TEST(FrontendRunDeathTest, LifeAfterTheEndIsSeen) {
  OpenedSessions sessions;
  Story story(sessions);
  FrontendRun& run = story.run();
  run.Begin();
  run.Settle(Reply<Done>(kViolation));
  run.Begin();
  EXPECT_DEATH(run.Settle(Reply<Done>(Done{})), "does nothing");
  Send(run.peer(), 1, 0);
  EXPECT_DEATH(run.Settle(Reply<Done>(Done{})), "sends nothing");
}

TEST(FrontendRunDeathTest, ReadingAfterTheEndIsSeen) {
  const std::array<std::uint8_t, 2> end = {
      kDeliveryBit | static_cast<std::uint8_t>(Delivery::kEnd), 0};
  const Records records(end);
  ScriptedPeer peer(records.all(), false);
  const protocol::SessionModel model;
  peer.Watch(model);
  Send(peer, 1, 0);
  std::array<std::byte, 8> buffer;
  std::vector<UniqueFd> fds;
  EXPECT_EQ(peer.Receive(buffer, fds), 0u);
  EXPECT_DEATH(static_cast<void>(peer.Receive(buffer, fds)),
               "nothing is read after the end");
}

TEST(FdLedgerDeathTest, ALeakIsSeen) {
  const FdLedger ledger;
  ledger.Check();
  {
    const UniqueFd leaked(::fcntl(NullFd(), F_DUPFD_CLOEXEC, 0));
    EXPECT_DEATH(ledger.Check(), "no descriptor is leaked");
  }
  ledger.Check();
  {
    const UniqueFd leaked = NewToken();
    EXPECT_DEATH(ledger.Check(), "no descriptor is leaked");
  }
  ledger.Check();
}

TEST(FdLedgerDeathTest, ClosingTwiceIsSeen) {
  const FdLedger ledger;
  UniqueFd token = NewToken();
  const int number = token.get();
  token.reset();
  EXPECT_DEATH(::close(number), "a descriptor is closed once");
}

TEST(ModelInvariantsDeathTest, AStartedRingWithoutASizeIsSeen) {
  protocol::SessionModel model;
  CheckModelInvariants(model);
  model.ApplyRequest(
      protocol::MakeRequest(Request::SET_VRING_KICK, protocol::U64{0}, 1));
  EXPECT_DEATH(CheckModelInvariants(model), "a started ring is configured");
}

TEST(RingArenaTest, AWordChangesBeforeTheLoadThatItIsSetTo) {
  RingArena arena(4);
  ASSERT_TRUE(arena.Schedule({2, Part::kUsed, 2, 0x1234}));
  const std::byte* const at = arena.bytes(Part::kUsed).data() + 2;
  RingArena::OnLoad(at);
  EXPECT_EQ(Load<std::uint16_t>(at), 0);
  RingArena::OnLoad(at);
  EXPECT_EQ(Load<std::uint16_t>(at), 0x1234);
  EXPECT_EQ(arena.load_count(), 2u);
  EXPECT_EQ(arena.flipped_count(), 1u);
}

TEST(RingArenaTest, KnowsWhatItHolds) {
  const RingArena arena(4);
  const auto used = arena.bytes(Part::kUsed);
  EXPECT_TRUE(arena.Holds(used));
  EXPECT_FALSE(arena.Holds({used.data(), used.size() + 1}));
  const std::byte elsewhere{};
  EXPECT_FALSE(arena.Holds({&elsewhere, 1}));
}

TEST(RingArenaDeathTest, AnAccessOutsideIsSeen) {
  if (!RingArena::kPoisons) GTEST_SKIP() << "needs AddressSanitizer";
  const RingArena arena(4);
  const auto used = arena.bytes(Part::kUsed);
  EXPECT_DEATH(static_cast<void>(Load<std::uint8_t>(used.data() + used.size())),
               "use-after-poison");
}

TEST(SplitDevicePropertiesDeathTest, WhatADeviceMustNotDoIsSeen) {
  const RingArena arena(4);
  const Chain chain;
  CheckPopped(arena, false, chain, 4, 3);
  EXPECT_DEATH(CheckPopped(arena, false, chain, 4, 1000),
               "taking a chain is bounded");
  EXPECT_DEATH(CheckPopped(arena, kViolation, chain, 4, 3),
               "a chain is refused by a rule of chains");
}

using Popped = protocol::Result<std::optional<Completion>>;

TEST(SplitDriverPropertiesDeathTest, WhatADriverMustNotBelieveIsSeen) {
  UsedRingShadow shadow(4);
  const auto completed = [&](std::uint16_t head, std::uint32_t length) {
    shadow.CheckPopped(Popped(Completion{head, length}));
  };
  shadow.Add(2, 16);
  EXPECT_DEATH(completed(2, 16), "what completes was shown");
  shadow.Publish();
  shadow.Add(3, 16);
  EXPECT_DEATH(completed(3, 16), "what completes was shown");
  EXPECT_DEATH(completed(1, 0), "what completes is outstanding");
  EXPECT_DEATH(completed(2, 17), "no more is written than there is room");
  EXPECT_DEATH(shadow.Add(2, 0), "a head is used once at a time");
  EXPECT_DEATH(shadow.CheckPopped(Popped(kViolation)),
               "a completion is refused by a rule of the used ring");
  completed(2, 16);
  EXPECT_DEATH(completed(2, 16), "what completes is outstanding");
}

}  // namespace
}  // namespace vuspec::fuzz
