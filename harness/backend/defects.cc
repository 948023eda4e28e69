#include "harness/backend/defects.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "protocol/codec.h"

namespace vuspec {
namespace {

using protocol::Message;
using protocol::Req;
using protocol::Request;
using protocol::SessionModel;
using protocol::Violation;
using protocol::VringState;

// A rule that is not checked.
struct Unchecked {
  Fault fault;
  Req rule;
};
constexpr Unchecked kUnchecked[] = {
    {Fault::kUnofferedFeaturesAccepted, Req::FEAT_07},
    {Fault::kUnofferedProtocolFeaturesAccepted, Req::PF_08},
    {Fault::kPrerequisitesNotChecked, Req::PF_11},
    {Fault::kPrerequisitesNotChecked, Req::PF_12},
    {Fault::kOwnerNotChecked, Req::OWN_08},
    {Fault::kEmptyRegionAccepted, Req::MEM_21},
    {Fault::kWrappingRegionAccepted, Req::MEM_23},
    {Fault::kWrappingRegionAccepted, Req::MEM_25},
    {Fault::kOverlappingTableAccepted, Req::MEM_28},
    {Fault::kOverlappingRegionAccepted, Req::MEM_35},
    {Fault::kSlotLimitNotChecked, Req::MEM_38},
    {Fault::kUnknownRegionRemoved, Req::MEM_45},
    {Fault::kRingSizeZeroAccepted, Req::VNUM_03},
    {Fault::kRingSizeTooLargeAccepted, Req::VNUM_04},
    {Fault::kRingSizeOddAccepted, Req::VNUM_05},
    {Fault::kAddrFlagsNotChecked, Req::VADDR_10},
    {Fault::kBaseTooLargeAccepted, Req::VBASE_10},
    {Fault::kFeatureChangeWhileRunningAccepted, Req::FEAT_12},
    {Fault::kConfigFlagsNotChecked, Req::CFG_17},
    {Fault::kConfigWrapNotChecked, Req::CFG_06},
    {Fault::kStatusTooLargeAccepted, Req::STAT_06},
    {Fault::kEnableValueNotChecked, Req::ENA_03},
    {Fault::kLogGeometryNotChecked, Req::LOG_06},
    {Fault::kIotlbTypesNotChecked, Req::IOTLB_05},
    {Fault::kIotlbValuesNotChecked, Req::IOTLB_15},
    {Fault::kInFlightCountsNotChecked, Req::INFL_08},
    {Fault::kInFlightCountsNotChecked, Req::INFL_09},
    {Fault::kInFlightCountsNotChecked, Req::INFL_13},
    {Fault::kStatePhaseNotChecked, Req::DST_04},
    {Fault::kEndianValueNotChecked, Req::END_02},
    {Fault::kChannelTakenUnoffered, Req::BCH_02},
    {Fault::kResetTakenUnoffered, Req::RST_04},
};

bool IsFdRule(const Violation& violation) {
  return violation.field == "descriptors";
}

std::uint64_t Value(const Message& message) {
  const auto* u64 = std::get_if<protocol::U64>(&message.body);
  return u64 == nullptr ? 0 : u64->value;
}

}  // namespace

void OverlookDefects(const FaultSet& fault, ReceivedMessage& message,
                     const protocol::WireContext& context, Hoard& hoard) {
  if (fault.empty()) return;
  std::uint32_t& flags = message.header.flags;
  if ((flags & protocol::kVersionMask) != protocol::kVersion &&
      fault(Fault::kVersionNotChecked)) {
    flags = (flags & ~protocol::kVersionMask) | protocol::kVersion;
  }
  if ((flags & protocol::kReplyFlag) != 0 &&
      fault(Fault::kReplyFlagNotChecked)) {
    flags &= ~protocol::kReplyFlag;
  }
  if ((flags & ~protocol::kDefinedFlags) != 0 &&
      fault(Fault::kReservedFlagsNotChecked)) {
    flags &= protocol::kDefinedFlags;
  }

  const protocol::MessageSpec* spec =
      FindMessage(protocol::Channel::kMain, message.header.request);
  if (spec == nullptr) return;
  const protocol::SizeRange sizes =
      PayloadSizes(ResolvePayload(spec->payload, context));
  if (message.payload.size() < sizes.min &&
      fault(Fault::kShortPayloadAccepted)) {
    message.payload.resize(sizes.min);
  }
  if (message.payload.size() > sizes.max &&
      fault(Fault::kLongPayloadAccepted)) {
    message.payload.resize(sizes.max);
  }
  if (spec == &Spec(Request::GET_CONFIG) && message.payload.size() > 12 &&
      fault(Fault::kConfigSizeNotChecked)) {
    // Only counts below 256 occur here.
    message.payload[4] = static_cast<std::byte>(message.payload.size() - 12);
  }
  const std::size_t fd_limit = spec->fds.max;
  if (message.fds.size() > fd_limit) {
    std::vector<UniqueFd> surplus(
        std::make_move_iterator(message.fds.begin() +
                                static_cast<std::ptrdiff_t>(fd_limit)),
        std::make_move_iterator(message.fds.end()));
    if (fault(Fault::kSurplusFdsLeaked)) hoard.KeepCopies(surplus);
    if (fault(Fault::kSurplusFdsAccepted)) {
      message.fds.resize(fd_limit);
    } else {
      std::move(surplus.begin(), surplus.end(),
                message.fds.begin() + static_cast<std::ptrdiff_t>(fd_limit));
    }
  }
}

Message Misread(const FaultSet& fault, const SessionModel& model,
                Message request) {
  const std::uint32_t count = model.limits().queue_count;
  const bool beyond = RingIndex(request).value_or(0) >= count;
  if (beyond && fault(Fault::kRingIndexWraps)) {
    if (auto* state = std::get_if<VringState>(&request.body)) {
      state->index %= count;
    } else if (auto* addr = std::get_if<protocol::VringAddr>(&request.body)) {
      addr->index %= count;
    }
  }
  if (request.spec == &Spec(Request::SET_VRING_NUM)) {
    std::uint32_t& size = std::get<VringState>(request.body).num;
    if (size > 1024 && fault(Fault::kLargeRingClamped)) size = 1024;
  }
  if (beyond && fault(Fault::kRingIndexCutTo8Bits)) {
    if (auto* state = std::get_if<VringState>(&request.body)) {
      state->index &= 0xff;
    }
  }
  if (beyond && request.spec->ring == protocol::RingField::kLowByte &&
      fault(Fault::kKickIndexWraps)) {
    const std::uint64_t value = Value(request);
    request.body =
        protocol::U64{(value & ~std::uint64_t{0xff}) | (value & 0xff) % count};
  }
  return request;
}

bool WronglyRefuses(const FaultSet& fault, const SessionModel& model,
                    const Message& request) {
  if (fault.empty()) return false;
  const std::uint64_t value = Value(request);
  const bool no_fd = (value & protocol::kNoFdBit) != 0;
  const auto* state = std::get_if<VringState>(&request.body);
  const auto index = RingIndex(request);
  const bool ring_runs = index && *index < model.limits().queue_count &&
                         model.ring(*index).started;
  const auto* table = std::get_if<protocol::MemoryTable>(&request.body);
  switch (static_cast<Request>(request.spec->id)) {
    case Request::GET_FEATURES:
      return !model.owned() && fault(Fault::kFeaturesNeedOwner);
    case Request::SET_OWNER:
      return !model.features() && fault(Fault::kOwnerNeedsFeatures);
    case Request::SET_FEATURES:
      return (!model.suspended() &&
              fault(Fault::kFeaturesOnRunningRingRefused)) ||
             (model.features() && fault(Fault::kSecondFeaturesRefused));
    case Request::GET_PROTOCOL_FEATURES:
    case Request::SET_PROTOCOL_FEATURES:
      return !Has(model.features().value_or(0),
                  protocol::VirtioFeature::PROTOCOL_FEATURES) &&
             fault(Fault::kProtocolFeaturesNeedAckedBit);
    case Request::GET_QUEUE_NUM:
      return !Has(model.protocol_features(), protocol::ProtocolFeature::MQ) &&
             fault(Fault::kQueueNumNeedsAckedBit);
    case Request::SET_MEM_TABLE:
      if (!model.memory().regions().empty() &&
          fault(Fault::kSecondTableRefused)) {
        return true;
      }
      if (!model.suspended() && fault(Fault::kTableOnRunningRingRefused)) {
        return true;
      }
      if (table == nullptr) return false;
      if (table->region_count == protocol::kMemoryRegionCountMax &&
          fault(Fault::kEightRegionsRefused)) {
        return true;
      }
      return std::any_of(table->regions.begin(),
                         table->regions.begin() + table->region_count,
                         [](const protocol::MemoryRegion& region) {
                           return region.memory_size < (std::uint64_t{2} << 20);
                         }) &&
             fault(Fault::kSmallRegionRefused);
    case Request::ADD_MEM_REG:
      return model.memory().regions().size() + 1 == model.limits().slot_count &&
             fault(Fault::kLastSlotRefused);
    case Request::SET_VRING_NUM:
      return state->num < 4 && fault(Fault::kSmallRingRefused);
    case Request::SET_VRING_BASE:
      return index && *index < model.limits().queue_count &&
             state->num >= model.ring(*index).size.value_or(~0u) &&
             fault(Fault::kBaseAboveSizeRefused);
    case Request::SET_VRING_ADDR:
      return (ring_runs && fault(Fault::kAddrOnRunningRingRefused)) ||
             (index && *index < model.limits().queue_count &&
              !model.ring(*index).size && fault(Fault::kAddrNeedsNum));
    case Request::SET_INFLIGHT_FD:
      return !model.ring(0).size && fault(Fault::kInFlightAreaNeedsRings);
    case Request::SET_VRING_KICK:
      if (!model.has_inflight() &&
          Has(model.protocol_features(),
              protocol::ProtocolFeature::INFLIGHT_SHMFD) &&
          fault(Fault::kRingsNeedInFlightArea)) {
        return true;
      }
      return (no_fd && fault(Fault::kNoFdKickRefused)) ||
             (ring_runs && fault(Fault::kSecondKickRefused));
    case Request::SET_VRING_CALL:
      return (no_fd && fault(Fault::kNoFdCallRefused)) ||
             (ring_runs && fault(Fault::kCallOnRunningRingRefused));
    case Request::SET_VRING_ERR:
      return (no_fd && fault(Fault::kNoFdErrRefused)) ||
             fault(Fault::kErrRefused);
    case Request::SET_VRING_ENABLE:
      return index && *index < model.limits().queue_count &&
             model.ring(*index).enabled == (state->num != 0) &&
             fault(Fault::kRepeatedEnableRefused);
    case Request::GET_CONFIG:
      return (std::get<protocol::Config>(request.body).offset != 0 &&
              fault(Fault::kPartialConfigRefused)) ||
             (!model.features() && fault(Fault::kConfigNeedsFeatures)) ||
             (model.suspended() && model.ring(0).size &&
              fault(Fault::kSuspendedConfigRefused));
    default:
      return false;
  }
}

bool WronglyAccepts(const FaultSet& fault, const Message& request,
                    const Violation& violation) {
  if (fault.empty()) return false;
  if (IsFdRule(violation)) {
    return violation.relation == protocol::Relation::kAtLeast &&
           fault(Fault::kMissingFdAccepted);
  }
  if (violation.req == Req::MQ_06) {
    return request.spec->ring == protocol::RingField::kLowByte
               ? fault(Fault::kKickIndexNotChecked)
               : fault(Fault::kRingIndexNotChecked);
  }
  if ((violation.relation == protocol::Relation::kNotOffered ||
       violation.relation == protocol::Relation::kNotNegotiated) &&
      fault(Fault::kGatesNotChecked)) {
    return true;
  }
  return std::any_of(std::begin(kUnchecked), std::end(kUnchecked),
                     [&](const Unchecked& row) {
                       return row.rule == violation.req && fault(row.fault);
                     });
}

}  // namespace vuspec
