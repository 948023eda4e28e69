#include "harness/memory/merge_segments.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "harness/memory/address_range.h"

namespace vuspec {
namespace {

bool Continues(const GuestRegion& region, const MemorySegment& segment) {
  return region.fd == segment.fd &&
         region.user_address + region.size == segment.address &&
         region.mmap_offset + region.size == segment.offset;
}

}  // namespace

absl::StatusOr<std::vector<GuestRegion>> MergeSegments(
    std::span<const MemorySegment> segments) {
  std::vector<MemorySegment> sorted(segments.begin(), segments.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const MemorySegment& a, const MemorySegment& b) {
              return a.address < b.address;
            });
  std::vector<GuestRegion> regions;
  for (const MemorySegment& segment : sorted) {
    const AddressRange in_memory = {segment.address, segment.size};
    const AddressRange in_file = {segment.offset, segment.size};
    if (segment.size == 0 || in_memory.Wraps() || in_file.Wraps()) {
      return absl::InvalidArgumentError(
          absl::StrFormat("segment at 0x%x with 0x%x bytes is empty or wraps",
                          segment.address, segment.size));
    }
    // Sorted, so only the last region can reach into this segment.
    if (!regions.empty() &&
        AddressRange{regions.back().user_address, regions.back().size}.Overlaps(
            in_memory)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "segment at 0x%x overlaps the one before", segment.address));
    }
    if (!regions.empty() && Continues(regions.back(), segment)) {
      regions.back().size += segment.size;
      continue;
    }
    regions.push_back({segment.fd, segment.address, segment.size,
                       segment.address, segment.offset});
  }
  if (regions.size() > kMaxTableRegions) {
    return absl::ResourceExhaustedError(
        absl::StrFormat("%d regions are left, a table holds %d", regions.size(),
                        kMaxTableRegions));
  }
  return regions;
}

}  // namespace vuspec
