// The layout of a split ring: constants, sizes, alignments and offsets.
//
// All numbers of the split layout stand here and nowhere else. Ring fields are
// little-endian; on a host of the other order this does not compile.
//
// Spec: virtio "Split Virtqueues"; section virtio-split (VS_01).
#ifndef VUSPEC_HARNESS_RING_SPLIT_LAYOUT_H_
#define VUSPEC_HARNESS_RING_SPLIT_LAYOUT_H_

#include <bit>
#include <cstddef>
#include <cstdint>

namespace vuspec {

static_assert(std::endian::native == std::endian::little,
              "ring fields are accessed without byte swapping");

// Descriptor flags.
inline constexpr std::uint16_t VIRTQ_DESC_F_NEXT = 1;
inline constexpr std::uint16_t VIRTQ_DESC_F_WRITE = 2;
inline constexpr std::uint16_t VIRTQ_DESC_F_INDIRECT = 4;
// Flags of the available ring and of the used ring.
inline constexpr std::uint16_t VIRTQ_AVAIL_F_NO_INTERRUPT = 1;
inline constexpr std::uint16_t VIRTQ_USED_F_NO_NOTIFY = 1;

inline constexpr std::uint32_t kMaxQueueSize = 32768;

inline constexpr std::uint64_t kDescriptorTableAlignment = 16;
inline constexpr std::uint64_t kAvailableRingAlignment = 2;
inline constexpr std::uint64_t kUsedRingAlignment = 4;

inline constexpr std::size_t kDescriptorSize = 16;
inline constexpr std::size_t kDescriptorLengthOffset = 8;
inline constexpr std::size_t kDescriptorFlagsOffset = 12;
inline constexpr std::size_t kDescriptorNextOffset = 14;

// The same in both rings.
inline constexpr std::size_t kRingFlagsOffset = 0;
inline constexpr std::size_t kRingIndexOffset = 2;
inline constexpr std::size_t kRingEntriesOffset = 4;

inline constexpr std::size_t kAvailableEntrySize = 2;
inline constexpr std::size_t kUsedElementSize = 8;
inline constexpr std::size_t kUsedElementLengthOffset = 4;

constexpr bool IsSplitQueueSize(std::uint32_t queue_size) {
  return queue_size <= kMaxQueueSize && std::has_single_bit(queue_size);
}

constexpr std::size_t DescriptorTableSize(std::uint16_t queue_size) {
  return kDescriptorSize * queue_size;
}
// The event fields lie behind the entries and are counted always: without
// EVENT_IDX they are only unused.
constexpr std::size_t UsedEventOffset(std::uint16_t queue_size) {
  return kRingEntriesOffset + kAvailableEntrySize * queue_size;
}
constexpr std::size_t AvailableRingSize(std::uint16_t queue_size) {
  return UsedEventOffset(queue_size) + 2;
}
constexpr std::size_t AvailEventOffset(std::uint16_t queue_size) {
  return kRingEntriesOffset + kUsedElementSize * queue_size;
}
constexpr std::size_t UsedRingSize(std::uint16_t queue_size) {
  return AvailEventOffset(queue_size) + 2;
}

struct Descriptor {
  std::uint64_t address = 0;
  std::uint32_t length = 0;
  std::uint16_t flags = 0;
  std::uint16_t next = 0;

  bool operator==(const Descriptor&) const = default;
};

struct UsedElement {
  std::uint32_t id = 0;
  std::uint32_t length = 0;

  bool operator==(const UsedElement&) const = default;
};

// The three parts of one ring, all in the same kind of address.
struct SplitRingAddresses {
  std::uint64_t descriptor_table = 0;
  std::uint64_t available = 0;
  std::uint64_t used = 0;

  bool operator==(const SplitRingAddresses&) const = default;
};

// Whether an index that went from `old_index` to `new_index` passed `event`,
// that is, stepped over it; right across the wrap at 65536.
constexpr bool EventPassed(std::uint16_t event, std::uint16_t new_index,
                           std::uint16_t old_index) {
  const auto behind_event = static_cast<std::uint16_t>(new_index - event - 1);
  const auto step = static_cast<std::uint16_t>(new_index - old_index);
  return behind_event < step;
}

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_RING_SPLIT_LAYOUT_H_
