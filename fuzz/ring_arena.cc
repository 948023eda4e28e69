#include "fuzz/ring_arena.h"

#include <algorithm>
#include <cstring>

#include "fuzz/property.h"
#include "harness/memory/shared_access.h"

#if defined(__SANITIZE_ADDRESS__)
#define VU_FUZZ_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VU_FUZZ_ASAN 1
#endif
#endif
#ifdef VU_FUZZ_ASAN
#include <sanitizer/asan_interface.h>
#else
#define VU_FUZZ_ASAN 0
#define ASAN_POISON_MEMORY_REGION(address, size) \
  (static_cast<void>(address), static_cast<void>(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) \
  (static_cast<void>(address), static_cast<void>(size))
#endif

namespace vuspec::fuzz {
namespace {

// Each part has a slot of its own, larger than any part.
constexpr std::size_t kSlotSize = 1024;
constexpr std::uint64_t kFirstAddress = 0x10'0000;
constexpr std::uint64_t kPartDistance = 0x1'0000;

alignas(64) std::array<std::byte, kSlotSize * kPartCount> storage;
RingArena* current = nullptr;

constexpr std::size_t Index(Part part) {
  return static_cast<std::size_t>(part);
}

}  // namespace

const bool RingArena::kPoisons = VU_FUZZ_ASAN != 0;

RingArena::RingArena(std::uint16_t queue_size) {
  VU_PROPERTY(current == nullptr, "one arena at a time");
  const std::array<std::size_t, kPartCount> sizes = {
      DescriptorTableSize(queue_size), AvailableRingSize(queue_size),
      UsedRingSize(queue_size), kBufferRegionSize, kBufferRegionSize};
  ASAN_UNPOISON_MEMORY_REGION(storage.data(), storage.size());
  for (std::size_t i = 0; i < kPartCount; ++i) {
    // Poison begins with the byte behind the part: sizes need not be aligned.
    parts_[i] = std::span(storage).subspan(kSlotSize * i, sizes[i]);
    std::memset(parts_[i].data(), 0, sizes[i]);
    ASAN_POISON_MEMORY_REGION(parts_[i].data() + sizes[i],
                              kSlotSize - sizes[i]);
  }
  current = this;
}

RingArena::~RingArena() {
  current = nullptr;
  ASAN_UNPOISON_MEMORY_REGION(storage.data(), storage.size());
}

std::uint64_t RingArena::AddressOf(Part part) {
  if (part == Part::kBuffersHigh) {
    return AddressOf(Part::kBuffersLow) + kBufferRegionSize;
  }
  return kFirstAddress + kPartDistance * Index(part);
}

SplitRingAddresses RingArena::ring_addresses() const {
  return {AddressOf(Part::kDescriptors), AddressOf(Part::kAvailable),
          AddressOf(Part::kUsed)};
}

std::span<std::byte> RingArena::bytes(Part part) const {
  return parts_[Index(part)];
}

void RingArena::Write(Part part, std::size_t offset,
                      std::span<const std::uint8_t> from) const {
  const std::span<std::byte> to = bytes(part);
  offset %= to.size();
  const std::size_t size = std::min(from.size(), to.size() - offset);
  if (size != 0) std::memcpy(to.data() + offset, from.data(), size);
}

void RingArena::Store16(Part part, std::size_t offset,
                        std::uint16_t value) const {
  std::array<std::uint8_t, sizeof value> from;
  std::memcpy(from.data(), &value, sizeof value);
  Write(part, offset, from);
}

std::uint16_t RingArena::Load16(Part part, std::size_t offset) const {
  std::uint16_t value = 0;
  std::memcpy(&value, bytes(part).data() + offset, sizeof value);
  return value;
}

bool RingArena::Schedule(const Flip& flip) {
  if (flip_count_ == flips_.size()) return false;
  flips_[flip_count_++] = flip;
  return true;
}

std::span<std::byte> RingArena::LeadingPiece(std::uint64_t address,
                                             std::uint64_t length) const {
  for (std::size_t i = 0; i < kPartCount; ++i) {
    const std::uint64_t start = AddressOf(static_cast<Part>(i));
    if (address < start || address - start >= parts_[i].size()) continue;
    const auto offset = static_cast<std::size_t>(address - start);
    const std::uint64_t left = parts_[i].size() - offset;
    return parts_[i].subspan(offset,
                             static_cast<std::size_t>(std::min(left, length)));
  }
  return {};
}

bool RingArena::Holds(std::span<const std::byte> piece) const {
  return std::ranges::any_of(parts_, [&](std::span<const std::byte> part) {
    const std::uintptr_t start = vuspec::AddressOf(part.data());
    const std::uintptr_t at = vuspec::AddressOf(piece.data());
    return at >= start && at - start <= part.size() &&
           piece.size() <= part.size() - (at - start);
  });
}

void RingArena::OnLoad(const void* address) {
  if (current == nullptr) return;
  const std::uintptr_t at = vuspec::AddressOf(address);
  const std::uintptr_t start = vuspec::AddressOf(storage.data());
  if (at < start || at - start >= storage.size()) return;
  ++current->load_count_;
  for (std::size_t i = 0; i < current->flip_count_; ++i) {
    const Flip& flip = current->flips_[i];
    if (flip.at_load != current->load_count_) continue;
    ++current->flipped_count_;
    current->Store16(flip.part, flip.offset, flip.value);
  }
}

}  // namespace vuspec::fuzz
