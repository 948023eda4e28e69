// Makes the regions of a memory table out of a list of memory segments.
//
// A front-end that keeps its memory as many small segments of few files (huge
// pages) has more of them than a table has entries; neighbours in both memory
// and file become one region.
//
// Contract: pure. Regions come in the order of their addresses, whatever the
// order of the segments; user address = guest address = the segment's address,
// as a front-end without a guest has it.
//
// Spec: section memory (MEM_02, MEM_16, MEM_26).
#ifndef VUSPEC_HARNESS_MEMORY_MERGE_SEGMENTS_H_
#define VUSPEC_HARNESS_MEMORY_MERGE_SEGMENTS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/memory/guest_memory.h"

namespace vuspec {

struct MemorySegment {
  int fd = -1;
  std::uint64_t address = 0;
  std::uint64_t size = 0;
  std::uint64_t offset = 0;  // in the file
};

// What SET_MEM_TABLE can carry.
inline constexpr std::size_t kMaxTableRegions = 8;

// kInvalidArgument when a segment is empty or wraps or two overlap in memory;
// kResourceExhausted when more than kMaxTableRegions are left.
absl::StatusOr<std::vector<GuestRegion>> MergeSegments(
    std::span<const MemorySegment> segments);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_MEMORY_MERGE_SEGMENTS_H_
