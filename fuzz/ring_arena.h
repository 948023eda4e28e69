// The shared memory of split_ring_fuzzer: three parts of a ring and two
// regions for buffers, with poison between them, and a peer that changes words
// of it under the reader's eyes.
//
// Contract: one arena at a time (the hook of the loads is global). Addresses
// are guest addresses: part p begins at AddressOf(p); the two buffer regions
// follow each other there, but not in this process, so that a buffer across
// both has two pieces.
#ifndef VUSPEC_FUZZ_RING_ARENA_H_
#define VUSPEC_FUZZ_RING_ARENA_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "harness/memory/address_space.h"
#include "harness/ring/split_layout.h"

namespace vuspec::fuzz {

enum class Part : std::uint8_t {
  kDescriptors,
  kAvailable,
  kUsed,
  kBuffersLow,
  kBuffersHigh,
};
inline constexpr std::size_t kPartCount = 5;
inline constexpr std::size_t kBufferRegionSize = 512;
inline constexpr std::uint16_t kArenaQueueSizeMax = 32;

// Before the k-th load from the arena (counted from 1), the two bytes at an
// offset of a part become `value`.
struct Flip {
  std::uint64_t at_load = 0;
  Part part = Part::kDescriptors;
  std::size_t offset = 0;
  std::uint16_t value = 0;
};

class RingArena final : public AddressSpace {
 public:
  static constexpr std::size_t kFlipCountMax = 16;
  // Whether this build sees an access between the parts.
  static const bool kPoisons;

  // All zero. REQUIRES: IsSplitQueueSize, at most kArenaQueueSizeMax.
  explicit RingArena(std::uint16_t queue_size);
  RingArena(const RingArena&) = delete;
  RingArena& operator=(const RingArena&) = delete;
  ~RingArena() override;

  static std::uint64_t AddressOf(Part part);
  SplitRingAddresses ring_addresses() const;

  std::span<std::byte> bytes(Part part) const;

  // Stores what fits, byte by byte, as a peer may at any time.
  void Write(Part part, std::size_t offset,
             std::span<const std::uint8_t> from) const;
  void Store16(Part part, std::size_t offset, std::uint16_t value) const;
  std::uint16_t Load16(Part part, std::size_t offset) const;

  // False when there are kFlipCountMax already.
  bool Schedule(const Flip& flip);
  // Loads that were seen, where the build reports them; see OnLoad.
  std::uint64_t load_count() const { return load_count_; }
  std::uint64_t flipped_count() const { return flipped_count_; }

  std::span<std::byte> LeadingPiece(std::uint64_t address,
                                    std::uint64_t length) const override;

  // Whether [data, data + size) lies in one part.
  bool Holds(std::span<const std::byte> piece) const;

  // From the compiler's hook, before a load of the code that is fuzzed.
  static void OnLoad(const void* address);

 private:
  std::array<std::span<std::byte>, kPartCount> parts_;
  std::array<Flip, kFlipCountMax> flips_;
  std::size_t flip_count_ = 0;
  std::uint64_t load_count_ = 0;
  std::uint64_t flipped_count_ = 0;
};

}  // namespace vuspec::fuzz

#endif  // VUSPEC_FUZZ_RING_ARENA_H_
