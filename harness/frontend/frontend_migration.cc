// The requests for migration, crash recovery and the back-end channel.
#include <string_view>
#include <utility>

#include "harness/frontend/frontend.h"
#include "harness/transport/unix_socket.h"

namespace vuspec {

using protocol::MakeRequest;
using protocol::Request;
using protocol::U64;

namespace {

// The low byte of SET_DEVICE_STATE_FD's reply; bit 8 speaks of descriptors.
constexpr std::uint64_t kTransferErrorMask = 0xff;

constexpr std::string_view kNotListening = "POSTCOPY_LISTEN was not sent";

Refusal NotNow(std::string_view why) {
  return {{.req = protocol::Req::PC_09,
           .subject = Spec(Request::SET_MEM_TABLE).name,
           .field = why,
           .relation = protocol::Relation::kNotAllowedNow}};
}

UniqueFd TakeFd(Answered& answered) {
  return answered.fds.empty() ? UniqueFd() : std::move(answered.fds.front());
}

}  // namespace

Reply<UniqueFd> Frontend::PostcopyAdvise() {
  Reply<Answered> answered =
      Exchange(MakeRequest(Request::POSTCOPY_ADVISE), {});
  if (!answered) return answered.failure();
  return TakeFd(*answered);
}

Reply<Done> Frontend::PostcopyListen() {
  return Plain(MakeRequest(Request::POSTCOPY_LISTEN));
}

Reply<protocol::MemoryTable> Frontend::PostcopySetMemTable(
    std::span<const GuestRegion> regions) {
  if (!model_->context().postcopy_listening) return NotNow(kNotListening);
  const Reply<Answered> answered = ExchangeTable(regions);
  if (!answered) return answered.failure();
  protocol::MemoryTable bases;
  bases.region_count = static_cast<std::uint32_t>(
      CopyRegions(answered->reply.body, bases.regions));
  return bases;
}

Reply<protocol::MemoryRegion> Frontend::PostcopyAddMemReg(
    const GuestRegion& region) {
  if (!model_->context().postcopy_listening) return NotNow(kNotListening);
  const Reply<Answered> answered =
      ExchangeSlot(Request::ADD_MEM_REG, region, region.fd);
  if (!answered) return answered.failure();
  return protocol::FirstRegion(answered->reply.body);
}

Reply<Done> Frontend::PostcopyAcknowledge() {
  if (!model_->context().postcopy_ack_due) {
    return NotNow("no reply waits for its acknowledgement");
  }
  const Reply<Answered> answered = ExchangeTable({});
  if (!answered) return answered.failure();
  return Done{};
}

Reply<Done> Frontend::PostcopyEnd() {
  const Reply<std::uint64_t> end = Ask(Request::POSTCOPY_END);
  if (!end) return end.failure();
  if (*end != 0) return Nack{*end};
  return Done{};
}

Reply<InflightArea> Frontend::GetInflightFd(const protocol::Inflight& wanted) {
  Reply<Answered> answered =
      Exchange(MakeRequest(Request::GET_INFLIGHT_FD, wanted), {});
  if (!answered) return answered.failure();
  return InflightArea{std::get<protocol::Inflight>(answered->reply.body),
                      TakeFd(*answered)};
}

Reply<Done> Frontend::SetInflightFd(const protocol::Inflight& area, int fd) {
  return Plain(MakeRequest(Request::SET_INFLIGHT_FD, area), OneFd(fd));
}

Reply<UniqueFd> Frontend::SetDeviceStateFd(
    const protocol::DeviceStateTransfer& how, int fd) {
  Reply<Answered> answered =
      Exchange(MakeRequest(Request::SET_DEVICE_STATE_FD, how), OneFd(fd));
  if (!answered) return answered.failure();
  const std::uint64_t value = std::get<U64>(answered->reply.body).value;
  if ((value & kTransferErrorMask) != 0) return Nack{value};
  return TakeFd(*answered);
}

Reply<Done> Frontend::CheckDeviceState() {
  const Reply<std::uint64_t> state = Ask(Request::CHECK_DEVICE_STATE);
  if (!state) return state.failure();
  if (*state != 0) return Nack{*state};
  return Done{};
}

Reply<Done> Frontend::SetBackendReqFd(int fd) {
  return Plain(MakeRequest(Request::SET_BACKEND_REQ_FD), OneFd(fd));
}

Reply<BackendChannel> Frontend::OpenBackendChannel() {
  auto pair = SocketPair();
  if (!pair.ok()) return pair.status();
  // The peer's end is closed here when this function returns.
  if (Reply<Done> sent = SetBackendReqFd(pair->second->PollFd()); !sent) {
    return sent.failure();
  }
  return BackendChannel(std::move(pair->first), *model_, options_.observer);
}

}  // namespace vuspec
