// The memory of the guest as the front-end owns it.
//
// Every region is a memfd (or a part of one) with three addresses that must
// not be mixed up: the guest address in descriptors, the user address in ring
// messages, and the pointer in this process. By default they all differ, so a
// back-end that takes one for another is seen.
//
// Buffers come from a bump allocator with canaries on both sides;
// CheckCanaries() tells where a back-end wrote outside of what it was given.
//
// Contract: not thread-safe except for Translate and TranslateUser, which may
// run while nothing allocates; the memory itself is shared and is accessed
// through shared_access.h once a peer has it. Creation touches no page.
// Failures are of our world: memfd, mmap, or a specification nobody could map.
//
// Example:
//   absl::StatusOr<GuestMemory> memory = GuestMemory::CreateDefault();
//   absl::StatusOr<GuestBuffer> buffer = memory->Allocate(512, 16);
//   ... the device writes ...
//   EXPECT_THAT(memory->CheckCanaries(), IsEmpty());
//
// Spec: section memory (MEM_02, MEM_05, MEM_06, MEM_57).
#ifndef VUSPEC_HARNESS_MEMORY_GUEST_MEMORY_H_
#define VUSPEC_HARNESS_MEMORY_GUEST_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/memory/address_range.h"
#include "harness/memory/address_space.h"
#include "harness/memory/mapping.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {

struct RegionSpec {
  std::uint64_t guest_address = 0;
  std::uint64_t size = 0;
  std::uint64_t mmap_offset = 0;
  // With F_SEAL_SHRINK and F_SEAL_GROW; without, the file can be truncated.
  bool sealed = true;
  // Default: guest_address + GuestMemory::kUserAddressDistance.
  std::optional<std::uint64_t> user_address = std::nullopt;
  // Index of an earlier region whose memfd this one is a part of.
  std::optional<std::size_t> same_file_as = std::nullopt;
};

// What a memory table says of a region; the descriptor is GuestMemory's.
struct GuestRegion {
  int fd = -1;
  std::uint64_t guest_address = 0;
  std::uint64_t size = 0;
  std::uint64_t user_address = 0;
  std::uint64_t mmap_offset = 0;
};

struct GuestBuffer {
  std::uint64_t guest_address = 0;
  std::uint64_t user_address = 0;
  std::span<std::byte> bytes;
};

// The first damaged byte of one canary.
struct CanaryDamage {
  std::uint64_t guest_address = 0;  // of that byte
  std::uint64_t offset = 0;         // from the start of its region
  std::uint8_t expected = 0;
  std::uint8_t actual = 0;

  bool operator==(const CanaryDamage&) const = default;
};

class GuestMemory final : public AddressSpace {
 public:
  static constexpr std::uint64_t kUserAddressDistance = 0x5500'0000'0000;
  static constexpr std::uint64_t kDefaultGuestAddress = 0x4000'0000;
  static constexpr std::uint64_t kDefaultRegionSize = std::uint64_t{4} << 20;
  // Between the starts of two default regions: they do not touch.
  static constexpr std::uint64_t kDefaultRegionDistance = 0x1000'0000;
  // Bytes of canary on either side of a buffer.
  static constexpr std::size_t kCanarySize = 64;

  static absl::StatusOr<GuestMemory> Create(std::span<const RegionSpec> specs);
  static absl::StatusOr<GuestMemory> CreateDefault(
      std::size_t region_count = 1);

  GuestMemory(GuestMemory&&) = default;
  GuestMemory& operator=(GuestMemory&&) = default;

  // In the order of the specs.
  std::span<const GuestRegion> regions() const { return regions_; }
  // The bytes of a region in this process.
  std::span<std::byte> RegionBytes(std::size_t index) const;

  // From the first region with room. The bytes are zero.
  // kResourceExhausted when no region has room.
  // REQUIRES: alignment is a power of two.
  absl::StatusOr<GuestBuffer> Allocate(std::size_t size, std::size_t alignment);
  absl::StatusOr<GuestBuffer> AllocateIn(std::size_t region_index,
                                         std::size_t size,
                                         std::size_t alignment);
  // Forgets every allocation and its canaries.
  void Reset();

  // One entry per damaged canary; empty when nobody wrote out of bounds.
  std::vector<CanaryDamage> CheckCanaries() const;

  // By guest address; see AddressSpace.
  std::span<std::byte> LeadingPiece(std::uint64_t address,
                                    std::uint64_t length) const override;
  // As Translate, by user address.
  std::byte* TranslateUser(std::uint64_t address, std::uint64_t length) const;

  // A peer or a test truncated a file and the pages were missed.
  bool truncated() const;

 private:
  // What the allocator knows of a region, in offsets from its start.
  struct Room {
    std::uint64_t next = 0;   // the first byte never handed out
    std::uint64_t dirty = 0;  // bytes from here on were never handed out
  };
  struct Canary {
    std::size_t region_index = 0;
    std::uint64_t offset = 0;
    std::size_t size = 0;
  };

  GuestMemory() = default;

  absl::Status AddRegion(const RegionSpec& spec,
                         std::span<const RegionSpec> specs);
  void PlaceCanary(std::size_t region_index, std::uint64_t offset,
                   std::size_t size);

  std::vector<UniqueFd> files_;
  std::vector<GuestRegion> regions_;  // parallel: mappings_, rooms_
  std::vector<Mapping> mappings_;
  std::vector<Room> rooms_;
  std::vector<Canary> canaries_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_MEMORY_GUEST_MEMORY_H_
