// The rules of the session model about values: which fields, in this state,
// the specification forbids.
#include <bit>

#include "protocol/session_model.h"

namespace vuspec::protocol {
namespace {

// Where a field lies, for the Violation: its offset in the whole message.
struct At {
  std::string_view field;
  std::uint32_t offset;
};
constexpr At kValue{"value", kHeaderSize};
constexpr At kNum{"num", kHeaderSize + 4};
constexpr At kConfigFlags{"flags", kHeaderSize + 8};

Violation Wrong(const Message& message, Req req, At at, Relation relation,
                std::uint64_t expected, std::uint64_t actual) {
  return {req,      message.spec->name, at.field, at.offset,
          relation, expected,           actual};
}

std::optional<Violation> OnlyBits(const Message& message, Req req, At at,
                                  std::uint64_t allowed, std::uint64_t actual) {
  if ((actual & ~allowed) == 0) return std::nullopt;
  return Wrong(message, req, at, Relation::kOnlyBits, allowed, actual);
}

std::optional<Violation> AtMost(const Message& message, Req req, At at,
                                std::uint64_t limit, std::uint64_t actual) {
  if (actual <= limit) return std::nullopt;
  return Wrong(message, req, at, Relation::kAtMost, limit, actual);
}

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

// A bit whose companions are not negotiated with it.
std::optional<Violation> CheckPrerequisites(const Message& message,
                                            std::uint64_t features) {
  for (unsigned bit = 0; bit < 64; ++bit) {
    const auto feature = static_cast<ProtocolFeature>(bit);
    if (!Has(features, feature)) continue;
    const std::uint64_t needs = Prerequisites(feature);
    if ((features & needs) == needs) continue;
    Req req = Req::PF_14;
    if (feature == ProtocolFeature::GET_VRING_BASE_INFLIGHT) req = Req::PF_11;
    if (feature == ProtocolFeature::INBAND_NOTIFICATIONS) req = Req::PF_12;
    return Wrong(message, req, kValue, Relation::kHasBits, needs, features);
  }
  return std::nullopt;
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

std::optional<Violation> SessionModel::CheckRing(
    const Message& request) const {
  const auto index = RingIndex(request);
  if (!index) return std::nullopt;
  if (*index >= limits_.queue_count) {
    return Wrong(request, Req::MQ_06, {"index", kHeaderSize}, Relation::kBelow,
                 limits_.queue_count, *index);
  }
  const RingState& ring = rings_[*index];
  if (!ring.started) return std::nullopt;
  const auto undefined = [&](std::string_view why) {
    return Wrong(request, Req::RING_16, {why, kHeaderSize},
                 Relation::kNotAllowedNow, 0, *index);
  };
  switch (request.spec->ring_use) {
    case RingUse::kAny:
      return std::nullopt;
    case RingUse::kStoppedOnly:
      return undefined("the ring is started");
    case RingUse::kStoppedOrLogFlagOnly: {
      VringAddr addr = std::get<VringAddr>(request.body);
      addr.flags = ring.addresses->flags;
      addr.log = ring.addresses->log;
      if (addr == *ring.addresses) return std::nullopt;
      return undefined("the ring is started and more than its log changes");
    }
  }
  return std::nullopt;
}

std::optional<Violation> SessionModel::CheckAddresses(
    const Message& request, const VringAddr& addr) const {
  if (auto wrong = OnlyBits(request, Req::VADDR_10, {"flags", kHeaderSize + 4},
                            1, addr.flags)) {
    return wrong;
  }
  const bool packed = Has(features_.value_or(0), VirtioFeature::RING_PACKED);
  const std::uint64_t size = rings_[addr.index].size.value_or(0);
  const std::uint64_t event = packed ? 4 : 0;
  struct {
    At at;
    std::uint64_t address;
    std::uint64_t alignment;
    std::uint64_t length;
  } const parts[] = {
      {{"descriptor", kHeaderSize + 8}, addr.descriptor, 16, 16 * size},
      {{"used", kHeaderSize + 16}, addr.used, 4, packed ? event : 4 + 8 * size},
      {{"available", kHeaderSize + 24},
       addr.available,
       packed ? 4u : 2u,
       packed ? event : 4 + 2 * size},
  };
  // With an IOMMU the addresses are IOVAs, which no table of ours lists; and
  // the ring may be described before its memory is.
  const bool placed =
      !memory_.regions().empty() &&
      !Has(features_.value_or(0), VirtioFeature::ACCESS_PLATFORM);
  const bool guest =
      Has(protocol_features(), ProtocolFeature::GPA_ADDRESSES);
  for (const auto& part : parts) {
    if (part.address % part.alignment != 0) {
      return Wrong(request, Req::VADDR_07, part.at, Relation::kMultipleOf,
                   part.alignment, part.address);
    }
    if (!placed) continue;
    const bool inside =
        guest ? memory_.ContainsGuest(part.address, part.length)
              : memory_.ContainsUser(part.address, part.length);
    if (!inside) {
      return Wrong(request, Req::VADDR_05,
                   {"an address outside every region", part.at.offset},
                   Relation::kNotAllowedNow, 0, part.address);
    }
  }
  return std::nullopt;
}

std::optional<Violation> SessionModel::CheckValues(
    const Message& request) const {
  const auto* u64 = std::get_if<U64>(&request.body);
  const std::uint64_t value = u64 == nullptr ? 0 : u64->value;
  const auto* state = std::get_if<VringState>(&request.body);
  const bool packed = Has(features_.value_or(0), VirtioFeature::RING_PACKED);
  const auto not_now = [&](Req req, std::string_view why) {
    return Wrong(request, req, {why, 0}, Relation::kNotAllowedNow, 0, value);
  };
  std::array<MemoryRegion, kMemoryRegionCountMax> regions;

  switch (static_cast<Request>(request.spec->id)) {
    case Request::SET_FEATURES: {
      if (auto wrong = OnlyBits(request, Req::FEAT_07, kValue,
                                limits_.virtio_features.value_or(~0ull),
                                value)) {
        return wrong;
      }
      const std::uint64_t changes = features_.value_or(value) ^ value;
      if (!suspended() && (changes & ~Mask(VirtioFeature::LOG_ALL)) != 0) {
        return not_now(Req::FEAT_12, "a ring is started");
      }
      return std::nullopt;
    }
    case Request::SET_PROTOCOL_FEATURES:
      if (auto wrong = OnlyBits(request, Req::PF_08, kValue,
                                limits_.protocol_features.value_or(
                                    kDefinedProtocolFeatures),
                                value)) {
        return wrong;
      }
      return CheckPrerequisites(request, value);
    case Request::SET_MEM_TABLE:
      return MemoryLayout::CheckTable(
          std::span(regions).first(CopyRegions(request.body, regions)),
          request.spec->name);
    case Request::ADD_MEM_REG:
      CopyRegions(request.body, regions);
      return memory_.CheckAdd(regions[0], limits_.slot_count,
                              request.spec->name);
    case Request::REM_MEM_REG:
      CopyRegions(request.body, regions);
      return memory_.CheckRemove(regions[0], request.spec->name);
    case Request::SET_LOG_BASE:
      if (const auto* log = std::get_if<Log>(&request.body)) {
        if (log->mmap_size == 0 ||
            log->mmap_offset + log->mmap_size < log->mmap_offset) {
          return Wrong(request, Req::LOG_06, {"mmap_size", kHeaderSize},
                       Relation::kAtLeast, 1, log->mmap_size);
        }
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
    case Request::SET_VRING_KICK: {
      const RingState& ring = rings_[value & 0xff];
      if (!ring.size || !ring.addresses) {
        return not_now(Req::KICK_13, "the ring has no size or no addresses");
      }
      return AtMost(request, Req::KICK_11, kValue, 0x1ff, value);
    }
    case Request::SET_VRING_CALL:
    case Request::SET_VRING_ERR:
      return AtMost(request, Req::KICK_11, kValue, 0x1ff, value);
    case Request::VRING_KICK: {
      const RingState& ring = rings_[state->index];
      if (!ring.size || !ring.addresses) {
        return not_now(Req::KICK_13, "the ring has no size or no addresses");
      }
      return AtMost(request, Req::INB_03, kNum, 0, state->num);
    }
    case Request::SET_VRING_ENABLE:
      return AtMost(request, Req::ENA_03, kNum, 1, state->num);
    case Request::SET_VRING_ENDIAN:
      return AtMost(request, Req::END_02, kNum, 1, state->num);
    case Request::GET_CONFIG:
    case Request::SET_CONFIG: {
      const auto& config = std::get<Config>(request.body);
      return AtMost(request, Req::CFG_17, kConfigFlags, 1, config.flags);
    }
    case Request::SET_STATUS:
      return AtMost(request, Req::STAT_06, kValue, 0xff, value);
    case Request::GET_INFLIGHT_FD:
    case Request::SET_INFLIGHT_FD: {
      const auto& inflight = std::get<Inflight>(request.body);
      if (inflight.num_queues != 0 && inflight.queue_size != 0) {
        return std::nullopt;
      }
      return not_now(Req::INFL_08, "num_queues or queue_size is 0");
    }
    case Request::POSTCOPY_LISTEN:
      if (postcopy_ == Postcopy::kAdvised) return std::nullopt;
      return not_now(Req::PC_06, "POSTCOPY_ADVISE was not sent");
    case Request::POSTCOPY_END:
      if (postcopy_ != Postcopy::kOff) return std::nullopt;
      return not_now(Req::PC_06, "POSTCOPY_ADVISE was not sent");
    case Request::SET_DEVICE_STATE_FD: {
      if (!suspended()) return not_now(Req::DST_15, "a ring is started");
      const auto& transfer = std::get<DeviceStateTransfer>(request.body);
      if (transfer.direction > 1) {
        return AtMost(request, Req::DST_04, {"direction", kHeaderSize}, 1,
                      transfer.direction);
      }
      return AtMost(request, Req::DST_04, {"phase", kHeaderSize + 4}, 0,
                    transfer.phase);
    }
    default:
      return std::nullopt;
  }
}

}  // namespace vuspec::protocol
