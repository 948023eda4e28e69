// The nested negotiation, and the features that need others.
#include "gtest/gtest.h"
#include "harness/frontend/frontend.h"
#include "harness/frontend/test_support.h"

namespace vuspec {
namespace {

constexpr std::uint64_t kBit30 = std::uint64_t{1} << 30;
constexpr std::uint64_t kVersion1 = std::uint64_t{1} << 32;
constexpr std::uint64_t kNetMq = std::uint64_t{1} << 22;

TEST(Negotiate, TakesTheOrderOfTheSeed) {
  ScriptedPeer peer;
  peer.Says(U64Reply(1, kBit30 | kVersion1 | kNetMq));
  peer.Says(U64Reply(15, 0xffff));
  const auto result = peer.frontend().Negotiate(kVersion1 | kNetMq, 0x9);
  ASSERT_TRUE(result.ok()) << result.Describe();
  EXPECT_EQ(result->virtio_offered, kBit30 | kVersion1 | kNetMq);
  EXPECT_EQ(result->protocol_offered, 0xffffu);
  EXPECT_EQ(result->virtio, kBit30 | kVersion1 | kNetMq);
  EXPECT_EQ(result->protocol, 0x9u);
  EXPECT_EQ(result->queue_count, 256u);
  EXPECT_EQ(peer.Heard(),
            WithoutSpaces("03000000 01000000 00000000"
                          "01000000 01000000 00000000"
                          "0f000000 01000000 00000000"
                          "10000000 01000000 08000000 0900000000000000"
                          "02000000 01000000 08000000 0000404001000000"));
}

TEST(Negotiate, WithoutBit30ThereAreNoProtocolFeatures) {
  ScriptedPeer peer;
  peer.Says(U64Reply(1, kVersion1));
  const auto result = peer.frontend().Negotiate(~0ull, ~0ull);
  ASSERT_TRUE(result.ok()) << result.Describe();
  EXPECT_EQ(result->virtio, kVersion1);
  EXPECT_EQ(result->protocol, 0u);
  EXPECT_EQ(peer.Heard(),
            WithoutSpaces("03000000 01000000 00000000"
                          "01000000 01000000 00000000"
                          "02000000 01000000 08000000 0000000001000000"));
  // Without bit 30 all rings are enabled from the start.
  EXPECT_TRUE(peer.frontend().model().ring(0).enabled);
}

TEST(Negotiate, WithoutMqThereIsOnePair) {
  ScriptedPeer peer;
  peer.Says(U64Reply(1, kBit30 | kNetMq));
  peer.Says(U64Reply(15, 0x8));
  const auto result = peer.frontend().Negotiate(~0ull, ~0ull);
  ASSERT_TRUE(result.ok()) << result.Describe();
  EXPECT_EQ(result->virtio, kBit30);
  EXPECT_EQ(result->queue_count, 2u);
}

TEST(Negotiate, SendsTheOwnerOnce) {
  ScriptedPeer peer;
  ASSERT_TRUE(peer.frontend().SetOwner().ok());
  peer.Heard();
  peer.Says(U64Reply(1, 0));
  ASSERT_TRUE(peer.frontend().Negotiate(0, 0).ok());
  EXPECT_EQ(peer.Heard().substr(0, 8), "01000000");
}

TEST(Negotiate, BitsOfferedWithoutWhatTheyNeedAreLeftOut) {
  // HOST_NOTIFIER without BACKEND_SEND_FD, BACKEND_REQ without anything.
  EXPECT_EQ(WithPrerequisites(0x820), 0x20u);
  // A chain falls as a whole.
  EXPECT_EQ(WithPrerequisites(0x1 | 0xc00), 0x1u);
  EXPECT_EQ(WithPrerequisites(0xc20), 0xc20u);

  ScriptedPeer peer;
  peer.Says(U64Reply(1, kBit30));
  peer.Says(U64Reply(15, 0x820));
  const auto result = peer.frontend().Negotiate(0, ~0ull);
  ASSERT_TRUE(result.ok()) << result.Describe();
  EXPECT_EQ(result->protocol, 0x20u);
}

TEST(Negotiate, AFailureOnTheWayIsTheFailure) {
  ScriptedPeer peer;
  peer.Says(U64Reply(1, kBit30));
  peer.Says(U64Reply(16, 0));
  const auto result = peer.frontend().Negotiate(0, 0);
  ASSERT_NE(result.violation(), nullptr);
  EXPECT_EQ(result.violation()->subject, "GET_PROTOCOL_FEATURES reply");
}

TEST(Negotiate, AMovedFrontendGoesOn) {
  ScriptedPeer peer;
  peer.Negotiates(kAllVirtio, kAllProtocol);
  Frontend moved = std::move(peer.frontend());
  EXPECT_TRUE(moved.SetVringNum(0, 8).ok());
  EXPECT_EQ(moved.model().ring(0).size, 8u);
}

}  // namespace
}  // namespace vuspec
