// The rules of the session model about what a back-end says: the content of
// its replies, and of its own requests.
#include <algorithm>

#include "protocol/rule_violation.h"
#include "protocol/session_model.h"

namespace vuspec::protocol {

using namespace rules;  // NOLINT: the vocabulary of these files

namespace {

std::optional<Violation> CheckInflightReply(const Message& request,
                                            const Message& reply) {
  const auto* asked = std::get_if<Inflight>(&request.body);
  const auto* given = std::get_if<Inflight>(&reply.body);
  // Size 0 without a descriptor says that there is no such area.
  if (asked == nullptr || given == nullptr || given->mmap_size == 0) {
    return std::nullopt;
  }
  if (reply.fd_count != 1) {
    return Wrong(reply, Req::INFL_01, {"descriptors", 0}, Relation::kEqual, 1,
                 reply.fd_count);
  }
  if (auto wrong = Equal(reply, Req::INFL_02, {"num_queues", Byte(16)},
                         asked->num_queues, given->num_queues)) {
    return wrong;
  }
  return Equal(reply, Req::INFL_02, {"queue_size", Byte(18)}, asked->queue_size,
               given->queue_size);
}

std::optional<Violation> CheckShmemReply(const Message& reply) {
  const auto* config = std::get_if<ShmemConfig>(&reply.body);
  if (config == nullptr) return std::nullopt;
  const auto used = std::ranges::count_if(
      config->memory_sizes, [](std::uint64_t size) { return size != 0; });
  return Equal(reply, Req::SHM_02, {"region_count", Byte(0)},
               static_cast<std::uint64_t>(used), config->region_count);
}

bool Overlap(const MemoryRegion& a, const MemoryRegion& b) {
  return a.user_address <= b.user_address
             ? b.user_address - a.user_address < a.memory_size
             : a.user_address - b.user_address < b.memory_size;
}

// In postcopy the same regions come back, each with the place where the
// back-end has it.
std::optional<Violation> CheckBases(const Message& request,
                                    const Message& reply) {
  if (std::holds_alternative<U64>(reply.body)) return std::nullopt;  // an ack
  const Req req = request.spec->reply_cites.value_or(request.spec->cites);
  std::array<MemoryRegion, kMemoryRegionCountMax> asked;
  std::array<MemoryRegion, kMemoryRegionCountMax> told;
  const std::size_t count = CopyRegions(request.body, asked);
  if (auto wrong = Equal(reply, req, {"region_count", Byte(0)}, count,
                         CopyRegions(reply.body, told))) {
    return wrong;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (auto wrong = Equal(reply, req, {"guest_address", 0},
                           asked[i].guest_address, told[i].guest_address)) {
      return wrong;
    }
    if (auto wrong = Equal(reply, req, {"memory_size", 0}, asked[i].memory_size,
                           told[i].memory_size)) {
      return wrong;
    }
    const std::uint64_t base = told[i].user_address;
    if (base == 0) {
      return Wrong(reply, req, {"user_address", 0}, Relation::kAtLeast, 1, 0);
    }
    if (auto wrong = AtMost(reply, req, {"user_address", 0},
                            ~told[i].memory_size, base)) {
      return wrong;
    }
    for (std::size_t j = 0; j < i; ++j) {
      if (Overlap(told[j], told[i])) {
        return NotNow(reply, req, "a place that two regions share", base);
      }
    }
  }
  return std::nullopt;
}

std::optional<Violation> CheckMiss(const Message& request) {
  constexpr std::uint8_t kMiss = 1;
  constexpr std::uint8_t kAccessFail = 4;
  const auto& iotlb = std::get<Iotlb>(request.body);
  if (iotlb.type == kMiss || iotlb.type == kAccessFail) return std::nullopt;
  return Wrong(request, Req::IOTLB_07, {"type", Byte(25)}, Relation::kEqual,
               kMiss, iotlb.type);
}

std::optional<Violation> CheckNotifierArea(const Message& request,
                                           const VringArea& area) {
  constexpr std::uint64_t kPage = 4096;  // the least of any host
  if (auto wrong = OnlyBits(request, Req::BCH_14, {"index", Byte(0)},
                            kNoFdBit | 0xff, area.index)) {
    return wrong;
  }
  if ((area.index & kNoFdBit) != 0) return std::nullopt;
  if (area.size < kPage) {
    return Wrong(request, Req::BCH_14, {"size", Byte(8)}, Relation::kAtLeast,
                 kPage, area.size);
  }
  if (area.size % kPage == 0) return std::nullopt;
  return Wrong(request, Req::BCH_14, {"size", Byte(8)}, Relation::kMultipleOf,
               kPage, area.size);
}

std::optional<Violation> CheckShmemRange(const Message& request, Req req) {
  const auto& map = std::get<ShmemMap>(request.body);
  if (map.length == 0) {
    return Wrong(request, req, {"length", Byte(24)}, Relation::kAtLeast, 1, 0);
  }
  if (auto wrong = AtMost(request, req, {"shm_offset", Byte(16)}, ~map.length,
                          map.shm_offset)) {
    return wrong;
  }
  return AtMost(request, req, {"flags", Byte(32)}, 1, map.flags);
}

}  // namespace

// Messages without an effect on the session, so named by their id.
std::optional<Violation> SessionModel::CheckReplyToFetch(
    const Message& request, const Message& reply) const {
  const std::uint64_t value = ValueOf(reply);
  if (request.spec->channel == Channel::kBackend) {
    const bool lookup =
        request.spec == &Spec(BackendRequest::BACKEND_SHARED_OBJECT_LOOKUP);
    if (lookup && (value == 0) != (reply.fd_count == 1)) {
      return Wrong(reply, Req::BCH_18, {"descriptors", 0}, Relation::kEqual,
                   value == 0 ? 1 : 0, reply.fd_count);
    }
    return std::nullopt;
  }
  switch (static_cast<Request>(request.spec->id)) {
    case Request::SET_MEM_TABLE:
    case Request::ADD_MEM_REG:
      return CheckBases(request, reply);
    case Request::GET_INFLIGHT_FD:
      return CheckInflightReply(request, reply);
    case Request::GET_SHMEM_CONFIG:
      return CheckShmemReply(reply);
    case Request::SET_DEVICE_STATE_FD:
      if (reply.fd_count == 0) return std::nullopt;
      return OnlyBits(reply, Req::DST_07, kValue, ~std::uint64_t{0xff}, value);
    default:
      return std::nullopt;
  }
}

std::optional<Violation> SessionModel::CheckBackendValues(
    const Message& request) const {
  const auto* state = std::get_if<VringState>(&request.body);
  switch (static_cast<BackendRequest>(request.spec->id)) {
    case BackendRequest::BACKEND_IOTLB_MSG:
      return CheckMiss(request);
    case BackendRequest::BACKEND_VRING_HOST_NOTIFIER_MSG:
      return CheckNotifierArea(request, std::get<VringArea>(request.body));
    case BackendRequest::BACKEND_SHMEM_MAP:
      return CheckShmemRange(request, Req::BCH_19);
    case BackendRequest::BACKEND_SHMEM_UNMAP:
      return CheckShmemRange(request, Req::BCH_21);
    case BackendRequest::BACKEND_VRING_CALL:
      if (rings_[state->index].has_call) {
        return NotNow(request, Req::INB_09, "the ring has a call descriptor");
      }
      return AtMost(request, Req::INB_05, kNum, 0, state->num);
    case BackendRequest::BACKEND_VRING_ERR:
      if (rings_[state->index].has_err) {
        return NotNow(request, Req::INB_07, "the ring has an err descriptor");
      }
      return AtMost(request, Req::INB_06, kNum, 0, state->num);
    default:
      return std::nullopt;
  }
}

}  // namespace vuspec::protocol
