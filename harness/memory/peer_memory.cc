#include "harness/memory/peer_memory.h"

#include "absl/strings/str_format.h"

namespace vuspec {

absl::StatusOr<PeerMemory::Entry> PeerMemory::Map(
    const PeerRegion& region, std::span<const Entry> beside) {
  const AddressRange guest = {region.guest_address, region.size};
  const AddressRange user = {region.user_address, region.size};
  if (region.size == 0) {
    return absl::InvalidArgumentError("a region of size 0");
  }
  if (guest.Wraps() || user.Wraps()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "guest address 0x%x or user address 0x%x wraps with size 0x%x",
        guest.begin, user.begin, region.size));
  }
  for (const Entry& entry : beside) {
    if (entry.guest.Overlaps(guest) || entry.user.Overlaps(user)) {
      return absl::AlreadyExistsError(absl::StrFormat(
          "guest range 0x%x or user range 0x%x with size 0x%x overlaps a "
          "region of the table",
          guest.begin, user.begin, region.size));
    }
  }
  absl::StatusOr<Mapping> mapping =
      Mapping::Create(region.fd.get(), region.mmap_offset, region.size);
  if (!mapping.ok()) return mapping.status();
  return Entry{guest, user, *std::move(mapping)};
}

absl::Status PeerMemory::Add(PeerRegion region) {
  absl::StatusOr<Entry> entry = Map(region, entries_);
  if (!entry.ok()) return entry.status();
  entries_.push_back(*std::move(entry));
  return absl::OkStatus();
}

absl::Status PeerMemory::Remove(std::uint64_t guest_address,
                                std::uint64_t user_address,
                                std::uint64_t size) {
  const AddressRange guest = {guest_address, size};
  const AddressRange user = {user_address, size};
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
        return entry.guest == guest && entry.user == user;
      });
  if (found == entries_.end()) {
    return absl::NotFoundError(absl::StrFormat(
        "no region has guest address 0x%x, user address 0x%x and size 0x%x",
        guest_address, user_address, size));
  }
  entries_.erase(found);
  return absl::OkStatus();
}

absl::Status PeerMemory::Replace(const std::vector<PeerRegion>& regions) {
  std::vector<Entry> entries;
  entries.reserve(regions.size());
  for (const PeerRegion& region : regions) {
    absl::StatusOr<Entry> entry = Map(region, entries);
    if (!entry.ok()) return entry.status();
    entries.push_back(*std::move(entry));
  }
  entries_ = std::move(entries);
  return absl::OkStatus();
}

bool PeerMemory::truncated() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const Entry& entry) {
    return entry.mapping.truncated();
  });
}

std::span<std::byte> PeerMemory::LeadingPieceOf(AddressRange Entry::*range,
                                                std::uint64_t address,
                                                std::uint64_t length) const {
  for (const Entry& entry : entries_) {
    const AddressRange& in = entry.*range;
    if (!in.Contains(address, 0)) continue;
    const std::uint64_t offset = address - in.begin;
    return entry.mapping.bytes().subspan(offset,
                                         std::min(length, in.size - offset));
  }
  return {};
}

}  // namespace vuspec
