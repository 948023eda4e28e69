// The part of ControlPlane about messages that only some devices know, and
// about the state of a device on its way from one back-end to another.
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <utility>

#include "harness/backend/control_plane.h"
#include "harness/backend/misbehaviour.h"
#include "harness/backend/offer.h"
#include "protocol/codec.h"
#include "protocol/features.h"

namespace vuspec {

using protocol::Message;
using protocol::Opaque;
using protocol::Request;
using protocol::U64;

namespace {

constexpr std::uint32_t kSave = 0;

// The end for us and the end for the front-end.
struct StateChannel {
  UniqueFd ours;
  UniqueFd theirs;
};

StateChannel MakeStateChannel(bool saves) {
  std::array<int, 2> ends = {-1, -1};
  (void)!::pipe2(ends.data(), O_CLOEXEC);
  UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  if (saves) return {std::move(write_end), std::move(read_end)};
  return {std::move(read_end), std::move(write_end)};
}

// The first six bytes of the payload.
std::array<std::uint8_t, 6> AddressOf(const U64& payload) {
  std::array<std::uint8_t, 6> address{};
  for (std::size_t i = 0; i < address.size(); ++i) {
    address[i] = static_cast<std::uint8_t>(payload.value >> (8 * i));
  }
  return address;
}

}  // namespace

Handled ControlPlane::CarryForDevice(const Message& request,
                                     std::vector<UniqueFd>& fds) {
  switch (static_cast<Request>(request.spec->id)) {
    case Request::SEND_RARP: {
      const bool sent =
          device_.SendRarp(AddressOf(std::get<U64>(request.body)));
      rings_.WakeAll();
      return Handled::DoneIf(sent);
    }
    case Request::NET_SET_MTU:
      return Handled::DoneIf(device_.SetMtu(std::get<U64>(request.body).value));
    case Request::SET_VRING_ENDIAN: {
      const auto& state = std::get<protocol::VringState>(request.body);
      const bool big = state.num == 1 && !fault_(Fault::kBigEndianIgnored);
      rings_.ring(state.index)
          .SetOrder(RingOrderOf(big ? std::endian::big : std::endian::little));
      return Handled::Done();
    }
    case Request::GPU_SET_SOCKET:
      return Handled::DoneIf(gpu_socket_.Open(std::move(fds[0])));
    case Request::CREATE_CRYPTO_SESSION:
      return Handled::Reply(
          crypto_sessions_.Create(std::get<Opaque>(request.body)));
    case Request::CLOSE_CRYPTO_SESSION:
      return Handled::DoneIf(
          crypto_sessions_.Close(std::get<U64>(request.body).value));
    case Request::GET_SHARED_OBJECT:
      return GetSharedObject(std::get<protocol::Uuid>(request.body));
    case Request::SET_DEVICE_STATE_FD:
      return SetDeviceStateFd(
          std::get<protocol::DeviceStateTransfer>(request.body),
          std::move(fds[0]));
    case Request::CHECK_DEVICE_STATE:
      return CheckDeviceState();
    case Request::POSTCOPY_ADVISE:
      return AdvisePostcopy(request);
    case Request::POSTCOPY_LISTEN:
      return ListenForPostcopy(request);
    case Request::POSTCOPY_END:
      return EndPostcopy(request);
    default:
      // Behind a gate that we do not offer.
      return fault_(Fault::kUnimplementedFeatureOffered) ? Unheeded(request)
                                                         : Handled::Refused();
  }
}

// No payload: what is described is the descriptor alone.
Handled ControlPlane::GetSharedObject(const protocol::Uuid& uuid) {
  return Handled::Reply(protocol::Empty{}, shared_objects_.Get(uuid));
}

Handled ControlPlane::SetDeviceStateFd(
    const protocol::DeviceStateTransfer& transfer, UniqueFd channel) {
  const bool saves = transfer.direction == kSave;
  StateChannel own;
  if (fault_(Fault::kOwnStateChannel)) {
    own = MakeStateChannel(saves);
    channel = std::move(own.ours);
  }
  saves ? state_transfer_.Save(std::move(channel))
        : state_transfer_.Load(std::move(channel));
  const bool says_fd = own.theirs || fault_(Fault::kStateFdBitMissing);
  return Handled::Reply(U64{says_fd ? 0 : protocol::kNoFdBit},
                        std::move(own.theirs));
}

Handled ControlPlane::CheckDeviceState() {
  if (!state_transfer_.begun()) SufferStrayCheck(fault_);
  if (!state_transfer_.running()) return Handled::Reply(StateVerdict());
  if (fault_(Fault::kStateJudgedTooEarly)) return Handled::Reply(U64{0});
  return Handled::Later();
}

protocol::Body ControlPlane::StateVerdict() const {
  return U64{state_transfer_.succeeded() ? 0u : 1u};
}

void ControlPlane::AnnounceObjects() {
  const auto news = shared_objects_.News();
  if (news && channel_.Send(*news)) shared_objects_.NewsWereSent();
  const auto lookup = shared_objects_.Wanted();
  if (lookup && channel_.Send(*lookup)) shared_objects_.LookupWasSent();
}

void ControlPlane::SufferSuspension() {
  if (!model_.suspended()) return;
  if (fault_(Fault::kWritesWhileSuspended)) Scribble(memory_, model_);
  if (fault_(Fault::kSignalsWhileSuspended)) rings_.ring(0).SignalCall();
}

}  // namespace vuspec
