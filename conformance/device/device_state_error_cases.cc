// Transfers of device state that fail: asked for wrongly, given up, broken.
#include "conformance/device/state_verbs.h"
#include "conformance/kit/bait.h"
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"

namespace vuspec {
namespace {

using protocol::DeviceStateTransfer;
using protocol::MakeRequest;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;

constexpr std::uint64_t kDeviceState = Mask(ProtocolFeature::DEVICE_STATE);
constexpr Needs kNeedsState = {.protocol = kDeviceState};
constexpr Needs kNeedsStateAndIo = {.protocol = kDeviceState, .io = true};

// What says of SET_DEVICE_STATE_FD that it failed: the low byte, or the end.
MATCHER(IsTransferError, "is the error of a transfer") {
  *result_listener << arg;
  if (arg.closed) return true;
  return arg.kind == Outcome::kReplied && !arg.violation &&
         (arg.value & 0xff) != 0 && arg.reply->fds.empty();
}

class DeviceStateErrors : public ConformanceCase {
 protected:
  Session& StartStateful() {
    return StartSession({.protocol = kPlainProtocol | kDeviceState});
  }
  Session& StartInUse() {
    return StartDevice({.protocol = kPlainProtocol | kDeviceState});
  }

  // With a descriptor that has to be closed again.
  void ExpectIsError(const DeviceStateTransfer& transfer) {
    Session& session = StartStateful();
    Bait bait;
    EXPECT_THAT(
        Ask(Raw(session), MakeRequest(Request::SET_DEVICE_STATE_FD, transfer),
            bait.fds()),
        IsTransferError());
    EXPECT_TRUE(bait.Released());
    Disconnect();
  }

  // A session of its own loads these bytes and is told that they are no state.
  void ExpectIsNoState(std::span<const std::byte> bytes) {
    Session& session = StartStateful();
    MarkNegative();
    const Reply<Done> loaded = LoadState(session, bytes);
    EXPECT_NE(loaded.nack(), nullptr)
        << bytes.size() << " bytes: " << loaded.Describe();
    Disconnect();
  }

  // Of a device in use. Nothing can be cut from a state of no bytes.
  std::vector<std::byte> SaveOne() {
    Session& session = StartInUse();
    Suspend(session);
    std::vector<std::byte> state = SaveState(session);
    Disconnect();
    if (state.empty()) CurrentCase().AmbigCase("the device has no state");
    return state;
  }
};

CONFORMANCE_CASE(DeviceStateErrors, AnUnknownDirectionIsOne,
                 .cites = {Req::DST_04, Req::DST_06, Req::DST_07},
                 .needs = kNeedsState) {
  ExpectIsError({.direction = 2});
  ExpectIsError({.direction = ~0u});
}

CONFORMANCE_CASE(DeviceStateErrors, AnUnknownPhaseIsOne,
                 .cites = {Req::DST_04, Req::DST_06, Req::DST_07},
                 .needs = kNeedsState) {
  ExpectIsError({.direction = Saving().direction, .phase = 1});
  ExpectIsError({.direction = Loading().direction, .phase = ~0u});
}

CONFORMANCE_CASE(DeviceStateErrors, LeaveATransferPossible,
                 .cites = {Req::DST_08, Req::DST_17},
                 .needs = kNeedsStateAndIo) {
  ExpectIsError({.direction = 2});
  Disconnect();
  Session& session = StartInUse();
  Suspend(session);
  SaveState(session);
}

// Refused, or begun all the same: the document asks the front-end not to.
CONFORMANCE_CASE(DeviceStateErrors, AreHarmlessToARingThatRuns,
                 .cites = {Req::DST_15}, .needs = kNeedsStateAndIo,
                 .open = {protocol::Ambiguity::kStateWhileRunning}) {
  Session& session = StartInUse();
  CompleteOne(session);
  Bait bait;
  const Outcome outcome =
      Ask(Raw(session), MakeRequest(Request::SET_DEVICE_STATE_FD, Saving()),
          bait.fds());
  CurrentCase().AmbigCase("a save while a ring runs: " + ToString(outcome));
  if (outcome.closed) return;
  EXPECT_THAT(outcome, IsReplied());
  CompleteOne(session);
}

CONFORMANCE_CASE(DeviceStateErrors, ACheckWithoutATransferIsAnswered,
                 .cites = {Req::DST_12}, .needs = kNeedsState,
                 .open = {protocol::Ambiguity::kStateCheckAlone}) {
  Session& session = StartStateful();
  const Outcome outcome =
      Ask(Raw(session), MakeRequest(Request::CHECK_DEVICE_STATE));
  EXPECT_THAT(outcome, testing::AnyOf(IsReplied(), IsRefused()));
  CurrentCase().AmbigCase("a check without a transfer: " + ToString(outcome));
}

CONFORMANCE_CASE(DeviceStateErrors, ASaveThatNobodyReadsFails,
                 .cites = {Req::DST_11, Req::DST_18},
                 .needs = kNeedsStateAndIo) {
  Session& session = StartInUse();
  MarkNegative();
  Suspend(session);
  HeldSave save = BeginHeldSave(session);
  save.channel.reset();
  const Reply<Done> check = session.frontend().CheckDeviceState();
  // A short state may have been written before the reader went.
  if (save.other_size == 0 && check.ok()) return;
  EXPECT_NE(check.nack(), nullptr) << check.Describe();
}

CONFORMANCE_CASE(DeviceStateErrors, TheSourceGoesOnAfterAnAbandonedSave,
                 .cites = {Req::DST_17, Req::DST_18},
                 .needs = kNeedsStateAndIo) {
  Session& session = StartInUse();
  const auto stops = Suspend(session);
  HeldSave save = BeginHeldSave(session);
  save.channel.reset();
  const Reply<Done> check = session.frontend().CheckDeviceState();
  EXPECT_TRUE(check.ok() || check.nack() != nullptr) << check.Describe();
  Resume(session, stops);
  CompleteOne(session);
}

CONFORMANCE_CASE(DeviceStateErrors, AStateThatEndsEarlyIsOne,
                 .cites = {Req::DST_11}, .needs = kNeedsStateAndIo) {
  const std::vector<std::byte> state = SaveOne();
  if (state.empty()) return;
  for (const std::size_t size :
       {std::size_t{0}, state.size() / 2, state.size() - 1}) {
    ExpectIsNoState(std::span(state).first(size));
  }
}

CONFORMANCE_CASE(DeviceStateErrors, BytesThatAreNoStateAreOne,
                 .cites = {Req::DST_11}, .needs = kNeedsStateAndIo) {
  std::vector<std::byte> state = SaveOne();
  if (state.empty()) return;
  for (std::byte& byte : state) byte = ~byte;
  ExpectIsNoState(state);
}

CONFORMANCE_CASE(DeviceStateErrors, AreToldOnceTheOutcomeIsKnown,
                 .cites = {Req::DST_10, Req::DST_11},
                 .needs = kNeedsStateAndIo) {
  const std::vector<std::byte> state = SaveOne();
  if (state.empty()) return;
  Session& session = StartStateful();
  UniqueFd channel = BeginLoad(session);
  WriteAll(channel, std::span(state).first(state.size() / 2));
  RawFrontend& raw = Raw(session);
  const auto check = HeaderOf(Request::CHECK_DEVICE_STATE);
  EXPECT_TRUE(raw.Send(check, {}, {}, CurrentRun().ForAnswer()).ok());
  AwaitRead(raw);
  channel.reset();
  const Outcome outcome = raw.Await(check, {}, CurrentRun().ForAnswer());
  EXPECT_THAT(outcome, IsReplied());
  EXPECT_NE(outcome.value, 0u) << "half a state was taken for a whole one";
}

// Whether the second replaces the first is open; that both end is not.
CONFORMANCE_CASE(DeviceStateErrors, ATransferBesideAnotherIsSurvived,
                 .cites = {Req::DST_16}, .needs = kNeedsStateAndIo,
                 .open = {protocol::Ambiguity::kStateTwice}) {
  Session& session = StartInUse();
  Suspend(session);
  HeldSave first = BeginHeldSave(session);
  Bait bait;
  const Outcome outcome =
      Ask(Raw(session), MakeRequest(Request::SET_DEVICE_STATE_FD, Saving()),
          bait.fds());
  EXPECT_THAT(outcome, testing::AnyOf(IsReplied(), IsRefused()));
  CurrentCase().AmbigCase("a save beside another: " + ToString(outcome));
  first.channel.reset();
}

}  // namespace
}  // namespace vuspec
