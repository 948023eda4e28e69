// The GPU, over a session of its own and by itself.
#include <array>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/backend/gpu_device.h"
#include "harness/backend/gpu_test_support.h"
#include "harness/transport/poll.h"

namespace vuspec {
namespace {

using protocol::Request;
using testing::ElementsAre;
using testing::SizeIs;

constexpr std::uint32_t kGetDisplayInfo = 0x100;
constexpr std::uint32_t kCreate = 0x101;
constexpr std::uint32_t kUnref = 0x102;
constexpr std::uint32_t kOkNoData = 0x1100;
constexpr std::uint32_t kOkDisplayInfo = 0x1101;
constexpr std::uint32_t kUnspecified = 0x1200;
constexpr std::uint32_t kInvalidResourceId = 0x1203;
constexpr std::uint32_t kInvalidParameter = 0x1205;

class GpuTest : public testing::Test {
 protected:
  GpuTest() : server_("gpu"), frontend_(server_) { frontend_.Begin(); }

  bool Takes(int socket) {
    return !frontend_.Tell(Request::GPU_SET_SOCKET, {}, {socket}).refused();
  }

  TestServer server_;
  TestFrontend frontend_;
};

TEST_F(GpuTest, ResourcesAreCreatedAndDestroyedOnce) {
  EXPECT_EQ(AskGpu(frontend_, {kCreate, 5}), kOkNoData);
  EXPECT_EQ(AskGpu(frontend_, {kCreate, 5}), kInvalidResourceId);
  EXPECT_EQ(AskGpu(frontend_, {kUnref, 5}), kOkNoData);
  EXPECT_EQ(AskGpu(frontend_, {kUnref, 5}), kInvalidResourceId);
  EXPECT_EQ(AskGpu(frontend_, {kCreate, 5}), kOkNoData);
}

TEST_F(GpuTest, WhatIsNoResourceIsNotCreated) {
  EXPECT_EQ(AskGpu(frontend_, {kCreate, 0}), kInvalidResourceId);
  EXPECT_EQ(AskGpu(frontend_, {.type = kCreate, .resource = 1, .format = 5}),
            kInvalidParameter);
  EXPECT_EQ(AskGpu(frontend_, {0x1ff, 1}), kUnspecified);
}

TEST_F(GpuTest, FencesAreRepeated) {
  EXPECT_THAT(GpuAnswer(frontend_, {kCreate, 5, 1, 77}),
              ElementsAre(kOkNoData, 1, 77, 0, 0, 0));
  EXPECT_THAT(GpuAnswer(frontend_, {kCreate, 6, 0, 77}),
              ElementsAre(kOkNoData, 0, 0, 0, 0, 0));
}

TEST_F(GpuTest, HasOneDisplay) {
  const auto info = GpuAnswer(frontend_, {kGetDisplayInfo});
  ASSERT_THAT(info, SizeIs(102));
  EXPECT_EQ(info[0], kOkDisplayInfo);
  EXPECT_EQ(info[8], 1024u);
  EXPECT_EQ(info[9], 768u);
  EXPECT_EQ(info[10], 1u);
  EXPECT_EQ(info[16], 0u);
  EXPECT_THAT(GpuAnswer(frontend_, {kGetDisplayInfo}, 32),
              ElementsAre(kUnspecified, 0, 0, 0, 0, 0));
}

TEST_F(GpuTest, ADisplayThatIsFullOrGoneHurtsNobody) {
  auto full = SocketPair();
  const std::vector<std::byte> bytes(1 << 20);
  EXPECT_FALSE(full->second->Send(bytes, {}, Deadline::Now()).ok());
  EXPECT_TRUE(Takes(full->second->PollFd()));
  auto gone = SocketPair();
  gone->first.reset();
  EXPECT_TRUE(Takes(gone->second->PollFd()));
  EXPECT_TRUE(Takes(Pipe::Create()->write_fd()));
  EXPECT_EQ(AskGpu(frontend_, {kCreate, 5}), kOkNoData);
}

TEST(GpuSocketTest, IsForNoOtherDevice) {
  const TestServer server("blk");
  TestFrontend frontend(server);
  frontend.Negotiate();
  const auto pair = SocketPair();
  EXPECT_TRUE(
      frontend.Tell(Request::GPU_SET_SOCKET, {}, {pair->second->PollFd()})
          .refused());
}

TEST(GpuDeviceTest, EventsStayUntilTheyAreCleared) {
  GpuDevice gpu;
  gpu.ChangeConfig();
  EXPECT_EQ(gpu.config()[0], 1);
  EXPECT_FALSE(gpu.WriteConfig(0, std::array<std::uint8_t, 4>{}));
  EXPECT_FALSE(gpu.WriteConfig(4, std::array<std::uint8_t, 1>{1}));
  EXPECT_EQ(gpu.config()[0], 1);
  EXPECT_TRUE(gpu.WriteConfig(4, std::array<std::uint8_t, 4>{1}));
  EXPECT_EQ(gpu.config()[0], 0);
  EXPECT_EQ(gpu.config()[4], 0);
}

TEST(GpuDeviceTest, StateIsWhatItSaved) {
  GpuDevice gpu;
  const std::vector<std::uint8_t> state = {1, 0, 0, 0, 5, 0, 0, 0, 7, 0, 0, 0};
  ASSERT_TRUE(gpu.LoadState(state));
  EXPECT_EQ(gpu.SaveState(), state);
  EXPECT_FALSE(gpu.LoadState(std::span(state).first(11)));
  EXPECT_FALSE(gpu.LoadState(std::span(state).first(3)));
  const std::vector<std::uint8_t> twice = {0, 0, 0, 0, 5, 0, 0, 0, 5, 0, 0, 0};
  EXPECT_FALSE(gpu.LoadState(twice));
  const std::vector<std::uint8_t> zero = {0, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_FALSE(gpu.LoadState(zero));
  EXPECT_EQ(gpu.SaveState(), state);
  gpu.Reset();
  EXPECT_EQ(gpu.SaveState(), std::vector<std::uint8_t>(4));
}

}  // namespace
}  // namespace vuspec
