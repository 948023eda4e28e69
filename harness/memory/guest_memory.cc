#include "harness/memory/guest_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "harness/memory/shared_access.h"
#include "harness/transport/check.h"

namespace vuspec {
namespace {

// Differs from byte to byte and from 0x00 and 0xff most of the time, so that
// neither a fill nor a shifted copy restores it.
std::uint8_t CanaryByte(std::uint64_t offset) {
  return static_cast<std::uint8_t>(0xa5U ^ (offset * 29U));
}

absl::StatusOr<UniqueFd> CreateFile(std::uint64_t size, bool sealed) {
  UniqueFd file(
      ::memfd_create("vuspec-guest", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!file) return absl::ErrnoToStatus(errno, "memfd_create");
  if (::ftruncate(file.get(), static_cast<off_t>(size)) != 0) {
    return absl::ErrnoToStatus(
        errno, absl::StrFormat("give a memfd 0x%x bytes", size));
  }
  if (sealed &&
      ::fcntl(file.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
    return absl::ErrnoToStatus(errno, "F_ADD_SEALS");
  }
  return file;
}

// The end of the furthest region in the file that region `owner` creates.
absl::StatusOr<std::uint64_t> FileSize(std::span<const RegionSpec> specs,
                                       std::size_t owner) {
  std::uint64_t end = 0;
  for (std::size_t i = owner; i < specs.size(); ++i) {
    const RegionSpec& spec = specs[i];
    if (i != owner && spec.same_file_as != owner) continue;
    if (spec.mmap_offset > Mapping::kMaxSize || spec.size > Mapping::kMaxSize) {
      return absl::InvalidArgumentError(
          absl::StrFormat("region %d is too large", i));
    }
    end = std::max(end, spec.mmap_offset + spec.size);
  }
  return end;
}

std::uint64_t RoundUp(std::uint64_t value, std::uint64_t alignment) {
  return (value + alignment - 1) & ~(alignment - 1);
}

}  // namespace

absl::StatusOr<GuestMemory> GuestMemory::Create(
    std::span<const RegionSpec> specs) {
  GuestMemory memory;
  for (const RegionSpec& spec : specs) {
    if (absl::Status status = memory.AddRegion(spec, specs); !status.ok()) {
      return status;
    }
  }
  return memory;
}

absl::StatusOr<GuestMemory> GuestMemory::CreateDefault(
    std::size_t region_count) {
  std::vector<RegionSpec> specs(region_count);
  for (std::size_t i = 0; i < region_count; ++i) {
    specs[i].guest_address = kDefaultGuestAddress + i * kDefaultRegionDistance;
    specs[i].size = kDefaultRegionSize;
  }
  return Create(specs);
}

absl::Status GuestMemory::AddRegion(const RegionSpec& spec,
                                    std::span<const RegionSpec> specs) {
  const std::size_t index = regions_.size();
  GuestRegion region;
  region.guest_address = spec.guest_address;
  region.size = spec.size;
  region.mmap_offset = spec.mmap_offset;
  region.user_address =
      spec.user_address.value_or(spec.guest_address + kUserAddressDistance);
  const AddressRange guest = {region.guest_address, region.size};
  const AddressRange user = {region.user_address, region.size};
  if (guest.Wraps() || user.Wraps() ||
      (!spec.user_address && region.user_address < region.guest_address)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("an address range of region %d wraps", index));
  }
  if (spec.same_file_as) {
    if (*spec.same_file_as >= index || specs[*spec.same_file_as].same_file_as) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "region %d shares the file of a region that has none", index));
    }
    region.fd = regions_[*spec.same_file_as].fd;
  } else {
    const absl::StatusOr<std::uint64_t> file_size = FileSize(specs, index);
    if (!file_size.ok()) return file_size.status();
    absl::StatusOr<UniqueFd> file = CreateFile(*file_size, spec.sealed);
    if (!file.ok()) return file.status();
    region.fd = file->get();
    files_.push_back(*std::move(file));
  }
  absl::StatusOr<Mapping> mapping =
      Mapping::Create(region.fd, region.mmap_offset, region.size);
  if (!mapping.ok()) return mapping.status();
  regions_.push_back(region);
  mappings_.push_back(*std::move(mapping));
  rooms_.emplace_back();
  return absl::OkStatus();
}

std::span<std::byte> GuestMemory::RegionBytes(std::size_t index) const {
  return mappings_[index].bytes();
}

absl::StatusOr<GuestBuffer> GuestMemory::Allocate(std::size_t size,
                                                  std::size_t alignment) {
  for (std::size_t i = 0; i < regions_.size(); ++i) {
    absl::StatusOr<GuestBuffer> buffer = AllocateIn(i, size, alignment);
    if (buffer.ok()) return buffer;
  }
  return absl::ResourceExhaustedError(
      absl::StrFormat("no region of guest memory has room for %d bytes", size));
}

absl::StatusOr<GuestBuffer> GuestMemory::AllocateIn(std::size_t region_index,
                                                    std::size_t size,
                                                    std::size_t alignment) {
  VU_CHECK(alignment != 0 && (alignment & (alignment - 1)) == 0,
           "an alignment is a power of two");
  VU_CHECK(region_index < regions_.size(), "no such region");
  const GuestRegion& region = regions_[region_index];
  Room& room = rooms_[region_index];
  // The guest address has to be aligned, which its offset need not be. The sum
  // may wrap only when the region ends next to 2^64; then nothing fits.
  const std::uint64_t begin =
      RoundUp(region.guest_address + room.next + kCanarySize, alignment) -
      region.guest_address;
  if (begin < room.next || begin > region.size || size > region.size - begin ||
      kCanarySize > region.size - begin - size) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("region %d of guest memory has no room for %d bytes",
                        region_index, size));
  }
  const std::span<std::byte> bytes =
      mappings_[region_index].bytes().subspan(begin, size);
  if (begin < room.dirty) {
    FillOut(bytes.data(), std::min<std::uint64_t>(size, room.dirty - begin),
            std::byte{0});
  }
  PlaceCanary(region_index, begin - kCanarySize, kCanarySize);
  PlaceCanary(region_index, begin + size, kCanarySize);
  room.next = begin + size + kCanarySize;
  room.dirty = std::max(room.dirty, room.next);

  GuestBuffer buffer;
  buffer.guest_address = region.guest_address + begin;
  buffer.user_address = region.user_address + begin;
  buffer.bytes = bytes;
  return buffer;
}

void GuestMemory::Reset() {
  for (Room& room : rooms_) room.next = 0;
  canaries_.clear();
}

void GuestMemory::PlaceCanary(std::size_t region_index, std::uint64_t offset,
                              std::size_t size) {
  std::byte* const bytes = mappings_[region_index].data();
  for (std::uint64_t at = offset; at < offset + size; ++at) {
    Store<std::uint8_t>(bytes + at, CanaryByte(at));
  }
  canaries_.push_back({region_index, offset, size});
}

std::vector<CanaryDamage> GuestMemory::CheckCanaries() const {
  std::vector<CanaryDamage> damages;
  for (const Canary& canary : canaries_) {
    const std::byte* const bytes = mappings_[canary.region_index].data();
    for (std::uint64_t at = canary.offset; at < canary.offset + canary.size;
         ++at) {
      const std::uint8_t actual = Load<std::uint8_t>(bytes + at);
      if (actual == CanaryByte(at)) continue;
      damages.push_back({regions_[canary.region_index].guest_address + at, at,
                         CanaryByte(at), actual});
      break;
    }
  }
  return damages;
}

std::span<std::byte> GuestMemory::LeadingPiece(std::uint64_t address,
                                               std::uint64_t length) const {
  for (std::size_t i = 0; i < regions_.size(); ++i) {
    const AddressRange range = {regions_[i].guest_address, regions_[i].size};
    if (!range.Contains(address, 0)) continue;
    const std::uint64_t offset = address - range.begin;
    return mappings_[i].bytes().subspan(offset,
                                        std::min(length, range.size - offset));
  }
  return {};
}

std::byte* GuestMemory::TranslateUser(std::uint64_t address,
                                      std::uint64_t length) const {
  for (std::size_t i = 0; i < regions_.size(); ++i) {
    const AddressRange range = {regions_[i].user_address, regions_[i].size};
    if (range.Contains(address, length)) {
      return mappings_[i].data() + (address - range.begin);
    }
  }
  return nullptr;
}

bool GuestMemory::truncated() const {
  return std::any_of(
      mappings_.begin(), mappings_.end(),
      [](const Mapping& mapping) { return mapping.truncated(); });
}

}  // namespace vuspec
