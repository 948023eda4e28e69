// The mock without defects, from the first message to the last.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/blk_device.h"
#include "harness/backend/offer.h"
#include "harness/backend/test_frontend.h"
#include "harness/ring/hostile_ring.h"
#include "harness/transport/test_support.h"

namespace vuspec {
namespace {

using protocol::Has;
using protocol::Request;
using protocol::U64;
using protocol::VirtioFeature;
using protocol::VringState;

TEST(LifecycleTest, NegotiatesWhatItOffers) {
  TestServer server;
  TestFrontend frontend(server);
  const std::uint64_t features = frontend.Ask(Request::GET_FEATURES).u64();
  EXPECT_TRUE(Has(features, VirtioFeature::PROTOCOL_FEATURES));
  EXPECT_TRUE(Has(features, VirtioFeature::VERSION_1));
  const std::uint64_t offered =
      frontend.Ask(Request::GET_PROTOCOL_FEATURES).u64();
  EXPECT_EQ(offered & TestFrontend::kProtocolFeatures,
            TestFrontend::kProtocolFeatures);
  EXPECT_EQ(frontend.Ask(Request::GET_QUEUE_NUM).u64(), BlkDevice::kQueueCount);
  frontend.Negotiate(features);
  EXPECT_EQ(frontend.Ask(Request::GET_MAX_MEM_SLOTS).u64(), kSlotCount);
  EXPECT_EQ(frontend.Tell(Request::SET_FEATURES, U64{features}).u64(), 0u);
}

TEST(LifecycleTest, ReadsASector) {
  TestServer server;
  TestFrontend frontend(server);
  frontend.Begin();
  const std::uint16_t head = frontend.PostRead();
  const auto done = frontend.Reap();
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(*done, (Completion{head, 513}));
  EXPECT_THAT(frontend.memory().CheckCanaries(), testing::IsEmpty());
}

TEST(LifecycleTest, StopsAndResumesWhereItStopped) {
  TestServer server;
  TestFrontend frontend(server);
  frontend.Begin();
  for (int i = 0; i < 3; ++i) {
    frontend.PostRead();
    ASSERT_TRUE(frontend.Reap().has_value());
  }
  EXPECT_EQ(frontend.Ask(Request::GET_VRING_BASE, VringState{0, 0}).state(),
            (VringState{0, 3}));
  const std::uint16_t head = frontend.PostRead();
  EXPECT_TRUE(frontend.Idle());
  EXPECT_EQ(frontend.Ask(Request::GET_VRING_BASE, VringState{0, 7}).state(),
            (VringState{0, 3}));
  frontend.Kick(0);  // what is available needs no kick
  const auto done = frontend.Reap();
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->head, head);
}

TEST(LifecycleTest, AnEnabledRingNeedsToBeStartedAndTheOtherWayRound) {
  TestServer server;
  TestFrontend frontend(server);
  frontend.Negotiate();
  frontend.ShareMemory();
  frontend.Prepare(0);
  frontend.Enable(0);
  frontend.PostRead();
  EXPECT_TRUE(frontend.Idle());
  frontend.Enable(0, false);
  frontend.Kick(0);
  EXPECT_TRUE(frontend.Idle());
  frontend.Enable(0);
  EXPECT_TRUE(frontend.Reap().has_value());
}

TEST(LifecycleTest, WithoutBit30RingsAreEnabledFromTheStart) {
  TestServer server;
  TestFrontend frontend(server);
  frontend.Negotiate(Mask(VirtioFeature::VERSION_1));
  frontend.ShareMemory();
  frontend.Prepare(0);
  frontend.Kick(0);
  frontend.PostRead();
  EXPECT_TRUE(frontend.Reap().has_value());
}

TEST(LifecycleTest, PollsARingWithoutKickDescriptor) {
  TestServer server;
  TestFrontend frontend(server);
  frontend.Negotiate();
  frontend.ShareMemory();
  frontend.Prepare(0);
  frontend.Send(Request::SET_VRING_KICK, U64{protocol::kNoFdBit});
  frontend.Enable(0);
  ASSERT_TRUE(frontend.Fence());
  for (int i = 0; i < 3; ++i) {
    frontend.PostRead();  // its kick event is known to nobody
    EXPECT_TRUE(frontend.Reap().has_value());
  }
}

TEST(LifecycleTest, FollowsTheMemoryOfARunningRing) {
  TestServer server;
  TestFrontend frontend(server);
  frontend.Begin();
  frontend.PostRead();
  ASSERT_TRUE(frontend.Reap().has_value());
  auto other = GuestMemory::CreateDefault(1);
  ASSERT_TRUE(other.ok());
  std::ranges::copy(frontend.memory().RegionBytes(0),
                    other->RegionBytes(0).begin());
  EXPECT_EQ(frontend
                .Tell(Request::SET_MEM_TABLE, frontend.TableOf(*other),
                      frontend.FdsOf(*other))
                .u64(),
            0u);
  // The ring is served in the new memory: in the old, nothing happens.
  frontend.PostRead();
  EXPECT_TRUE(frontend.Idle());
}

TEST(LifecycleTest, NothingRunsBeforeDriverOk) {
  TestServer server;
  TestFrontend frontend(server);
  frontend.Negotiate();
  frontend.ShareMemory();
  frontend.Prepare(0);
  EXPECT_EQ(frontend.Tell(Request::SET_STATUS, U64{0xb}).u64(), 0u);
  frontend.Kick(0);
  frontend.Enable(0);
  frontend.PostRead();
  EXPECT_TRUE(frontend.Idle());
  EXPECT_EQ(frontend.Tell(Request::SET_STATUS, U64{0xf}).u64(), 0u);
  EXPECT_TRUE(frontend.Reap().has_value());
  EXPECT_EQ(frontend.Ask(Request::GET_STATUS).u64(), 0xfu);
}

TEST(LifecycleTest, AHostileRingIsStoppedAndTheSessionGoesOn) {
  TestServer server;
  TestFrontend frontend(server);
  TestRing& ring = frontend.Begin();
  const auto readable = frontend.memory().Allocate(16, 16);
  const auto writable = frontend.memory().Allocate(513, 16);
  const auto post =
      PostHostileRing(HostileRing::kLoop, ring.driver, frontend.memory(),
                      {{readable->guest_address, 16, false},
                       {writable->guest_address, 513, true}});
  ASSERT_TRUE(post.ok());
  ring.kick.Signal();
  EXPECT_TRUE(ring.err.Wait(Soon()).ok());
  EXPECT_TRUE(frontend.Idle());
  // Another ring is not concerned.
  frontend.Prepare(1);
  frontend.Kick(1);
  frontend.Enable(1);
  frontend.PostRead(1);
  EXPECT_TRUE(frontend.Reap(1).has_value());
}

TEST(LifecycleTest, ServesSessionAfterSessionAndKeepsNothing) {
  TestServer server;
  // Counted within a session that answers, so that the one before is over.
  const auto count_fds = [&] {
    TestFrontend frontend(server);
    EXPECT_TRUE(frontend.Fence());
    return OpenFds().size();
  };
  const std::size_t before = count_fds();
  for (int i = 0; i < 50; ++i) {
    TestFrontend frontend(server);
    frontend.Begin();
    frontend.PostRead();
    ASSERT_TRUE(frontend.Reap().has_value());
    frontend.Send(Request::SET_VRING_NUM, VringState{77, 1});
    ASSERT_TRUE(frontend.Await().closed);
  }
  EXPECT_EQ(count_fds(), before);
}

}  // namespace
}  // namespace vuspec
