#include "harness/backend/backend_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "protocol/limits.h"

namespace vuspec {

void Hoard::Keep(std::vector<UniqueFd>& more) {
  std::move(more.begin(), more.end(), std::back_inserter(fds));
  more.clear();
}

void Hoard::KeepCopies(std::span<const UniqueFd> originals) {
  for (const UniqueFd& fd : originals) {
    fds.emplace_back(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
  }
}

BackendMemory::BackendMemory(const FaultSet& fault, Hoard& hoard, Iommu& iommu)
    : fault_(fault),
      hoard_(hoard),
      iommu_(iommu),
      memory_(std::make_unique<PeerMemory>()) {}

BackendMemory::~BackendMemory() {
  if (fault_(Fault::kMemoryLeakedAtDisconnect)) {
    hoard_.memories.push_back(std::move(memory_));
  }
}

bool BackendMemory::Translate(const protocol::Iotlb& message) {
  return iommu_.Apply(message, *memory_);
}

std::span<std::byte> BackendMemory::Space::LeadingPiece(
    std::uint64_t address, std::uint64_t length) const {
  const FaultSet& fault = memory_.fault_;
  PeerMemory& memory = *memory_.memory_;
  const bool is_ring = use_ == Use::kRing;
  if (memory_.iommu_.on() &&
      !(is_ring && fault(Fault::kRingAddressesNotTranslated))) {
    return memory_.iommu_.LeadingPieceFor(access_, address, length, memory);
  }
  const bool by_user_address = is_ring
                                   ? !fault(Fault::kRingAddressesTakenAsGuest)
                                   : fault(Fault::kBufferAddressesTakenAsUser);
  return by_user_address ? memory.user_space().LeadingPiece(address, length)
                         : memory.LeadingPiece(address, length);
}

PeerRegion BackendMemory::ToPeerRegion(const protocol::MemoryRegion& region,
                                       UniqueFd fd) {
  const std::uint64_t offset =
      region.mmap_offset != 0 && fault_(Fault::kMmapOffsetIgnored)
          ? 0
          : region.mmap_offset;
  return {region.guest_address, region.memory_size, region.user_address, offset,
          std::move(fd)};
}

absl::Status BackendMemory::Replace(
    std::span<const protocol::MemoryRegion> regions,
    std::vector<UniqueFd>& fds) {
  const bool first = memory_->region_count() == 0;
  if (!first && fault_(Fault::kSecondTableIgnored)) return absl::OkStatus();
  if (fault_(Fault::kTableFdsLeaked)) hoard_.KeepCopies(fds);
  if (regions.size() > 1 && fault_(Fault::kOnlyFirstRegionUsed)) {
    regions = regions.first(1);
  }
  if (regions.size() == protocol::kMemoryRegionCountMax &&
      fault_(Fault::kEighthRegionDropped)) {
    regions = regions.first(regions.size() - 1);
  }
  std::vector<PeerRegion> peer_regions;
  for (std::size_t i = 0; i < regions.size(); ++i) {
    peer_regions.push_back(ToPeerRegion(regions[i], std::move(fds[i])));
  }
  if (!first && (fault_(Fault::kOldTableStaysMapped) ||
                 fault_(Fault::kRingsNotRebound))) {
    hoard_.memories.push_back(
        std::exchange(memory_, std::make_unique<PeerMemory>()));
  }
  const absl::Status status = memory_->Replace(peer_regions);
  if (status.ok()) regions_.assign(regions.begin(), regions.end());
  return status;
}

absl::Status BackendMemory::Add(const protocol::MemoryRegion& region,
                                UniqueFd fd) {
  if (fault_(Fault::kAddedRegionUnusable)) return absl::OkStatus();
  if (fault_(Fault::kAddedRegionFdLeaked)) {
    hoard_.KeepCopies(std::span(&fd, 1));
  }
  const absl::Status status = memory_->Add(ToPeerRegion(region, std::move(fd)));
  if (status.ok()) regions_.push_back(region);
  return status;
}

absl::Status BackendMemory::Remove(const protocol::MemoryRegion& region) {
  if (fault_(Fault::kRemovedRegionStaysMapped)) return absl::OkStatus();
  const auto found =
      std::find_if(regions_.begin(), regions_.end(), [&](const auto& each) {
        return each.guest_address == region.guest_address &&
               each.user_address == region.user_address &&
               each.memory_size == region.memory_size;
      });
  if (found != regions_.end() && found->mmap_offset != region.mmap_offset &&
      fault_(Fault::kRemoveComparesOffset)) {
    return absl::NotFoundError("the mmap offset differs");
  }
  const absl::Status status = memory_->Remove(
      region.guest_address, region.user_address, region.memory_size);
  if (status.ok() && found != regions_.end()) regions_.erase(found);
  return status;
}

std::optional<std::uint64_t> BackendMemory::GuestAddressOf(
    const std::byte* pointer) const {
  for (const protocol::MemoryRegion& region : regions_) {
    const std::span<std::byte> bytes =
        memory_->LeadingPiece(region.guest_address, region.memory_size);
    if (std::less_equal<>()(bytes.data(), pointer) &&
        std::less<>()(pointer, bytes.data() + bytes.size())) {
      return region.guest_address +
             static_cast<std::uint64_t>(pointer - bytes.data());
    }
  }
  return std::nullopt;
}

}  // namespace vuspec
