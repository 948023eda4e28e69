// Stories of a split ring whose other side is hostile, and what holds for all.
//
//   device: a chain lies in memory, readable before writable, as long as its
//     parts say; a refused one is empty and cites a rule of descriptors; no
//     more chains are taken than were available; a take costs a bounded number
//     of loads; descriptors and available ring are not written.
//   driver: a completion is of an outstanding chain and not longer than its
//     writable part; every chain completes at most once; a violation cites a
//     rule of the used ring and stays; the used ring is not written.
//
// Input: u8 queue size (2^n, n <= 5; from 0x80 on the driver), u8 options,
// u16 base, then records (operations.h).
#ifndef VUSPEC_FUZZ_SPLIT_RING_RUN_H_
#define VUSPEC_FUZZ_SPLIT_RING_RUN_H_

#include <cstddef>
#include <cstdint>

#include "fuzz/input.h"
#include "fuzz/records.h"
#include "fuzz/ring_arena.h"
#include "harness/ring/split_chain.h"
#include "protocol/result.h"

namespace vuspec::fuzz {

inline constexpr std::size_t kSplitRingHeadSize = 4;
inline constexpr std::uint8_t kDriverBit = 0x80;

// Options.
inline constexpr std::uint8_t kEventIdxOption = 1;
inline constexpr std::uint8_t kIndirectOption = 2;

struct SplitRingHead {
  bool driver = false;
  std::uint16_t queue_size = 1;
  bool event_idx = false;
  bool indirect = false;
  std::uint16_t base = 0;
};

SplitRingHead ReadSplitRingHead(Input& input);

// What a device made of one available entry: aborts unless it may.
void CheckPopped(const RingArena& arena, const protocol::Result<bool>& popped,
                 const Chain& chain, std::uint16_t queue_size,
                 std::uint64_t load_count);

void RunDevice(const SplitRingHead& head, const Records& records);
void RunDriver(const SplitRingHead& head, const Records& records);

// Aborts on the first property that does not hold.
void CheckSplitRingInput(Bytes bytes);

}  // namespace vuspec::fuzz

#endif  // VUSPEC_FUZZ_SPLIT_RING_RUN_H_
