// A split ring in memory, field by field.
//
// Contract: owns nothing and remembers nothing; each call is one access to
// shared memory, bounded by the queue size (running indices are masked, table
// indices must be in range). Copyable; as thread-safe as the memory. The
// driver and the device side build their rules on it, and cases use it to look
// at or to spoil a ring.
//
// REQUIRES: the three parts are mapped for the whole queue size and aligned.
#ifndef VUSPEC_HARNESS_RING_SPLIT_VIEW_H_
#define VUSPEC_HARNESS_RING_SPLIT_VIEW_H_

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "harness/memory/shared_access.h"
#include "harness/ring/split_layout.h"

namespace vuspec {

// One read of each byte, at any alignment: an indirect table need not have one.
inline Descriptor LoadDescriptor(const std::byte* at) {
  std::uint64_t address = 0;
  std::uint64_t rest = 0;
  if (IsAlignedFor<std::uint64_t>(at)) [[likely]] {
    address = Load<std::uint64_t>(at);
    rest = Load<std::uint64_t>(at + kDescriptorLengthOffset);
  } else {
    std::array<std::byte, kDescriptorSize> bytes;
    CopyIn(bytes, at);
    std::memcpy(&address, bytes.data(), sizeof(address));
    std::memcpy(&rest, bytes.data() + kDescriptorLengthOffset, sizeof(rest));
  }
  return {address, static_cast<std::uint32_t>(rest),
          static_cast<std::uint16_t>(rest >> 32),
          static_cast<std::uint16_t>(rest >> 48)};
}

// REQUIRES: `at` is aligned to 8.
inline void StoreDescriptor(std::byte* at, const Descriptor& descriptor) {
  Store<std::uint64_t>(at, descriptor.address);
  Store<std::uint64_t>(at + kDescriptorLengthOffset,
                       std::uint64_t{descriptor.length} |
                           std::uint64_t{descriptor.flags} << 32 |
                           std::uint64_t{descriptor.next} << 48);
}

// The same numbers with their bytes in reverse.
constexpr std::uint16_t Swapped(std::uint16_t value) {
  return __builtin_bswap16(value);
}
constexpr std::uint32_t Swapped(std::uint32_t value) {
  return __builtin_bswap32(value);
}
constexpr Descriptor Swapped(const Descriptor& descriptor) {
  return {__builtin_bswap64(descriptor.address), Swapped(descriptor.length),
          Swapped(descriptor.flags), Swapped(descriptor.next)};
}

// Whose byte order the numbers of a ring have.
enum class RingOrder : std::uint8_t { kHost, kSwapped };

constexpr RingOrder RingOrderOf(std::endian order) {
  return order == std::endian::native ? RingOrder::kHost : RingOrder::kSwapped;
}

class SplitRingView {
 public:
  SplitRingView() = default;
  // REQUIRES: IsSplitQueueSize(queue_size).
  SplitRingView(std::byte* descriptors, std::byte* available, std::byte* used,
                std::uint16_t queue_size, RingOrder order = RingOrder::kHost)
      : descriptors_(descriptors),
        available_(available),
        used_(used),
        queue_size_(queue_size),
        mask_(static_cast<std::uint16_t>(queue_size - 1)),
        order_(order) {}

  std::uint16_t queue_size() const { return queue_size_; }

  // From the byte order of the host to that of the ring, and back.
  template <typename T>
  T Ordered(const T& value) const {
    return order_ == RingOrder::kHost ? value : Swapped(value);
  }

  // The bytes of each part, for comparisons before and after.
  std::span<std::byte> descriptor_bytes() const {
    return {descriptors_, DescriptorTableSize(queue_size_)};
  }
  std::span<std::byte> available_bytes() const {
    return {available_, AvailableRingSize(queue_size_)};
  }
  std::span<std::byte> used_bytes() const {
    return {used_, UsedRingSize(queue_size_)};
  }

  // REQUIRES: table_index < queue_size().
  Descriptor descriptor(std::uint16_t table_index) const {
    return Ordered(
        LoadDescriptor(descriptors_ + kDescriptorSize * table_index));
  }
  void SetDescriptor(std::uint16_t table_index, const Descriptor& value) const {
    StoreDescriptor(descriptors_ + kDescriptorSize * table_index,
                    Ordered(value));
  }

  std::uint16_t avail_flags() const {
    return Ordered(Load<std::uint16_t>(available_ + kRingFlagsOffset));
  }
  void SetAvailFlags(std::uint16_t flags) const {
    Store<std::uint16_t>(available_ + kRingFlagsOffset, Ordered(flags));
  }
  // Acquires what was stored before the index was set.
  std::uint16_t avail_index() const {
    return Ordered(LoadAcquire<std::uint16_t>(available_ + kRingIndexOffset));
  }
  void SetAvailIndex(std::uint16_t index) const {
    StoreRelease<std::uint16_t>(available_ + kRingIndexOffset, Ordered(index));
  }
  std::uint16_t avail_entry(std::uint16_t running_index) const {
    return Ordered(Load<std::uint16_t>(AvailEntryAt(running_index)));
  }
  void SetAvailEntry(std::uint16_t running_index, std::uint16_t head) const {
    Store<std::uint16_t>(AvailEntryAt(running_index), Ordered(head));
  }
  std::uint16_t used_event() const {
    return Ordered(
        Load<std::uint16_t>(available_ + UsedEventOffset(queue_size_)));
  }
  void SetUsedEvent(std::uint16_t event) const {
    Store<std::uint16_t>(available_ + UsedEventOffset(queue_size_),
                         Ordered(event));
  }

  std::uint16_t used_flags() const {
    return Ordered(Load<std::uint16_t>(used_ + kRingFlagsOffset));
  }
  void SetUsedFlags(std::uint16_t flags) const {
    Store<std::uint16_t>(used_ + kRingFlagsOffset, Ordered(flags));
  }
  // Acquires what was stored before the index was set.
  std::uint16_t used_index() const {
    return Ordered(LoadAcquire<std::uint16_t>(used_ + kRingIndexOffset));
  }
  void SetUsedIndex(std::uint16_t index) const {
    StoreRelease<std::uint16_t>(used_ + kRingIndexOffset, Ordered(index));
  }
  UsedElement used_element(std::uint16_t running_index) const {
    const std::byte* const at = UsedElementAt(running_index);
    return {Ordered(Load<std::uint32_t>(at)),
            Ordered(Load<std::uint32_t>(at + kUsedElementLengthOffset))};
  }
  void SetUsedElement(std::uint16_t running_index,
                      const UsedElement& element) const {
    std::byte* const at = UsedElementAt(running_index);
    Store<std::uint32_t>(at, Ordered(element.id));
    Store<std::uint32_t>(at + kUsedElementLengthOffset,
                         Ordered(element.length));
  }
  std::uint16_t avail_event() const {
    return Ordered(Load<std::uint16_t>(used_ + AvailEventOffset(queue_size_)));
  }
  void SetAvailEvent(std::uint16_t event) const {
    Store<std::uint16_t>(used_ + AvailEventOffset(queue_size_), Ordered(event));
  }

 private:
  std::size_t Slot(std::uint16_t running_index) const {
    return running_index & mask_;
  }
  std::byte* AvailEntryAt(std::uint16_t running_index) const {
    return available_ + kRingEntriesOffset +
           kAvailableEntrySize * Slot(running_index);
  }
  std::byte* UsedElementAt(std::uint16_t running_index) const {
    return used_ + kRingEntriesOffset + kUsedElementSize * Slot(running_index);
  }

  std::byte* descriptors_ = nullptr;
  std::byte* available_ = nullptr;
  std::byte* used_ = nullptr;
  std::uint16_t queue_size_ = 0;
  std::uint16_t mask_ = 0;
  RingOrder order_ = RingOrder::kHost;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_RING_SPLIT_VIEW_H_
