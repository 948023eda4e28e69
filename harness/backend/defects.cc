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
  if (fault(Fault::kVersionNotChecked)) {
    flags = (flags & ~protocol::kVersionMask) | protocol::kVersion;
  }
  if (fault(Fault::kReplyFlagNotChecked)) flags &= ~protocol::kReplyFlag;
  if (fault(Fault::kReservedFlagsNotChecked)) flags &= protocol::kDefinedFlags;

  const protocol::MessageSpec* spec =
      FindMessage(protocol::Channel::kMain, message.header.request);
  if (spec == nullptr) return;
  const protocol::SizeRange sizes =
      PayloadSizes(ResolvePayload(spec->payload, context));
  if (fault(Fault::kShortPayloadAccepted) &&
      message.payload.size() < sizes.min) {
    message.payload.resize(sizes.min);
  }
  if (fault(Fault::kLongPayloadAccepted) &&
      message.payload.size() > sizes.max) {
    message.payload.resize(sizes.max);
  }
  if (fault(Fault::kConfigSizeNotChecked) && message.payload.size() > 12 &&
      spec == &Spec(Request::GET_CONFIG)) {
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
  if (fault(Fault::kRingIndexWraps)) {
    if (auto* state = std::get_if<VringState>(&request.body)) {
      state->index %= count;
    } else if (auto* addr = std::get_if<protocol::VringAddr>(&request.body)) {
      addr->index %= count;
    }
  }
  if (fault(Fault::kLargeRingClamped) &&
      request.spec == &Spec(Request::SET_VRING_NUM)) {
    std::uint32_t& size = std::get<VringState>(request.body).num;
    size = std::min(size, std::uint32_t{1024});
  }
  if (fault(Fault::kRingIndexCutTo8Bits)) {
    if (auto* state = std::get_if<VringState>(&request.body)) {
      state->index &= 0xff;
    }
  }
  if (fault(Fault::kKickIndexWraps) &&
      request.spec->ring == protocol::RingField::kLowByte) {
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
      return fault(Fault::kFeaturesNeedOwner) && !model.owned();
    case Request::SET_OWNER:
      return fault(Fault::kOwnerNeedsFeatures) && !model.features();
    case Request::SET_FEATURES:
      return (fault(Fault::kFeaturesOnRunningRingRefused) &&
              !model.suspended()) ||
             (fault(Fault::kSecondFeaturesRefused) && model.features());
    case Request::GET_PROTOCOL_FEATURES:
    case Request::SET_PROTOCOL_FEATURES:
      return fault(Fault::kProtocolFeaturesNeedAckedBit) &&
             !Has(model.features().value_or(0),
                  protocol::VirtioFeature::PROTOCOL_FEATURES);
    case Request::GET_QUEUE_NUM:
      return fault(Fault::kQueueNumNeedsAckedBit) &&
             !Has(model.protocol_features(), protocol::ProtocolFeature::MQ);
    case Request::SET_MEM_TABLE:
      if (fault(Fault::kSecondTableRefused) &&
          !model.memory().regions().empty()) {
        return true;
      }
      if (fault(Fault::kTableOnRunningRingRefused) && !model.suspended()) {
        return true;
      }
      if (table == nullptr) return false;
      if (fault(Fault::kEightRegionsRefused) &&
          table->region_count == protocol::kMemoryRegionCountMax) {
        return true;
      }
      return fault(Fault::kSmallRegionRefused) &&
             std::any_of(table->regions.begin(),
                         table->regions.begin() + table->region_count,
                         [](const protocol::MemoryRegion& region) {
                           return region.memory_size < (std::uint64_t{2} << 20);
                         });
    case Request::ADD_MEM_REG:
      return fault(Fault::kLastSlotRefused) &&
             model.memory().regions().size() + 1 == model.limits().slot_count;
    case Request::SET_VRING_NUM:
      return fault(Fault::kSmallRingRefused) && state->num < 4;
    case Request::SET_VRING_BASE:
      return fault(Fault::kBaseAboveSizeRefused) && index &&
             *index < model.limits().queue_count &&
             state->num >= model.ring(*index).size.value_or(~0u);
    case Request::SET_VRING_ADDR:
      return (fault(Fault::kAddrOnRunningRingRefused) && ring_runs) ||
             (fault(Fault::kAddrNeedsNum) && index &&
              *index < model.limits().queue_count && !model.ring(*index).size);
    case Request::SET_INFLIGHT_FD:
      return fault(Fault::kInFlightAreaNeedsRings) && !model.ring(0).size;
    case Request::SET_VRING_KICK:
      if (fault(Fault::kRingsNeedInFlightArea) && !model.has_inflight() &&
          Has(model.protocol_features(),
              protocol::ProtocolFeature::INFLIGHT_SHMFD)) {
        return true;
      }
      return (fault(Fault::kNoFdKickRefused) && no_fd) ||
             (fault(Fault::kSecondKickRefused) && ring_runs);
    case Request::SET_VRING_CALL:
      return (fault(Fault::kNoFdCallRefused) && no_fd) ||
             (fault(Fault::kCallOnRunningRingRefused) && ring_runs);
    case Request::SET_VRING_ERR:
      return (fault(Fault::kNoFdErrRefused) && no_fd) ||
             fault(Fault::kErrRefused);
    case Request::SET_VRING_ENABLE:
      return fault(Fault::kRepeatedEnableRefused) && index &&
             *index < model.limits().queue_count &&
             model.ring(*index).enabled == (state->num != 0);
    case Request::GET_CONFIG:
      return (fault(Fault::kPartialConfigRefused) &&
              std::get<protocol::Config>(request.body).offset != 0) ||
             (fault(Fault::kConfigNeedsFeatures) && !model.features()) ||
             (fault(Fault::kSuspendedConfigRefused) && model.suspended() &&
              model.ring(0).size);
    default:
      return false;
  }
}

bool WronglyAccepts(const FaultSet& fault, const Message& request,
                    const Violation& violation) {
  if (fault.empty()) return false;
  if (IsFdRule(violation)) {
    return fault(Fault::kMissingFdAccepted) &&
           violation.relation == protocol::Relation::kAtLeast;
  }
  if (violation.req == Req::MQ_06) {
    return request.spec->ring == protocol::RingField::kLowByte
               ? fault(Fault::kKickIndexNotChecked)
               : fault(Fault::kRingIndexNotChecked);
  }
  if (fault(Fault::kGatesNotChecked) &&
      (violation.relation == protocol::Relation::kNotOffered ||
       violation.relation == protocol::Relation::kNotNegotiated)) {
    return true;
  }
  return std::any_of(std::begin(kUnchecked), std::end(kUnchecked),
                     [&](const Unchecked& row) {
                       return fault(row.fault) && row.rule == violation.req;
                     });
}

}  // namespace vuspec
