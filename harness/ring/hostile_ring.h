// Rings as a hostile driver writes them: one named defect at a time.
//
// Contract: Post writes the chain of one defect at the beginning of the
// descriptor table of a driver's ring, makes it available and publishes it
// behind the driver's back. The driver is idle before, and has to StartAt (or
// go) afterwards, as its bookkeeping knows nothing of the chain. Kicking is
// the caller's.
//
// Example:
//   for (const HostileRingRow& row : AllHostileRings()) { ... }
//   absl::StatusOr<HostilePost> post = PostHostileRing(
//       HostileRing::kLoop, driver, memory, {request, reply});
//
// Spec: sections virtio-split (VS_21 to VS_33), memory (MEM_09 to MEM_11).
#ifndef VUSPEC_HARNESS_RING_HOSTILE_RING_H_
#define VUSPEC_HARNESS_RING_HOSTILE_RING_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "harness/memory/guest_memory.h"
#include "harness/ring/split_driver.h"
#include "protocol/requirement.h"

namespace vuspec {

enum class HostileRing : std::uint8_t {
  kHeadBeyondSize,
  kHeadMaximal,
  kNextBeyondSize,
  kNextMaximal,
  kLoop,
  kSelfLoop,
  kUnmappedAddress,
  kAddressWraps,
  kLengthPastRegion,
  kReadableAfterWritable,
  kHugeLength,
  kZeroLength,
  kAvailIndexTooFar,
  kAvailIndexBackwards,
  kIndirectNotNegotiated,
  kIndirectLengthZero,
  kIndirectLengthNot16,
  kIndirectUnmapped,
  kIndirectPastRegion,
  kIndirectAddressWraps,
  kIndirectWithNext,
  kNestedIndirect,
  kIndirectNextBeyondTable,
  kIndirectLoop,
};

enum class IndirectNeed : std::uint8_t { kAny, kNegotiated, kNotNegotiated };

struct HostileRingRow {
  HostileRing kind = HostileRing::kHeadBeyondSize;
  std::string_view name;  // as in the enum, for parameters and seeds
  protocol::Req req = protocol::Req::VS_01;
  IndirectNeed indirect = IndirectNeed::kAny;
  // Whether SplitDevice refuses it, citing `req`. What is not refused is odd
  // but has to work.
  bool refused = true;
};

// All rows, in the order of the enum.
std::span<const HostileRingRow> AllHostileRings();

const HostileRingRow& Describe(HostileRing kind);

// The sound parts of a chain, so that the defect is all that is wrong with it.
struct HostileParts {
  Segment readable;
  Segment writable;
};

struct HostilePost {
  // The head that the device finds; may lie beyond the queue.
  std::uint16_t head = 0;
  // The available index after the post, as the device sees it.
  std::uint16_t avail_index = 0;
};

// kResourceExhausted when `memory` has no room for an indirect table.
// REQUIRES: driver.outstanding() == 0, driver.queue_size() >= 2; the parts lie
// in `memory`; no region ends at 2^64.
absl::StatusOr<HostilePost> PostHostileRing(HostileRing kind,
                                            const SplitDriver& driver,
                                            GuestMemory& memory,
                                            const HostileParts& parts);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_RING_HOSTILE_RING_H_
