// The network device, over a session of its own and by itself.
#include <array>

#include "gtest/gtest.h"
#include "harness/backend/net_device.h"
#include "harness/backend/test_frontend.h"
#include "harness/memory/mapping.h"
#include "harness/memory/shared_access.h"
#include "harness/memory/userfault.h"

namespace vuspec {
namespace {

using protocol::Request;
using protocol::U64;

constexpr std::uint64_t kNetProtocolFeatures =
    TestFrontend::kProtocolFeatures |
    protocol::Mask(protocol::ProtocolFeature::MTU);
constexpr std::uint64_t kMtuFeature = std::uint64_t{1} << 3;

// Both rings, started, with one buffer of 2 KiB to receive into.
class NetTest : public testing::Test {
 protected:
  NetTest() : server_("net"), frontend_(server_) {
    frontend_.Negotiate(TestFrontend::kFeatures | kMtuFeature,
                        kNetProtocolFeatures);
    frontend_.ShareMemory();
    for (std::uint32_t index : {0u, 1u}) {
      frontend_.Prepare(index);
      frontend_.Kick(index);
    }
    receive_ = *frontend_.memory().Allocate(2048, 16);
    transmit_ = *frontend_.memory().Allocate(112, 16);
    FillOut(transmit_.bytes.data(), 112, std::byte{0x42});
  }

  void Post(std::uint32_t index, const Segment& segment) {
    EXPECT_TRUE(
        frontend_.ring(index).driver.AddChain(std::array{segment}).ok());
    frontend_.ring(index).driver.Publish();
    frontend_.ring(index).kick.Signal();
  }
  void PostReceive() { Post(0, {receive_.guest_address, 2048, true}); }
  void PostTransmit() { Post(1, {transmit_.guest_address, 112, false}); }

  TestServer server_;
  TestFrontend frontend_;
  GuestBuffer receive_;
  GuestBuffer transmit_;
};

TEST_F(NetTest, WhatIsSentComesBack) {
  frontend_.Enable(0);
  frontend_.Enable(1);
  ASSERT_TRUE(frontend_.Fence());
  PostTransmit();  // before there is a buffer to receive into
  ASSERT_TRUE(frontend_.Reap(1).has_value());
  EXPECT_TRUE(frontend_.Idle(0));
  PostReceive();
  const auto done = frontend_.Reap(0);
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->length, 112u);
  std::array<std::byte, 112> bytes{};
  CopyIn(bytes, receive_.bytes.data());
  EXPECT_EQ(bytes[10], std::byte{1});  // num_buffers
  EXPECT_EQ(bytes[12], std::byte{0x42});
  EXPECT_EQ(bytes[111], std::byte{0x42});
}

TEST_F(NetTest, ADisabledTransmitRingThrowsItsPacketsAway) {
  frontend_.Enable(0);
  ASSERT_TRUE(frontend_.Fence());
  PostReceive();
  PostTransmit();
  EXPECT_TRUE(frontend_.Reap(1).has_value());
  EXPECT_TRUE(frontend_.Idle(0));
  frontend_.Enable(1);
  ASSERT_TRUE(frontend_.Fence());
  PostTransmit();
  EXPECT_TRUE(frontend_.Reap(0).has_value());
}

TEST_F(NetTest, TheMtuIsChecked) {
  EXPECT_EQ(frontend_.Tell(Request::NET_SET_MTU, U64{9000}).u64(), 0u);
  EXPECT_TRUE(frontend_.Tell(Request::NET_SET_MTU, U64{67}).refused());
  EXPECT_TRUE(frontend_.Tell(Request::NET_SET_MTU, U64{65536}).refused());
}

TEST_F(NetTest, AChangeIsAnnouncedWhenARingRuns) {
  auto pair = SocketPair();
  ASSERT_TRUE(pair.ok());
  Connection ours(std::move(pair->first));
  EXPECT_EQ(
      frontend_.Tell(Request::SET_BACKEND_REQ_FD, {}, {pair->second->PollFd()})
          .u64(),
      0u);
  server_.server().ChangeConfig();
  Received received = ours.Receive(Soon());
  ASSERT_TRUE(received.ok()) << received.status();
  EXPECT_EQ(received.message().header.request, 2u);
  EXPECT_EQ(received.message().header.size, 0u);
}

TEST_F(NetTest, SuspendedItKeepsItsNewsUntilARingRuns) {
  auto pair = SocketPair();
  ASSERT_TRUE(pair.ok());
  Connection ours(std::move(pair->first));
  frontend_.Tell(Request::SET_BACKEND_REQ_FD, {}, {pair->second->PollFd()});
  for (std::uint32_t index : {0u, 1u}) {
    frontend_.Ask(Request::GET_VRING_BASE, protocol::VringState{index, 0});
  }
  server_.server().ChangeConfig();
  ASSERT_TRUE(frontend_.Fence());
  ASSERT_TRUE(frontend_.Fence());
  EXPECT_TRUE(absl::IsDeadlineExceeded(ours.Receive(Deadline::Now()).status()));
  frontend_.Kick(0);
  EXPECT_TRUE(ours.Receive(Soon()).ok());
}

TEST(HostNotifierTest, IsHeardWithoutAnyMessage) {
  using protocol::ProtocolFeature;
  const TestServer server("net");
  TestFrontend frontend(server);
  frontend.Negotiate(TestFrontend::kFeatures,
                     TestFrontend::kProtocolFeatures |
                         protocol::Mask(ProtocolFeature::BACKEND_SEND_FD,
                                        ProtocolFeature::HOST_NOTIFIER));
  auto pair = SocketPair();
  ASSERT_TRUE(pair.ok());
  Connection ours(std::move(pair->first));
  frontend.Tell(Request::SET_BACKEND_REQ_FD, {}, {pair->second->PollFd()});
  frontend.ShareMemory();
  frontend.Prepare(1);
  frontend.Kick(1);
  frontend.Enable(1);
  ASSERT_TRUE(frontend.Fence());
  Received notifier = ours.Receive(Soon());
  ASSERT_TRUE(notifier.ok()) << notifier.status();
  ASSERT_EQ(notifier.message().fds.size(), 1u);
  const std::uint64_t size = Userfault::PageSize();
  const auto page =
      Mapping::Create(notifier.message().fds[0].get(), size, size);
  ASSERT_TRUE(page.ok()) << page.status();

  const GuestBuffer frame = *frontend.memory().Allocate(112, 16);
  const Segment segment = {frame.guest_address, 112, false};
  ASSERT_TRUE(frontend.ring(1).driver.AddChain(std::array{segment}).ok());
  frontend.ring(1).driver.Publish();
  Store<std::uint16_t>(page->data(), 1);
  EXPECT_TRUE(frontend.Reap(1).has_value());
}

}  // namespace
}  // namespace vuspec
