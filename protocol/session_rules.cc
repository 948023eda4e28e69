// The rules of the session model about values: which fields, in this state,
// the specification forbids.
#include <bit>

#include "protocol/rule_violation.h"
#include "protocol/session_model.h"

namespace vuspec::protocol {

using namespace rules;  // NOLINT: the vocabulary of these files

namespace {

std::optional<Violation> CheckSize(const Message& message, std::uint32_t size,
                                   bool packed) {
  if (size == 0) {
    return Wrong(message, Req::VNUM_03, kNum, Relation::kAtLeast, 1, 0);
  }
  if (size > kVringSizeMax) {
    return Wrong(message, Req::VNUM_04, kNum, Relation::kAtMost, kVringSizeMax,
                 size);
  }
  if (!packed && !std::has_single_bit(size)) {
    return Wrong(message, Req::VNUM_05, kNum, Relation::kPowerOfTwo,
                 kVringSizeMax, size);
  }
  return std::nullopt;
}

// The sum start + size, where it must not pass 64 bits.
std::optional<Violation> NoWrap(const Message& message, Req req, At at,
                                std::uint64_t start, std::uint64_t size) {
  return AtMost(message, req, at, ~size, start);
}

std::optional<Violation> CheckLog(const Message& message, const Log& log) {
  if (log.mmap_size == 0) {
    return Wrong(message, Req::LOG_06, {"mmap_size", Byte(0)},
                 Relation::kAtLeast, 1, 0);
  }
  return NoWrap(message, Req::LOG_06, {"mmap_offset", Byte(8)}, log.mmap_offset,
                log.mmap_size);
}

std::optional<Violation> CheckIotlb(const Message& message,
                                    const Iotlb& iotlb) {
  constexpr std::uint8_t kUpdate = 2;
  constexpr std::uint8_t kInvalidate = 3;
  if (iotlb.type != kUpdate && iotlb.type != kInvalidate) {
    return Wrong(message, Req::IOTLB_05, {"type", Byte(25)}, Relation::kEqual,
                 kUpdate, iotlb.type);
  }
  if (iotlb.size == 0) {
    return Wrong(message, Req::IOTLB_15, {"size", Byte(8)}, Relation::kAtLeast,
                 1, 0);
  }
  if (auto wrong = AtMost(message, Req::IOTLB_15, {"permission", Byte(24)}, 3,
                          iotlb.permission)) {
    return wrong;
  }
  return NoWrap(message, Req::IOTLB_15, {"iova", Byte(0)}, iotlb.iova,
                iotlb.size);
}

std::optional<Violation> CheckConfig(const Message& message,
                                     const Config& config) {
  if (config.offset > ~config.size) {
    return Wrong(message, Req::CFG_06, {"offset", Byte(0)}, Relation::kAtMost,
                 ~config.size, config.offset);
  }
  return AtMost(message, Req::CFG_17, {"flags", Byte(8)}, 1, config.flags);
}

std::optional<Violation> CheckTransfer(const Message& message,
                                       const DeviceStateTransfer& transfer) {
  if (auto wrong = AtMost(message, Req::DST_04, {"direction", Byte(0)}, 1,
                          transfer.direction)) {
    return wrong;
  }
  return AtMost(message, Req::DST_04, {"phase", Byte(4)}, 0, transfer.phase);
}

// A bit whose companions are not negotiated with it.
std::optional<Violation> CheckPrerequisites(const Message& message,
                                            std::uint64_t features) {
  const auto feature = FindUnmet(features);
  if (!feature) return std::nullopt;
  Req req = Req::PF_14;
  if (feature == ProtocolFeature::GET_VRING_BASE_INFLIGHT) req = Req::PF_11;
  if (feature == ProtocolFeature::INBAND_NOTIFICATIONS) req = Req::PF_12;
  return Wrong(message, req, kValue, Relation::kHasBits,
               Prerequisites(*feature), features);
}

}  // namespace

std::size_t CopyRegions(const Body& body,
                        std::array<MemoryRegion, kMemoryRegionCountMax>& out) {
  if (const auto* table = std::get_if<MemoryTable>(&body)) {
    out = table->regions;
    return table->region_count;
  }
  if (const auto* table = std::get_if<XenMemoryTable>(&body)) {
    for (std::size_t i = 0; i < table->region_count; ++i) {
      out[i] = table->regions[i].region;
    }
    return table->region_count;
  }
  if (const auto* single = std::get_if<SingleMemoryRegion>(&body)) {
    out[0] = single->region;
    return 1;
  }
  if (const auto* single = std::get_if<XenSingleMemoryRegion>(&body)) {
    out[0] = single->region.region;
    return 1;
  }
  return 0;
}

MemoryRegion FirstRegion(const Body& body) {
  std::array<MemoryRegion, kMemoryRegionCountMax> regions;
  CopyRegions(body, regions);
  return regions[0];
}

std::optional<Violation> SessionModel::CheckUserAddresses(
    const Message& request, std::span<const MemoryRegion> regions) const {
  if (!Has(protocol_features(), ProtocolFeature::GPA_ADDRESSES)) {
    return std::nullopt;
  }
  for (const MemoryRegion& region : regions) {
    if (auto wrong = Equal(request, Req::MEM_07, {"user_address", 0},
                           region.guest_address, region.user_address)) {
      return wrong;
    }
  }
  return std::nullopt;
}

std::optional<Violation> SessionModel::CheckTable(
    const Message& request) const {
  std::array<MemoryRegion, kMemoryRegionCountMax> regions;
  const auto table =
      std::span(regions).first(CopyRegions(request.body, regions));
  if (auto wrong = CheckUserAddresses(request, table)) return wrong;
  if (postcopy_ack_due_ && !table.empty()) {
    return NotNow(request, Req::PC_09,
                  "only the empty table that acknowledges the postcopy reply");
  }
  if (context().postcopy_listening && !postcopy_ack_due_ &&
      request.need_reply()) {
    return NotNow(request, Req::PC_09, "need_reply");
  }
  return MemoryLayout::CheckTable(table, request.spec->name);
}

std::optional<Violation> SessionModel::CheckValues(
    const Message& request) const {
  const std::uint64_t value = ValueOf(request);
  const auto* state = std::get_if<VringState>(&request.body);
  const bool packed = Has(features_.value_or(0), VirtioFeature::RING_PACKED);
  const auto not_now = [&](Req req, std::string_view why) {
    return NotNow(request, req, why, value);
  };

  switch (static_cast<Request>(request.spec->id)) {
    case Request::SET_FEATURES: {
      if (auto wrong =
              OnlyBits(request, Req::FEAT_07, kValue,
                       limits_.virtio_features.value_or(~0ull), value)) {
        return wrong;
      }
      const std::uint64_t changes = features_.value_or(value) ^ value;
      if (!suspended() && (changes & ~Mask(VirtioFeature::LOG_ALL)) != 0) {
        return not_now(Req::FEAT_12, "a ring is started");
      }
      return std::nullopt;
    }
    case Request::SET_PROTOCOL_FEATURES:
      if (auto wrong = OnlyBits(
              request, Req::PF_08, kValue,
              limits_.protocol_features.value_or(kDefinedProtocolFeatures),
              value)) {
        return wrong;
      }
      return CheckPrerequisites(request, value);
    case Request::SET_MEM_TABLE:
      return CheckTable(request);
    case Request::ADD_MEM_REG: {
      const MemoryRegion region = FirstRegion(request.body);
      if (auto wrong = CheckUserAddresses(request, std::span(&region, 1))) {
        return wrong;
      }
      return memory_.CheckAdd(region, limits_.slot_count, request.spec->name);
    }
    case Request::REM_MEM_REG:
      return memory_.CheckRemove(FirstRegion(request.body), request.spec->name);
    case Request::SET_LOG_BASE:
      if (const auto* log = std::get_if<Log>(&request.body)) {
        return CheckLog(request, *log);
      }
      return std::nullopt;
    case Request::SET_VRING_NUM:
      return CheckSize(request, state->num, packed);
    case Request::SET_VRING_ADDR:
      return CheckAddresses(request, std::get<VringAddr>(request.body));
    case Request::SET_VRING_BASE:
      if (packed) return std::nullopt;
      return AtMost(request, Req::VBASE_10, kNum, 0xffff, state->num);
    case Request::GET_VRING_BASE:
      return AtMost(request, Req::GBASE_08, kNum, 0, state->num);
    case Request::SET_VRING_KICK:
      if (auto wrong = CheckStart(request, rings_[value & 0xff])) return wrong;
      return AtMost(request, Req::KICK_11, kValue, 0x1ff, value);
    case Request::SET_VRING_CALL:
    case Request::SET_VRING_ERR:
      return AtMost(request, Req::KICK_11, kValue, 0x1ff, value);
    case Request::VRING_KICK:
      if (auto wrong = CheckStart(request, rings_[state->index])) return wrong;
      return AtMost(request, Req::INB_03, kNum, 0, state->num);
    case Request::SET_VRING_ENABLE:
      return AtMost(request, Req::ENA_03, kNum, 1, state->num);
    case Request::SET_VRING_ENDIAN:
      return AtMost(request, Req::END_02, kNum, 1, state->num);
    case Request::GET_CONFIG:
    case Request::SET_CONFIG:
      return CheckConfig(request, std::get<Config>(request.body));
    case Request::IOTLB_MSG:
      return CheckIotlb(request, std::get<Iotlb>(request.body));
    case Request::SET_STATUS:
      return AtMost(request, Req::STAT_06, kValue, 0xff, value);
    case Request::GET_INFLIGHT_FD:
    case Request::SET_INFLIGHT_FD: {
      const auto& inflight = std::get<Inflight>(request.body);
      if (inflight.num_queues == 0 || inflight.queue_size == 0) {
        return not_now(Req::INFL_08, "num_queues or queue_size is 0");
      }
      if (auto wrong = AtMost(request, Req::INFL_09, {"queue_size", Byte(18)},
                              kVringSizeMax, inflight.queue_size)) {
        return wrong;
      }
      return AtMost(request, Req::INFL_13, {"num_queues", Byte(16)},
                    queue_count(), inflight.num_queues);
    }
    case Request::POSTCOPY_LISTEN:
      if (postcopy_ == Postcopy::kAdvised) return std::nullopt;
      return not_now(Req::PC_06, "POSTCOPY_ADVISE was not sent");
    case Request::POSTCOPY_END:
      if (postcopy_ == Postcopy::kListening) return std::nullopt;
      return not_now(Req::PC_06, "POSTCOPY_LISTEN was not sent");
    case Request::SET_DEVICE_STATE_FD:
      if (!suspended()) return not_now(Req::DST_15, "a ring is started");
      return CheckTransfer(request,
                           std::get<DeviceStateTransfer>(request.body));
    case Request::CHECK_DEVICE_STATE:
      if (suspended()) return std::nullopt;
      return not_now(Req::DST_15, "a ring is started");
    default:
      return std::nullopt;
  }
}

}  // namespace vuspec::protocol
