#include "protocol/memory_layout.h"

#include <algorithm>

namespace vuspec::protocol {
namespace {

// Ranges are compared by their last byte: the end of the last one possible is
// 2^64.
bool Wraps(std::uint64_t start, std::uint64_t size) {
  return start + (size - 1) < start;
}

bool Overlap(std::uint64_t a, std::uint64_t a_size, std::uint64_t b,
             std::uint64_t b_size) {
  return a <= b + (b_size - 1) && b <= a + (a_size - 1);
}

bool Overlap(const MemoryRegion& a, const MemoryRegion& b) {
  return Overlap(a.guest_address, a.memory_size, b.guest_address,
                 b.memory_size) ||
         Overlap(a.user_address, a.memory_size, b.user_address, b.memory_size);
}

bool SameRange(const MemoryRegion& a, const MemoryRegion& b) {
  return a.guest_address == b.guest_address &&
         a.user_address == b.user_address && a.memory_size == b.memory_size;
}

std::optional<Violation> CheckOne(const MemoryRegion& region,
                                  std::string_view subject) {
  if (region.memory_size == 0) {
    return Violation{Req::MEM_21, subject, "memory_size", 0, Relation::kAtLeast,
                     1,           0};
  }
  struct {
    std::uint64_t start;
    Req req;
    std::string_view field;
  } const ranges[] = {
      {region.guest_address, Req::MEM_23, "guest_address + memory_size"},
      {region.user_address, Req::MEM_23, "user_address + memory_size"},
      {region.mmap_offset, Req::MEM_25, "mmap_offset + memory_size"},
  };
  for (const auto& range : ranges) {
    if (Wraps(range.start, region.memory_size)) {
      return Violation{range.req,  subject,           range.field,
                       0,          Relation::kAtMost, ~region.memory_size + 1,
                       range.start};
    }
  }
  return std::nullopt;
}

Violation Overlapping(const MemoryRegion& region, std::string_view subject,
                      Req req) {
  return {req,
          subject,
          "region overlaps another at guest_address",
          0,
          Relation::kNotAllowedNow,
          0,
          region.guest_address};
}

template <auto member>
bool Contains(std::span<const MemoryRegion> regions, std::uint64_t address,
              std::uint64_t length) {
  return std::ranges::any_of(regions, [&](const MemoryRegion& region) {
    const std::uint64_t offset = address - region.*member;
    return address >= region.*member && offset <= region.memory_size &&
           length <= region.memory_size - offset;
  });
}

}  // namespace

std::optional<Violation> MemoryLayout::CheckTable(
    std::span<const MemoryRegion> regions, std::string_view subject) {
  for (std::size_t i = 0; i < regions.size(); ++i) {
    if (auto wrong = CheckOne(regions[i], subject)) return wrong;
    for (std::size_t k = 0; k < i; ++k) {
      if (Overlap(regions[i], regions[k])) {
        return Overlapping(regions[i], subject, Req::MEM_28);
      }
    }
  }
  return std::nullopt;
}

std::optional<Violation> MemoryLayout::CheckAdd(
    const MemoryRegion& region, std::size_t slot_count,
    std::string_view subject) const {
  if (auto wrong = CheckOne(region, subject)) return wrong;
  for (const MemoryRegion& other : regions()) {
    if (Overlap(region, other)) {
      return Overlapping(region, subject, Req::MEM_35);
    }
  }
  const std::size_t limit = std::min(slot_count, kSlotCountMax);
  if (count_ >= limit) {
    return Violation{Req::MEM_38,       subject, "regions", 0,
                     Relation::kAtMost, limit,   count_ + 1};
  }
  return std::nullopt;
}

std::optional<Violation> MemoryLayout::CheckRemove(
    const MemoryRegion& region, std::string_view subject) const {
  for (const MemoryRegion& other : regions()) {
    if (SameRange(region, other)) return std::nullopt;
  }
  return Violation{Req::MEM_45,
                   subject,
                   "no such region at guest_address",
                   0,
                   Relation::kNotAllowedNow,
                   0,
                   region.guest_address};
}

void MemoryLayout::Replace(std::span<const MemoryRegion> regions) {
  count_ = std::min(regions.size(), kSlotCountMax);
  std::copy_n(regions.begin(), count_, regions_.begin());
}

void MemoryLayout::Add(const MemoryRegion& region) {
  if (count_ < kSlotCountMax) regions_[count_++] = region;
}

void MemoryLayout::Remove(const MemoryRegion& region) {
  const auto end = regions_.begin() + static_cast<std::ptrdiff_t>(count_);
  const auto kept = std::remove_if(
      regions_.begin(), end,
      [&](const MemoryRegion& other) { return SameRange(region, other); });
  count_ = static_cast<std::size_t>(kept - regions_.begin());
}

bool MemoryLayout::ContainsUser(std::uint64_t address,
                                std::uint64_t length) const {
  return Contains<&MemoryRegion::user_address>(regions(), address, length);
}

bool MemoryLayout::ContainsGuest(std::uint64_t address,
                                 std::uint64_t length) const {
  return Contains<&MemoryRegion::guest_address>(regions(), address, length);
}

}  // namespace vuspec::protocol
