// The 44 requests of the front-end, in the order of frontend.h.
#include <algorithm>
#include <utility>

#include "harness/frontend/frontend.h"

namespace vuspec {

using protocol::MakeRequest;
using protocol::Message;
using protocol::Req;
using protocol::Request;
using protocol::U64;
using protocol::Violation;
using protocol::VringState;

namespace {

std::uint64_t Value(const Answered& answered) {
  const auto* u64 = std::get_if<U64>(&answered.reply.body);
  return u64 == nullptr ? 0 : u64->value;
}

UniqueFd TakeFd(Answered& answered) {
  return answered.fds.empty() ? UniqueFd() : std::move(answered.fds.front());
}

// With GPA_ADDRESSES the user address is the guest address once more.
protocol::MemoryRegion ToWire(const GuestRegion& region,
                              const protocol::SessionModel& model) {
  const bool by_guest_address =
      Has(model.protocol_features(), protocol::ProtocolFeature::GPA_ADDRESSES);
  return {region.guest_address, region.size,
          by_guest_address ? region.guest_address : region.user_address,
          region.mmap_offset};
}

// Laid out as was negotiated; a Xen region is mapped as any other one.
protocol::Body TableOf(std::span<const GuestRegion> regions,
                       const protocol::SessionModel& model) {
  protocol::MemoryTable table;
  protocol::XenMemoryTable xen;
  for (const GuestRegion& region : regions) {
    table.regions[table.region_count++] = ToWire(region, model);
    xen.regions[xen.region_count++].region = ToWire(region, model);
  }
  if (model.context().xen_mmap) return xen;
  return table;
}

protocol::Body SlotOf(const GuestRegion& region,
                      const protocol::SessionModel& model) {
  const protocol::MemoryRegion wire = ToWire(region, model);
  if (!model.context().xen_mmap) return protocol::SingleMemoryRegion{0, wire};
  return protocol::XenSingleMemoryRegion{0, {.region = wire}};
}

// Replies of their own whose u64 says success (0) or failure.
Reply<Done> ZeroIsDone(const Reply<Answered>& answered) {
  if (!answered) return answered.failure();
  const std::uint64_t value = Value(*answered);
  if (value != 0) return Nack{value};
  return Done{};
}

Reply<Done> DoneIfAnswered(const Reply<Answered>& answered) {
  if (!answered) return answered.failure();
  return Done{};
}

}  // namespace

Reply<Done> Frontend::Plain(Message request, std::span<const int> fds) {
  return DoneIfAnswered(Exchange(std::move(request), fds));
}

Reply<std::uint64_t> Frontend::Ask(Request request) {
  const Reply<Answered> answered = Exchange(MakeRequest(request), {});
  if (!answered) return answered.failure();
  return Value(*answered);
}

Reply<std::uint64_t> Frontend::GetFeatures() {
  return Ask(Request::GET_FEATURES);
}

Reply<Done> Frontend::SetFeatures(std::uint64_t features) {
  return Plain(MakeRequest(Request::SET_FEATURES, U64{features}));
}

Reply<Done> Frontend::SetOwner() {
  return Plain(MakeRequest(Request::SET_OWNER));
}

Reply<Done> Frontend::ResetOwner() {
  return Plain(MakeRequest(Request::RESET_OWNER));
}

Reply<std::uint64_t> Frontend::GetProtocolFeatures() {
  return Ask(Request::GET_PROTOCOL_FEATURES);
}

Reply<Done> Frontend::SetProtocolFeatures(std::uint64_t features) {
  return Plain(MakeRequest(Request::SET_PROTOCOL_FEATURES, U64{features}));
}

Reply<std::uint64_t> Frontend::GetQueueNum() {
  return Ask(Request::GET_QUEUE_NUM);
}

Reply<std::uint64_t> Frontend::GetMaxMemSlots() {
  return Ask(Request::GET_MAX_MEM_SLOTS);
}

Reply<Answered> Frontend::ExchangeTable(std::span<const GuestRegion> regions) {
  if (regions.size() > protocol::kMemoryRegionCountMax) {
    return Refusal{Violation{.req = Req::MEM_16,
                             .subject = Spec(Request::SET_MEM_TABLE).name,
                             .field = "region_count",
                             .offset = protocol::kHeaderSize,
                             .relation = protocol::Relation::kAtMost,
                             .expected = protocol::kMemoryRegionCountMax,
                             .actual = regions.size()}};
  }
  std::array<int, protocol::kMemoryRegionCountMax> fds{};
  std::ranges::transform(regions, fds.begin(), &GuestRegion::fd);
  return Exchange(
      MakeRequest(Request::SET_MEM_TABLE, TableOf(regions, *model_)),
      std::span<const int>(fds).first(regions.size()));
}

Reply<Done> Frontend::SetMemTable(std::span<const GuestRegion> regions) {
  const Reply<Answered> answered = ExchangeTable(regions);
  if (!answered) return answered.failure();
  // In postcopy the back-end goes on only after an empty table (PC-09).
  if (model_->context().postcopy_ack_due) return PostcopyAcknowledge();
  return Done{};
}

Reply<Answered> Frontend::ExchangeSlot(Request request,
                                       const GuestRegion& region, int fd) {
  return Exchange(MakeRequest(request, SlotOf(region, *model_)), OneFd(fd));
}

Reply<Done> Frontend::AddMemReg(const GuestRegion& region) {
  return DoneIfAnswered(ExchangeSlot(Request::ADD_MEM_REG, region, region.fd));
}

Reply<Done> Frontend::RemMemReg(const GuestRegion& region) {
  return DoneIfAnswered(ExchangeSlot(Request::REM_MEM_REG, region, kNoFd));
}

Reply<Done> Frontend::SetLogBase(const protocol::Log& log, int fd) {
  if (!model_->context().log_shmfd) {
    return Plain(MakeRequest(Request::SET_LOG_BASE, U64{log.mmap_offset}),
                 OneFd(fd));
  }
  return Plain(MakeRequest(Request::SET_LOG_BASE, log), OneFd(fd));
}

Reply<Done> Frontend::SetLogFd(int fd) {
  return Plain(MakeRequest(Request::SET_LOG_FD), OneFd(fd));
}

Reply<Done> Frontend::IotlbMsg(const protocol::Iotlb& iotlb) {
  return ZeroIsDone(Exchange(MakeRequest(Request::IOTLB_MSG, iotlb), {}));
}

Reply<Done> Frontend::SetVringNum(std::uint32_t index, std::uint32_t num) {
  return Plain(MakeRequest(Request::SET_VRING_NUM, VringState{index, num}));
}

Reply<Done> Frontend::SetVringAddr(const protocol::VringAddr& addr) {
  return Plain(MakeRequest(Request::SET_VRING_ADDR, addr));
}

Reply<Done> Frontend::SetVringBase(std::uint32_t index, std::uint32_t base) {
  return Plain(MakeRequest(Request::SET_VRING_BASE, VringState{index, base}));
}

Reply<VringState> Frontend::GetVringBase(std::uint32_t index) {
  const Reply<Answered> answered =
      Exchange(MakeRequest(Request::GET_VRING_BASE, VringState{index, 0}), {});
  if (!answered) return answered.failure();
  return std::get<VringState>(answered->reply.body);
}

Reply<Done> Frontend::SetVringFd(Request request, std::uint32_t index, int fd) {
  // Only eight bits of the index travel: more would name another ring.
  if (index >= protocol::kVringCountMax) {
    return Refusal{Violation{.req = Req::MQ_06,
                             .subject = Spec(request).name,
                             .field = "index",
                             .offset = protocol::kHeaderSize,
                             .relation = protocol::Relation::kBelow,
                             .expected = protocol::kVringCountMax,
                             .actual = index}};
  }
  const std::uint64_t no_fd = fd < 0 ? protocol::kNoFdBit : 0;
  return Plain(MakeRequest(request, U64{index | no_fd}), OneFd(fd));
}

Reply<Done> Frontend::SetVringKick(std::uint32_t index, int fd) {
  return SetVringFd(Request::SET_VRING_KICK, index, fd);
}

Reply<Done> Frontend::SetVringCall(std::uint32_t index, int fd) {
  return SetVringFd(Request::SET_VRING_CALL, index, fd);
}

Reply<Done> Frontend::SetVringErr(std::uint32_t index, int fd) {
  return SetVringFd(Request::SET_VRING_ERR, index, fd);
}

Reply<Done> Frontend::SetVringEnable(std::uint32_t index, bool on) {
  return Plain(
      MakeRequest(Request::SET_VRING_ENABLE, VringState{index, on ? 1u : 0u}));
}

Reply<Done> Frontend::SetVringEndian(std::uint32_t index, bool big) {
  return Plain(
      MakeRequest(Request::SET_VRING_ENDIAN, VringState{index, big ? 1u : 0u}));
}

Reply<Done> Frontend::VringKick(std::uint32_t index) {
  return Plain(MakeRequest(Request::VRING_KICK, VringState{index, 0}));
}

Reply<protocol::Config> Frontend::GetConfig(std::uint32_t offset,
                                            std::uint32_t size,
                                            std::uint32_t flags) {
  protocol::Config config;
  config.offset = offset;
  config.size = size;
  config.flags = flags;
  const Reply<Answered> answered =
      Exchange(MakeRequest(Request::GET_CONFIG, config), {});
  if (!answered) return answered.failure();
  // A failure has no payload at all, or one without a byte (CFG-03).
  const auto* read = std::get_if<protocol::Config>(&answered->reply.body);
  if (read == nullptr || (read->size == 0 && size != 0)) return Nack{};
  return *read;
}

Reply<Done> Frontend::SetConfig(std::uint32_t offset,
                                std::span<const std::uint8_t> bytes,
                                std::uint32_t flags) {
  protocol::Config config;
  config.offset = offset;
  config.size = static_cast<std::uint32_t>(bytes.size());
  config.flags = flags;
  std::copy_n(bytes.begin(), std::min(bytes.size(), config.bytes.size()),
              config.bytes.begin());
  return Plain(MakeRequest(Request::SET_CONFIG, config));
}

Reply<Done> Frontend::SetStatus(std::uint8_t status) {
  return Plain(MakeRequest(Request::SET_STATUS, U64{status}));
}

Reply<std::uint8_t> Frontend::GetStatus() {
  const Reply<std::uint64_t> status = Ask(Request::GET_STATUS);
  if (!status) return status.failure();
  return static_cast<std::uint8_t>(*status);
}

Reply<Done> Frontend::ResetDevice() {
  return Plain(MakeRequest(Request::RESET_DEVICE));
}

Reply<Done> Frontend::SendRarp(const std::array<std::uint8_t, 6>& mac) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < mac.size(); ++i) {
    value |= std::uint64_t{mac[i]} << (8 * i);
  }
  return Plain(MakeRequest(Request::SEND_RARP, U64{value}));
}

Reply<Done> Frontend::NetSetMtu(std::uint64_t mtu) {
  return Plain(MakeRequest(Request::NET_SET_MTU, U64{mtu}));
}

Reply<Done> Frontend::GpuSetSocket(int fd) {
  return Plain(MakeRequest(Request::GPU_SET_SOCKET), OneFd(fd));
}

Reply<protocol::Opaque> Frontend::CreateCryptoSession(
    std::span<const std::uint8_t> session) {
  protocol::Opaque opaque;
  opaque.size = static_cast<std::uint32_t>(session.size());
  std::copy_n(session.begin(), std::min(session.size(), opaque.bytes.size()),
              opaque.bytes.begin());
  const Reply<Answered> answered =
      Exchange(MakeRequest(Request::CREATE_CRYPTO_SESSION, opaque), {});
  if (!answered) return answered.failure();
  return std::get<protocol::Opaque>(answered->reply.body);
}

Reply<Done> Frontend::CloseCryptoSession(std::uint64_t session_id) {
  return Plain(MakeRequest(Request::CLOSE_CRYPTO_SESSION, U64{session_id}));
}

Reply<UniqueFd> Frontend::GetSharedObject(const protocol::Uuid& uuid) {
  Reply<Answered> answered =
      Exchange(MakeRequest(Request::GET_SHARED_OBJECT, uuid), {});
  if (!answered) return answered.failure();
  return TakeFd(*answered);
}

Reply<protocol::ShmemConfig> Frontend::GetShmemConfig() {
  const Reply<Answered> answered =
      Exchange(MakeRequest(Request::GET_SHMEM_CONFIG), {});
  if (!answered) return answered.failure();
  return std::get<protocol::ShmemConfig>(answered->reply.body);
}

}  // namespace vuspec
