// The state of a device, saved by one session and loaded into another.
#include <array>

#include "conformance/device/blk_verbs.h"
#include "conformance/device/state_verbs.h"
#include "conformance/kit/case.h"

namespace vuspec {
namespace {

using protocol::ProtocolFeature;
using protocol::Req;
using protocol::VringState;

constexpr std::uint64_t kDeviceState = Mask(ProtocolFeature::DEVICE_STATE);
constexpr Needs kNeedsState = {.protocol = kDeviceState, .io = true};

// The cache mode of a disk is what a driver can set; with FLUSH it is not
// fixed.
constexpr std::uint64_t kCacheMode = kBlkFeatureFlush | kBlkFeatureConfigWce;
constexpr std::uint32_t kWritebackOffset = 32;

class DeviceState : public ConformanceCase {
 protected:
  Session& StartStateful() {
    return StartSession({.virtio = kPlainVirtio | (probe().virtio_features &
                                                   (is_blk() ? kCacheMode : 0)),
                         .protocol = kPlainProtocol | kDeviceState});
  }
  // A device that was in use.
  Session& StartSource() {
    Session& session = StartStateful();
    Require(session.BringDevice());
    CompleteOne(session);
    stops_ = Suspend(session);
    return session;
  }
  // After the end of the source.
  Session& StartDestination() {
    Disconnect();
    return StartStateful();
  }
  // What the source saved is loaded into a new session.
  Session& Migrate() {
    const std::vector<std::byte> state = SaveState(StartSource());
    Session& destination = StartDestination();
    Require(LoadState(destination, state));
    return destination;
  }
  std::span<const VringState> stops() const { return stops_; }

  static bool is_blk() { return CurrentRun().device() == "blk"; }

 private:
  std::vector<VringState> stops_;
};

CONFORMANCE_CASE(DeviceState, IsSavedToTheEndOfFile,
                 .cites = {Req::DST_01, Req::DST_06, Req::DST_08, Req::DST_10,
                           Req::DST_14, Req::DST_20},
                 .needs = kNeedsState) {
  Session& session = StartSource();
  const UniqueFd channel = BeginSave(session);
  ReadToEnd(channel);
  EXPECT_THAT(session.frontend().CheckDeviceState(), Succeeds());
}

CONFORMANCE_CASE(DeviceState, IsSavedBeforeAnyRingWasStarted,
                 .cites = {Req::DST_08, Req::SUSP_05}, .needs = kNeedsState) {
  Session& session = StartStateful();
  SaveState(session);
  ExpectVerifiedIo(session);
}

CONFORMANCE_CASE(DeviceState, IsSavedAsOftenAsItIsAskedFor,
                 .cites = {Req::DST_08, Req::DST_17}, .needs = kNeedsState) {
  Session& session = StartSource();
  for (int i = 0; i < 4; ++i) SaveState(session);
}

CONFORMANCE_CASE(DeviceState, IsLoadedIntoAFreshSession,
                 .cites = {Req::DST_01, Req::DST_09, Req::DST_10},
                 .needs = kNeedsState) {
  const std::vector<std::byte> state = SaveState(StartSource());
  EXPECT_THAT(LoadState(StartDestination(), state), Succeeds());
}

CONFORMANCE_CASE(DeviceState, IsLoadedInPieces,
                 .cites = {Req::DST_09, Req::DST_16}, .needs = kNeedsState) {
  const std::vector<std::byte> state = SaveState(StartSource());
  Session& destination = StartDestination();
  UniqueFd channel = BeginLoad(destination);
  for (const std::byte& byte : state) {
    EXPECT_TRUE(WriteAll(channel, std::span(&byte, 1)));
    if (&byte - state.data() < 16) Require(destination.frontend().Fence());
  }
  channel.reset();
  EXPECT_THAT(destination.frontend().CheckDeviceState(), Succeeds());
}

CONFORMANCE_CASE(DeviceState, LetsTheDriverGoOnWithoutSettingUpAgain,
                 .cites = {Req::DST_13}, .needs = kNeedsState) {
  Session& destination = Migrate();
  ResumeElsewhere(destination, stops());
  CompleteOne(destination);
}

CONFORMANCE_CASE(DeviceState, IsFollowedByAVerifiedIo, .cites = {Req::DST_13},
                 .needs = kNeedsState) {
  ExpectVerifiedIo(Migrate());
}

CONFORMANCE_CASE(DeviceState, HoldsWhatTheDriverSet, .cites = {Req::DST_13},
                 .needs = {
                     .virtio = kCacheMode,
                     .protocol = kDeviceState | Mask(ProtocolFeature::CONFIG),
                     .device = "blk"}) {
  Session& source = StartSource();
  const std::array<std::uint8_t, 1> write_through = {0};
  Require(source.frontend().SetConfig(kWritebackOffset, write_through));
  const std::vector<std::byte> state = SaveState(source);
  Session& destination = StartDestination();
  Require(LoadState(destination, state));
  const auto config =
      Require(destination.frontend().GetConfig(0, kWritebackOffset + 1));
  EXPECT_EQ(config.bytes[kWritebackOffset], 0);
}

// That the bytes are the same is not asked for: a format may hold a date.
CONFORMANCE_CASE(DeviceState, IsSavedAgainWhereItWasLoaded,
                 .cites = {Req::DST_08, Req::DST_13}, .needs = kNeedsState,
                 .open = {protocol::Ambiguity::kStateBytes}) {
  const std::vector<std::byte> state = SaveState(StartSource());
  Session& destination = StartDestination();
  Require(LoadState(destination, state));
  if (SaveState(destination) == state) return;
  CurrentCase().AmbigCase("a loaded state is saved as other bytes");
}

CONFORMANCE_CASE(DeviceState, LetsTheSourceGoOnAfterASave,
                 .cites = {Req::DST_17}, .needs = kNeedsState) {
  Session& source = StartSource();
  SaveState(source);
  Resume(source, stops());
  CompleteOne(source);
}

CONFORMANCE_CASE(DeviceState, IsNoHindranceToOtherMessagesWhileItIsSaved,
                 .cites = {Req::DST_16, Req::SUSP_04}, .needs = kNeedsState) {
  Session& source = StartSource();
  const HeldSave save = BeginHeldSave(source);
  for (int i = 0; i < 4; ++i) Require(source.frontend().Fence());
  EXPECT_GE(ReadToEnd(save.channel).size(), save.other_size);
  EXPECT_THAT(source.frontend().CheckDeviceState(), Succeeds());
}

CONFORMANCE_CASE(DeviceState, IsNoHindranceToOtherMessagesWhileItIsLoaded,
                 .cites = {Req::DST_16, Req::SUSP_04}, .needs = kNeedsState) {
  const std::vector<std::byte> state = SaveState(StartSource());
  const auto half = std::span(state).first(state.size() / 2);
  Session& destination = StartDestination();
  UniqueFd channel = BeginLoad(destination);
  EXPECT_TRUE(WriteAll(channel, half));
  for (int i = 0; i < 4; ++i) Require(destination.frontend().Fence());
  EXPECT_TRUE(WriteAll(channel, std::span(state).subspan(half.size())));
  channel.reset();
  EXPECT_THAT(destination.frontend().CheckDeviceState(), Succeeds());
}

}  // namespace
}  // namespace vuspec
