// The half of ControlPlane about what a device is made of: memory, log,
// configuration and status.
#include <algorithm>
#include <array>

#include "harness/backend/control_plane.h"
#include "harness/backend/offer.h"
#include "protocol/features.h"

namespace vuspec {

using protocol::Config;
using protocol::MemoryRegion;
using protocol::Message;
using protocol::Request;
using protocol::U64;

namespace {

// What cannot be mapped like a file: foreign memory, grants, and regions that
// must not be mapped in advance.
bool NeedsXen(const protocol::Body& body) {
  if (const auto* table = std::get_if<protocol::XenMemoryTable>(&body)) {
    return std::any_of(table->regions.begin(),
                       table->regions.begin() + table->region_count,
                       [](const protocol::XenMemoryRegion& region) {
                         return region.xen_mmap_flags != 0;
                       });
  }
  const auto* single = std::get_if<protocol::XenSingleMemoryRegion>(&body);
  return single != nullptr && single->region.xen_mmap_flags != 0;
}

}  // namespace

// A defect: with GPA_ADDRESSES ring addresses still go by a field that has
// lost its meaning.
void ControlPlane::MisplaceRings(std::span<MemoryRegion> regions) const {
  constexpr std::uint64_t kElsewhere = std::uint64_t{1} << 46;
  if (!Has(model_.protocol_features(),
           protocol::ProtocolFeature::GPA_ADDRESSES) ||
      !fault_(Fault::kGpaRingsNotFound)) {
    return;
  }
  for (MemoryRegion& region : regions) region.user_address += kElsewhere;
}

Handled ControlPlane::SetMemoryTable(const Message& request,
                                     std::vector<UniqueFd>& fds) {
  std::array<MemoryRegion, protocol::kMemoryRegionCountMax> regions;
  const std::size_t count = CopyRegions(request.body, regions);
  if (NeedsXen(request.body)) return Handled::Refused();
  if (page_faults_.listening()) return SetPostcopyTable(request, fds);
  MisplaceRings(std::span(regions).first(count));
  UniqueFd bait;
  if (!fds.empty() && fault_(Fault::kSharedFileTruncated)) {
    bait = Duplicate(fds[0]);
  }
  const absl::Status status =
      memory_.Replace(std::span(regions).first(count), fds);
  if (!status.ok()) {
    return Handled::DoneIf(fault_(Fault::kUnmappableTableAccepted));
  }
  if (bait) Truncate(bait);
  model_.ApplyRequest(request);
  rings_.RebindAll();
  return Handled::Done();
}

Handled ControlPlane::AddRegion(const Message& request,
                                std::vector<UniqueFd>& fds) {
  if (NeedsXen(request.body)) return Handled::Refused();
  MemoryRegion region = FirstRegion(request.body);
  MisplaceRings(std::span(&region, 1));
  const absl::Status status = memory_.Add(region, std::move(fds[0]));
  if (!status.ok()) {
    return Handled::DoneIf(fault_(Fault::kUnmappableTableAccepted));
  }
  model_.ApplyRequest(request);
  if (page_faults_.listening()) return TellPlace(request);
  rings_.RebindAll();
  return Handled::Done();
}

Handled ControlPlane::RemoveRegion(const Message& request) {
  if (!memory_.Remove(FirstRegion(request.body)).ok()) {
    return Handled::Refused();
  }
  model_.ApplyRequest(request);
  rings_.RebindAll();
  return Handled::Done();
}

Handled ControlPlane::SetLogBase(const Message& request,
                                 std::vector<UniqueFd>& fds) {
  const auto* log = std::get_if<protocol::Log>(&request.body);
  if (log != nullptr && !log_.Map(*log, fds[0]).ok()) {
    return fault_(Fault::kLogGeometryNotChecked) ? Unheeded(request)
                                                 : Handled::Refused();
  }
  model_.ApplyRequest(request);
  if (log == nullptr && !fault_(Fault::kLogBaseAlwaysAnswered)) {
    return Handled::Done();
  }
  if (fault_(Fault::kLogBaseReplyForgotten)) return Handled::Done();
  // The document leaves the payload of the reply open; none is the least.
  return Handled::Reply(protocol::Empty{});
}

Handled ControlPlane::GetInflightFd(const Message& request) {
  const auto& wanted = std::get<protocol::Inflight>(request.body);
  absl::StatusOr<FreshArea> area = in_flight_area_.Make(wanted);
  if (!area.ok()) return Handled::Refused();
  if (fault_(Fault::kInFlightCountsNotEchoed)) {
    area->description.num_queues = 0;
    area->description.queue_size = 0;
  }
  if (fault_(Fault::kInFlightFdMissing)) area->fd.reset();
  return Handled::Reply(area->description, std::move(area->fd));
}

Handled ControlPlane::SetInflightFd(const Message& request,
                                    std::vector<UniqueFd>& fds) {
  const auto& area = std::get<protocol::Inflight>(request.body);
  if (!in_flight_area_.Map(area, fds[0]).ok()) {
    return Handled::DoneIf(fault_(Fault::kInFlightGeometryNotChecked));
  }
  rings_.ForgetInFlight();
  model_.ApplyRequest(request);
  return Handled::Done();
}

Handled ControlPlane::GetConfig(const Message& request) const {
  const auto& asked = std::get<Config>(request.body);
  const std::span<const std::uint8_t> config = device_.config();
  Config reply = asked;
  reply.bytes.fill(0);
  const std::size_t offset =
      fault_(Fault::kConfigOffsetIgnored) ? 0 : asked.offset;
  if (offset > config.size() || asked.size > config.size() - offset) {
    // Stands for what lies behind a structure in a careless process.
    if (!fault_(Fault::kConfigReadPastEnd)) {
      return Handled::Reply(protocol::Empty{});
    }
    reply.bytes.fill(0xa5);
    const std::size_t known =
        offset < config.size() ? config.size() - offset : 0;
    std::copy_n(config.end() - static_cast<std::ptrdiff_t>(known), known,
                reply.bytes.begin());
    return Handled::Reply(reply);
  }
  const auto slice = config.subspan(offset, asked.size);
  std::copy(slice.begin(), slice.end(), reply.bytes.begin());
  if (fault_(Fault::kConfigBigEndian)) {
    std::reverse(reply.bytes.begin(), reply.bytes.begin() + asked.size);
  }
  if (fault_(Fault::kConfigOffsetNotEchoed)) reply.offset += 4;
  if (fault_(Fault::kConfigAlwaysWhole)) {
    std::copy(config.begin(), config.end(), reply.bytes.begin());
    reply.size = static_cast<std::uint32_t>(config.size());
  }
  return Handled::Reply(reply);
}

Handled ControlPlane::SetConfig(const Message& request) {
  const auto& config = std::get<Config>(request.body);
  const std::size_t size = device_.config().size();
  if (config.offset > size || config.size > size - config.offset) {
    return Handled::DoneIf(fault_(Fault::kConfigWritePastEndAccepted));
  }
  if (fault_(Fault::kConfigWriteLost)) return Handled::Done();
  if (fault_(Fault::kConfigChangeOnlyAnnounced)) {
    AnnounceConfigChange();
    return Handled::Done();
  }
  if (model_.suspended() && fault_(Fault::kSuspendedConfigWriteLost)) {
    return Handled::Done();
  }
  const auto bytes = std::span(config.bytes).first(config.size);
  const auto field = device_.config().subspan(config.offset, config.size);
  const bool changes = !std::ranges::equal(field, bytes);
  if (!device_.WriteConfig(config.offset, bytes)) return Handled::Refused();
  if (changes) AnnounceConfigChange();
  return Handled::Done();
}

void ControlPlane::ResetToBirth() {
  device_.Reset();
  if (!fault_(Fault::kShmemSurvivesReset)) window_.Reset();
  shared_objects_.Withdraw();
  // What was negotiated is the session's, not the device's.
  device_.Negotiate(model_.features().value_or(0));
}

void ControlPlane::ApplyStatus(std::uint64_t status) {
  model_.ApplyRequest(MakeRequest(Request::SET_STATUS, U64{status}));
}

Handled ControlPlane::SetStatus(const Message& request) {
  const std::uint64_t status = std::get<U64>(request.body).value;
  if (fault_(Fault::kStatusNotStored)) return Handled::Done();
  if (status == 0 && fault_(Fault::kStatusZeroIgnored)) return Handled::Done();
  rings_.LetStatusCount();
  if (status == 0) ResetToBirth();
  // A driver that did not take VERSION_1 is told so when it asks.
  const bool acceptable =
      Has(model_.features().value_or(0), protocol::VirtioFeature::VERSION_1) ||
      fault_(Fault::kFeaturesOkAlways);
  ApplyStatus(acceptable ? status : status & ~std::uint64_t{kFeaturesOk});
  rings_.WakeAll();
  return Handled::Done();
}

Handled ControlPlane::ResetDevice(const Message& request) {
  if (fault_(Fault::kResetDeviceIgnored)) return Handled::Done();
  if (!fault_(Fault::kResetKeepsDeviceState)) ResetToBirth();
  const std::uint8_t status = model_.status();
  if (fault_(Fault::kResetForgetsProtocolFeatures)) {
    model_.ApplyRequest(MakeRequest(Request::SET_PROTOCOL_FEATURES, U64{0}));
  }
  model_.ApplyRequest(request);
  if (fault_(Fault::kResetKeepsRingsEnabled)) SetAllEnabled(true);
  if (fault_(Fault::kResetKeepsStatus)) ApplyStatus(status);
  return Handled::Done();
}

}  // namespace vuspec
