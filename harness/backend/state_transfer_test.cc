#include "harness/backend/state_transfer.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "harness/backend/net_device.h"
#include "harness/backend/state_image.h"
#include "harness/backend/test_frontend.h"

namespace vuspec {
namespace {

using protocol::DeviceStateTransfer;
using protocol::ProtocolFeature;
using protocol::Request;

constexpr DeviceStateTransfer kSave = {.direction = 0, .phase = 0};
constexpr DeviceStateTransfer kLoad = {.direction = 1, .phase = 0};

TEST(StateImageTest, OpensWhatItSealed) {
  const std::vector<std::uint8_t> state = {1, 2, 3};
  const std::vector<std::uint8_t> image = SealState("blk", state);
  const auto opened = OpenState("blk", image);
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(std::vector(opened->begin(), opened->end()), state);
}

TEST(StateImageTest, RefusesWhatWasCutOrChangedOrIsOfAnotherDevice) {
  const std::vector<std::uint8_t> image = SealState("blk", {});
  EXPECT_FALSE(OpenState("net", image).has_value());
  for (std::size_t i = 0; i < image.size(); ++i) {
    EXPECT_FALSE(OpenState("blk", std::span(image).first(i)).has_value());
    std::vector<std::uint8_t> changed = image;
    changed[i] ^= 1;
    EXPECT_FALSE(OpenState("blk", changed).has_value());
  }
}

TEST(NetStateTest, HoldsTheFramesOnTheWire) {
  NetDevice source;
  source.ChangeConfig();
  source.SendRarp({1, 2, 3, 4, 5, 6});
  source.SendRarp({6, 5, 4, 3, 2, 1});
  const std::vector<std::uint8_t> state = source.SaveState();
  NetDevice destination;
  EXPECT_TRUE(destination.LoadState(state));
  EXPECT_EQ(destination.SaveState(), state);
  EXPECT_TRUE(destination.Wants(NetDevice::kReceiveQueue));
}

TEST(NetStateTest, RefusesAStateThatEndsInsideAFrame) {
  NetDevice device;
  device.SendRarp({1, 2, 3, 4, 5, 6});
  const std::vector<std::uint8_t> state = device.SaveState();
  NetDevice other;
  for (std::size_t size = 2; size < state.size(); ++size) {
    EXPECT_FALSE(other.LoadState(std::span(state).first(size))) << size;
  }
  EXPECT_FALSE(other.Wants(NetDevice::kReceiveQueue));
}

class StateTransferTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kFeatures =
      TestFrontend::kProtocolFeatures |
      protocol::Mask(ProtocolFeature::DEVICE_STATE);

  StateTransferTest() {
    frontend_.Negotiate(TestFrontend::kFeatures, kFeatures);
  }

  std::uint64_t Begin(const DeviceStateTransfer& how, int fd) {
    frontend_.Send(Request::SET_DEVICE_STATE_FD, how, {fd});
    return frontend_.Await().u64();
  }
  std::uint64_t Check() {
    return frontend_.Ask(Request::CHECK_DEVICE_STATE).u64();
  }
  static Pipe MakePipe() { return *Pipe::Create(); }

  TestServer server_{"net"};
  TestFrontend frontend_{server_};
};

TEST_F(StateTransferTest, AFileIsAChannelToo) {
  const UniqueFd file(::memfd_create("state", MFD_CLOEXEC));
  EXPECT_EQ(Begin(kSave, file.get()), protocol::kNoFdBit);
  EXPECT_EQ(Check(), 0u);
  EXPECT_GT(::lseek(file.get(), 0, SEEK_CUR), 0);
  ASSERT_EQ(::lseek(file.get(), 0, SEEK_SET), 0);
  EXPECT_EQ(Begin(kLoad, file.get()), protocol::kNoFdBit);
  EXPECT_EQ(Check(), 0u);
}

TEST_F(StateTransferTest, ACheckIsAnsweredAtTheEndOfTheState) {
  Pipe pipe = MakePipe();
  Begin(kLoad, pipe.read_fd());
  frontend_.Send(Request::CHECK_DEVICE_STATE);
  pipe.CloseWriteEnd();
  EXPECT_EQ(frontend_.Await().u64(), 1u);
  EXPECT_TRUE(frontend_.Fence());
}

TEST_F(StateTransferTest, AnAnswerThatIsDueDoesNotOutliveItsSession) {
  const Pipe pipe = MakePipe();
  {
    TestServer server("blk");
    auto first = std::make_unique<TestFrontend>(server);
    first->Negotiate(TestFrontend::kFeatures, kFeatures);
    first->Send(Request::SET_DEVICE_STATE_FD, kLoad, {pipe.read_fd()});
    first->Send(Request::CHECK_DEVICE_STATE);
    first.reset();
    EXPECT_TRUE(TestFrontend(server).Fence());
  }
}

TEST_F(StateTransferTest, AStartedRingGivesItUp) {
  const Pipe pipe = MakePipe();
  Begin(kLoad, pipe.read_fd());
  frontend_.ShareMemory();
  frontend_.Prepare(0);
  frontend_.Kick(0);
  ASSERT_TRUE(frontend_.Fence());
  frontend_.Ask(Request::GET_VRING_BASE, protocol::VringState{0, 0});
  EXPECT_EQ(Check(), 1u);
}

}  // namespace
}  // namespace vuspec
