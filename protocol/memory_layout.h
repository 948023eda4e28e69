// The regions that a front-end has shared: what SET_MEM_TABLE, ADD_MEM_REG and
// REM_MEM_REG made of them, by address only (no descriptor, no mapping).
//
// Contract: no allocation; at most kSlotCountMax regions.
//
// Spec: "Memory regions description", VHOST_USER_SET_MEM_TABLE and following.
#ifndef VUSPEC_PROTOCOL_MEMORY_LAYOUT_H_
#define VUSPEC_PROTOCOL_MEMORY_LAYOUT_H_

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "protocol/payloads.h"
#include "protocol/violation.h"

namespace vuspec::protocol {

// libvhost-user announces 509 slots, the most that we have seen.
inline constexpr std::size_t kSlotCountMax = 512;

class MemoryLayout {
 public:
  // The rule of the table that `regions`, taken alone, breaks: size 0, ranges
  // that wrap, ranges that overlap each other.
  static std::optional<Violation> CheckTable(
      std::span<const MemoryRegion> regions, std::string_view subject);

  // Whether `region` may join what is there.
  std::optional<Violation> CheckAdd(const MemoryRegion& region,
                                    std::size_t slot_count,
                                    std::string_view subject) const;
  // Whether a region with these addresses and this size is there.
  std::optional<Violation> CheckRemove(const MemoryRegion& region,
                                       std::string_view subject) const;

  // REQUIRES: the matching Check... found nothing.
  void Replace(std::span<const MemoryRegion> regions);
  void Add(const MemoryRegion& region);
  void Remove(const MemoryRegion& region);
  void Clear() { count_ = 0; }

  std::span<const MemoryRegion> regions() const {
    return std::span(regions_).first(count_);
  }

  // Whether [address, address + length) lies in one region, by user address.
  bool ContainsUser(std::uint64_t address, std::uint64_t length) const;
  bool ContainsGuest(std::uint64_t address, std::uint64_t length) const;

 private:
  std::array<MemoryRegion, kSlotCountMax> regions_;
  std::size_t count_ = 0;
};

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_MEMORY_LAYOUT_H_
