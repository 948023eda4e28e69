// The part of ControlPlane about memory that arrives while it is used.
#include <array>
#include <utility>
#include <vector>

#include "harness/backend/control_plane.h"
#include "harness/memory/shared_access.h"

namespace vuspec {

using protocol::MemoryRegion;
using protocol::Message;
using protocol::U64;

Handled ControlPlane::AdvisePostcopy(const Message& request) {
  const bool waiting = model_.context().postcopy_ack_due;
  UniqueFd fd = page_faults_.Advise();
  model_.ApplyRequest(request);
  if (waiting) rings_.RebindAll();
  if (fault_(Fault::kWatchedFromTheAdvice)) (void)WatchAllMemory();
  return Handled::Reply(protocol::Empty{}, std::move(fd));
}

// Of memory that was shared before nobody knows the places: faults in there
// could not be served.
Handled ControlPlane::ListenForPostcopy(const Message& request) {
  if (!page_faults_.advised() || !model_.memory().regions().empty()) {
    return Handled::Refused();
  }
  page_faults_.Listen();
  model_.ApplyRequest(request);
  if (fault_(Fault::kListenAlwaysAnswered)) return Handled::Reply(U64{0});
  return Handled::Done();
}

Handled ControlPlane::EndPostcopy(const Message& request) {
  if (fault_(Fault::kEndNotObeyed)) return Handled::Reply(U64{0});
  const bool waiting = model_.context().postcopy_ack_due;
  page_faults_.End();
  model_.ApplyRequest(request);
  if (waiting) rings_.RebindAll();
  return Handled::Reply(U64{fault_(Fault::kEndAnswersFailure) ? 1u : 0u});
}

Handled ControlPlane::SetPostcopyTable(const Message& request,
                                       std::vector<UniqueFd>& fds) {
  if (model_.context().postcopy_ack_due) {
    model_.ApplyRequest(request);
    rings_.RebindAll();
    return Handled::Done();
  }
  std::array<MemoryRegion, protocol::kMemoryRegionCountMax> regions;
  const std::size_t count = CopyRegions(request.body, regions);
  if (!memory_.Replace(std::span(regions).first(count), fds).ok()) {
    return Handled::Refused();
  }
  model_.ApplyRequest(request);
  // What cannot be watched cannot be given back either.
  if (!WatchAllMemory()) return Handled::Closed();
  for (std::size_t i = 0; i < count; ++i) {
    if (!fault_(Fault::kTouchedBeforeTold)) break;
    (void)Load<std::uint8_t>(
        memory_.guest_space().Translate(regions[i].guest_address, 1));
  }
  fault_(Fault::kAcknowledgementNotAwaited) ? rings_.RebindAll()
                                            : rings_.UnbindAll(false);
  return Handled::Reply(WithPlaces(request.body));
}

Handled ControlPlane::TellPlace(const Message& request) {
  const MemoryRegion region = protocol::FirstRegion(request.body);
  if (!page_faults_.WatchAlso(memory_.guest_space().LeadingPiece(
          region.guest_address, region.memory_size))) {
    return Handled::Closed();
  }
  if (fault_(Fault::kAddedPlaceNotTold)) return Handled::Done();
  return Handled::Reply(WithPlaces(request.body));
}

bool ControlPlane::WatchAllMemory() {
  std::vector<std::span<std::byte>> all;
  for (const MemoryRegion& region : model_.memory().regions()) {
    all.push_back(memory_.guest_space().LeadingPiece(region.guest_address,
                                                     region.memory_size));
  }
  return page_faults_.Watch(all);
}

std::uint64_t ControlPlane::PlaceOf(const MemoryRegion& region) const {
  if (fault_(Fault::kForeignPlacesTold)) return region.user_address;
  const std::uint64_t place = AddressOf(
      memory_.guest_space().LeadingPiece(region.guest_address, 1).data());
  return fault_(Fault::kPlacesIgnoreOffset) ? place - region.mmap_offset
                                            : place;
}

protocol::Body ControlPlane::WithPlaces(protocol::Body body) const {
  if (auto* table = std::get_if<protocol::MemoryTable>(&body)) {
    for (std::uint32_t i = 0; i < table->region_count; ++i) {
      table->regions[i].user_address = PlaceOf(table->regions[i]);
    }
  } else if (auto* xen_table = std::get_if<protocol::XenMemoryTable>(&body)) {
    for (std::uint32_t i = 0; i < xen_table->region_count; ++i) {
      MemoryRegion& region = xen_table->regions[i].region;
      region.user_address = PlaceOf(region);
    }
  } else if (auto* single = std::get_if<protocol::SingleMemoryRegion>(&body)) {
    single->region.user_address = PlaceOf(single->region);
  } else if (auto* xen = std::get_if<protocol::XenSingleMemoryRegion>(&body)) {
    xen->region.region.user_address = PlaceOf(xen->region.region);
  }
  return body;
}

}  // namespace vuspec
