// What the operations of a story do with their parameters: operations.h.
#include <algorithm>
#include <array>
#include <memory>

#include "fuzz/fd_ledger.h"
#include "fuzz/frontend_run.h"
#include "harness/transport/memory_channel.h"
#include "protocol/codec.h"

namespace vuspec::fuzz {
namespace {

using Op = FrontendOperation;
using protocol::Inflight;

// A descriptor to lend, or none.
int FdOf(std::uint8_t choice) { return choice == 0 ? kNoFd : NullFd(); }

// Some regions that touch, some that overlap, some that are far apart.
GuestRegion RegionOf(std::uint8_t choice) {
  constexpr std::uint64_t kUserDistance = 0x5500'0000'0000;
  GuestRegion region;
  region.fd = FdOf(1);
  region.guest_address = std::uint64_t{choice & 0x1fU} << 20;
  region.size = std::uint64_t{1} << (20 + (choice >> 6));
  region.user_address = region.guest_address + kUserDistance;
  region.mmap_offset = (choice & 0x20) == 0 ? 0 : 0x1000;
  return region;
}

// In the kind of address that was negotiated.
protocol::VringAddr AddrOf(Input& parameters,
                           const protocol::SessionModel& model) {
  const bool guest =
      Has(model.protocol_features(), protocol::ProtocolFeature::GPA_ADDRESSES);
  protocol::VringAddr addr;
  addr.index = parameters.Take<std::uint16_t>();
  const GuestRegion region = RegionOf(parameters.Take<std::uint8_t>());
  addr.flags = parameters.Take<std::uint8_t>();
  const std::uint64_t base =
      (guest ? region.guest_address : region.user_address) +
      parameters.Take<std::uint16_t>();
  addr.descriptor = base;
  addr.available = base + 0x1'0000;
  addr.used = base + 0x2'0000;
  addr.log = parameters.Take<std::uint64_t>();
  return addr;
}

Inflight InflightOf(Input& parameters) {
  Inflight inflight;
  inflight.num_queues = parameters.Take<std::uint16_t>();
  inflight.queue_size = parameters.Take<std::uint16_t>();
  inflight.mmap_size = parameters.Take<std::uint64_t>();
  inflight.mmap_offset = parameters.Take<std::uint64_t>();
  return inflight;
}

}  // namespace

void FrontendRun::Perform(Op operation, Input in) {
  switch (operation) {
    case Op::kNegotiate: {
      const auto virtio = in.Take<std::uint64_t>();
      return Settle(frontend_.Negotiate(virtio, in.Take<std::uint64_t>()),
                    Steps::kMany);
    }
    case Op::kGetFeatures:
      return Settle(frontend_.GetFeatures());
    case Op::kSetFeatures:
      return Settle(frontend_.SetFeatures(in.Take<std::uint64_t>()));
    case Op::kSetOwner:
      return Settle(frontend_.SetOwner());
    case Op::kResetOwner:
      return Settle(frontend_.ResetOwner());
    case Op::kGetProtocolFeatures:
      return Settle(frontend_.GetProtocolFeatures());
    case Op::kSetProtocolFeatures:
      return Settle(frontend_.SetProtocolFeatures(in.Take<std::uint64_t>()));
    case Op::kGetQueueNum:
      return Settle(frontend_.GetQueueNum());
    case Op::kGetMaxMemSlots:
      return Settle(frontend_.GetMaxMemSlots());
    case Op::kSetMemTable: {
      std::array<GuestRegion, protocol::kMemoryRegionCountMax + 1> regions;
      std::size_t count = 0;
      while (!in.empty() && count < regions.size()) {
        regions[count++] = RegionOf(in.Take<std::uint8_t>());
      }
      return Settle(frontend_.SetMemTable(std::span(regions).first(count)),
                    Steps::kMany);
    }
    case Op::kAddMemReg:
      return Settle(frontend_.AddMemReg(RegionOf(in.Take<std::uint8_t>())));
    case Op::kRemMemReg:
      return Settle(frontend_.RemMemReg(RegionOf(in.Take<std::uint8_t>())));
    case Op::kSetLogBase: {
      const int fd = FdOf(in.Take<std::uint8_t>());
      const auto size = in.Take<std::uint64_t>();
      return Settle(frontend_.SetLogBase({size, in.Take<std::uint64_t>()}, fd));
    }
    case Op::kSetLogFd:
      return Settle(frontend_.SetLogFd(FdOf(in.Take<std::uint8_t>())));
    case Op::kIotlbMsg: {
      protocol::Iotlb iotlb;
      iotlb.type = in.Take<std::uint8_t>();
      iotlb.permission = in.Take<std::uint8_t>();
      iotlb.iova = in.Take<std::uint64_t>();
      iotlb.size = in.Take<std::uint64_t>();
      iotlb.user_address = in.Take<std::uint64_t>();
      return Settle(frontend_.IotlbMsg(iotlb));
    }
    case Op::kFence:
      return Settle(frontend_.Fence());
    case Op::kExchange:
      return Exchange(in);
    case Op::kBackendRequest:
      return AskBackendRequest(in);
    case Op::kClose:
      frontend_.Close();
      broken_ = true;
      return;
    default:
      return PerformRing(operation, in);
  }
}

void FrontendRun::PerformRing(Op operation, Input in) {
  const Input all = in;
  const std::uint32_t index = in.Take<std::uint16_t>();
  switch (operation) {
    case Op::kSetVringNum:
      return Settle(frontend_.SetVringNum(index, in.Take<std::uint32_t>()));
    case Op::kSetVringAddr: {
      Input addr = all;
      return Settle(frontend_.SetVringAddr(AddrOf(addr, frontend_.model())));
    }
    case Op::kSetVringBase:
      return Settle(frontend_.SetVringBase(index, in.Take<std::uint32_t>()));
    case Op::kGetVringBase:
      return Settle(frontend_.GetVringBase(index));
    case Op::kSetVringKick:
      return Settle(
          frontend_.SetVringKick(index, FdOf(in.Take<std::uint8_t>())));
    case Op::kSetVringCall:
      return Settle(
          frontend_.SetVringCall(index, FdOf(in.Take<std::uint8_t>())));
    case Op::kSetVringErr:
      return Settle(
          frontend_.SetVringErr(index, FdOf(in.Take<std::uint8_t>())));
    case Op::kSetVringEnable:
      return Settle(
          frontend_.SetVringEnable(index, in.Take<std::uint8_t>() != 0));
    case Op::kSetVringEndian:
      return Settle(
          frontend_.SetVringEndian(index, in.Take<std::uint8_t>() != 0));
    case Op::kVringKick:
      return Settle(frontend_.VringKick(index));
    default:
      return PerformDevice(operation, all);
  }
}

void FrontendRun::PerformDevice(Op operation, Input in) {
  switch (operation) {
    case Op::kGetConfig: {
      const std::uint32_t offset = in.Take<std::uint16_t>();
      const std::uint32_t size = in.Take<std::uint16_t>();
      return Settle(frontend_.GetConfig(offset, size, in.Take<std::uint8_t>()));
    }
    case Op::kSetConfig: {
      const std::uint32_t offset = in.Take<std::uint16_t>();
      const std::uint32_t flags = in.Take<std::uint8_t>();
      return Settle(frontend_.SetConfig(offset, in.TakeRest(), flags));
    }
    case Op::kSetStatus:
      return Settle(frontend_.SetStatus(in.Take<std::uint8_t>()));
    case Op::kGetStatus:
      return Settle(frontend_.GetStatus());
    case Op::kResetDevice:
      return Settle(frontend_.ResetDevice());
    case Op::kSendRarp: {
      std::array<std::uint8_t, 6> mac{};
      std::ranges::copy(in.TakeBytes(mac.size()), mac.begin());
      return Settle(frontend_.SendRarp(mac));
    }
    case Op::kNetSetMtu:
      return Settle(frontend_.NetSetMtu(in.Take<std::uint64_t>()));
    case Op::kGpuSetSocket:
      return Settle(frontend_.GpuSetSocket(FdOf(in.Take<std::uint8_t>())));
    case Op::kCreateCryptoSession:
      return Settle(frontend_.CreateCryptoSession(in.TakeRest()));
    case Op::kCloseCryptoSession:
      return Settle(frontend_.CloseCryptoSession(in.Take<std::uint64_t>()));
    case Op::kGetSharedObject: {
      protocol::Uuid uuid;
      std::ranges::copy(in.TakeBytes(uuid.bytes.size()), uuid.bytes.begin());
      return Settle(frontend_.GetSharedObject(uuid));
    }
    case Op::kGetShmemConfig:
      return Settle(frontend_.GetShmemConfig());
    default:
      return PerformMigration(operation, in);
  }
}

void FrontendRun::PerformMigration(Op operation, Input in) {
  switch (operation) {
    case Op::kPostcopyAdvise:
      return Settle(frontend_.PostcopyAdvise());
    case Op::kPostcopyListen:
      return Settle(frontend_.PostcopyListen());
    case Op::kPostcopyEnd:
      return Settle(frontend_.PostcopyEnd());
    case Op::kGetInflightFd:
      return Settle(frontend_.GetInflightFd(InflightOf(in)));
    case Op::kSetInflightFd: {
      const int fd = FdOf(in.Take<std::uint8_t>());
      return Settle(frontend_.SetInflightFd(InflightOf(in), fd));
    }
    case Op::kSetDeviceStateFd: {
      const int fd = FdOf(in.Take<std::uint8_t>());
      protocol::DeviceStateTransfer how;
      how.direction = in.Take<std::uint32_t>();
      how.phase = in.Take<std::uint32_t>();
      return Settle(frontend_.SetDeviceStateFd(how, fd));
    }
    case Op::kCheckDeviceState:
      return Settle(frontend_.CheckDeviceState());
    case Op::kSetBackendReqFd:
      return Settle(frontend_.SetBackendReqFd(FdOf(in.Take<std::uint8_t>())));
    case Op::kOpenBackendChannel:
      return Settle(frontend_.OpenBackendChannel());
    default:
      VU_PROPERTY(false, "every operation is performed");
  }
}

// Any row with any body of its kind: what the typed operations cannot make.
void FrontendRun::Exchange(Input in) {
  const auto rows = AllMessages(protocol::Channel::kMain);
  const protocol::MessageSpec& spec =
      rows[in.Take<std::uint8_t>() % rows.size()];
  protocol::Message request;
  request.spec = &spec;
  if (in.Take<std::uint8_t>() != 0) request.flags |= protocol::kNeedReplyFlag;
  std::array<int, protocol::kFdCountMax> fds;
  fds.fill(FdOf(1));
  const std::size_t fd_count = in.Take<std::uint8_t>() % (fds.size() + 1);
  const protocol::Payload kind =
      ResolvePayload(spec.payload, frontend_.model().context());
  const auto body = DecodeBody(kind, std::as_bytes(in.TakeRest()), {spec.name});
  request.body = body.ok() ? *body : protocol::EmptyBodyOf(kind);
  Settle(frontend_.Exchange(request, std::span(fds).first(fd_count)));
}

// The back-end asks on a channel of its own: a bounded number of times.
void FrontendRun::AskBackendRequest(Input in) {
  const auto cut = in.Take<std::uint8_t>();
  const auto fd_count = in.Take<std::uint8_t>();
  const auto value = in.Take<std::uint8_t>();
  ScriptedAsker asker(std::as_bytes(in.TakeRest()), cut, fd_count);
  BackendChannel channel(std::make_unique<MemoryChannel>(asker),
                         frontend_.model());
  // No message is shorter than its header.
  for (std::size_t i = 0; i <= kRecordSizeMax / protocol::kHeaderSize; ++i) {
    const auto received = channel.Receive(Deadline::Now());
    if (!received.ok()) {
      if (received.violation() != nullptr)
        CheckViolation(*received.violation());
      VU_PROPERTY(received.refusal() == nullptr && received.nack() == nullptr,
                  "a back-end that asks is right, wrong or away");
      if (!received.status().ok()) break;
      continue;
    }
    const protocol::Message& request = received->message;
    VU_PROPERTY(request.fd_count == received->fds.size(),
                "the descriptors of a request come with it");
    if (!channel.WantsAnswer(request)) continue;
    asker.Expect(request, value, frontend_.model().context());
    const absl::Status answered =
        channel.Answer(request, value, Deadline::Now());
    VU_PROPERTY(answered.ok() && asker.answered(), "an answer is sent");
  }
}

}  // namespace vuspec::fuzz
