#include "harness/backend/in_flight_area.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "harness/backend/offer.h"
#include "harness/transport/errno_status.h"

namespace vuspec {
namespace {

using protocol::Inflight;

constexpr std::uint64_t kCacheLine = 64;

// From one region to the next.
std::uint64_t Distance(std::uint16_t queue_size) {
  return (InFlightRegionSize(queue_size) + kCacheLine - 1) / kCacheLine *
         kCacheLine;
}

absl::StatusOr<UniqueFd> MakeFile(std::uint64_t size) {
  UniqueFd file(
      ::memfd_create("vuspec-in-flight", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) return ErrnoStatus("create a memfd", errno);
  if (::ftruncate(file.get(), static_cast<off_t>(size)) != 0) {
    return ErrnoStatus("size a memfd", errno);
  }
  if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
    return ErrnoStatus("seal a memfd", errno);
  }
  return file;
}

// As one that was not cleared would look.
void Soil(const FreshArea& area) {
  const auto mapping =
      Mapping::Create(area.fd.get(), 0, area.description.mmap_size);
  if (mapping.ok()) InFlightView(mapping->bytes()).SetVersion(kInFlightVersion);
}

}  // namespace

absl::StatusOr<FreshArea> InFlightArea::Make(const Inflight& wanted) {
  if (last_made_.fd && fault_(Fault::kInFlightAreaMadeOnce)) {
    return FreshArea{last_made_.description, Duplicate(last_made_.fd)};
  }
  FreshArea area;
  area.description = wanted;
  area.description.mmap_offset = 0;
  area.description.mmap_size =
      Distance(wanted.queue_size) *
      (fault_(Fault::kInFlightAreaOfOneQueue) ? 1u : wanted.num_queues);
  const bool too_short = fault_(Fault::kInFlightFileTooShort);
  auto file = MakeFile(too_short ? kCacheLine : area.description.mmap_size);
  if (!file.ok()) return file.status();
  area.fd = *std::move(file);
  if (fault_(Fault::kInFlightAreaNotCleared)) Soil(area);
  if (fault_(Fault::kInFlightAreaMadeOnce)) {
    last_made_ = {area.description, Duplicate(area.fd)};
  }
  if (fault_(Fault::kInFlightFdsLeaked)) {
    hoard_.fds.push_back(Duplicate(area.fd));
  }
  return area;
}

absl::Status InFlightArea::Map(const Inflight& area, const UniqueFd& fd) {
  if (area.mmap_offset % kInFlightAlignment != 0) {
    return absl::InvalidArgumentError("the area is not aligned");
  }
  if (area.mmap_size < Distance(area.queue_size) * area.num_queues) {
    return absl::InvalidArgumentError("the area is too small for its queues");
  }
  const std::uint64_t offset =
      fault_(Fault::kInFlightOffsetIgnored) ? 0 : area.mmap_offset;
  absl::StatusOr<Mapping> mapping =
      Mapping::Create(fd.get(), offset, area.mmap_size);
  if (!mapping.ok()) return mapping.status();
  if (fault_(Fault::kInFlightFdsLeaked)) {
    hoard_.fds.push_back(Duplicate(fd));
  }
  if (mapping_ && fault_(Fault::kSecondInFlightAreaIgnored)) {
    return absl::OkStatus();
  }
  Unmap();
  mapping_.emplace(*std::move(mapping));
  description_ = area;
  return absl::OkStatus();
}

void InFlightArea::Unmap() {
  if (mapping_ && fault_(Fault::kInFlightAreasStayMapped)) {
    hoard_.mappings.push_back(*std::move(mapping_));
  }
  mapping_.reset();
}

InFlightView InFlightArea::region(std::uint32_t index) const {
  if (!mapping_ || index >= description_.num_queues) return {};
  if (fault_(Fault::kInFlightRegionsShared)) index = 0;
  const auto rest = mapping_->bytes().subspan(
      static_cast<std::size_t>(Distance(description_.queue_size) * index));
  if (fault_(Fault::kInFlightRegionNotBounded)) return InFlightView(rest);
  return InFlightView(rest.first(InFlightRegionSize(description_.queue_size)));
}

}  // namespace vuspec
