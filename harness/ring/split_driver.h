// The driver (front-end) side of a split ring in guest memory.
//
// Contract: lives in one thread; the ring and the buffers are shared with a
// device. It keeps all its bookkeeping in private memory and believes nothing
// it can read back, so PopUsed judges every word that the device wrote. After
// Create nothing allocates as long as nothing fails.
//
// Example:
//   absl::StatusOr<SplitDriver> ring = SplitDriver::Create(memory, 256, {});
//   absl::StatusOr<std::uint16_t> head = ring->AddChain(
//       std::array{Segment{request, 16, false}, Segment{data, 512, true}});
//   ring->Publish();
//   if (ring->NeedsKick()) kick.Signal();
//   ... wait for the call descriptor ...
//   protocol::Result<std::optional<Completion>> done = ring->PopUsed();
//
// Invariant: free_count() + the descriptors of outstanding chains =
// queue_size().
//
// Spec: section virtio-split.
#ifndef VUSPEC_HARNESS_RING_SPLIT_DRIVER_H_
#define VUSPEC_HARNESS_RING_SPLIT_DRIVER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/memory/guest_memory.h"
#include "harness/memory/shared_access.h"
#include "harness/ring/split_layout.h"
#include "harness/ring/split_view.h"
#include "protocol/result.h"

namespace vuspec {

// One buffer of a chain, by guest address.
struct Segment {
  std::uint64_t guest_address = 0;
  std::uint32_t length = 0;
  bool device_writable = false;
};

struct Completion {
  std::uint16_t head = 0;
  std::uint32_t length = 0;  // bytes that the device says it wrote

  bool operator==(const Completion&) const = default;
};

struct SplitDriverOptions {
  // Negotiated features.
  bool event_idx = false;
  bool indirect = false;
  RingOrder order = RingOrder::kHost;
  // Descriptors in the indirect table that every head owns.
  std::size_t indirect_table_size = 16;
  // Regions of the descriptor table, the available and the used ring; default:
  // the first with room.
  std::optional<std::array<std::size_t, 3>> region_indices = std::nullopt;
};

struct ChainOptions {
  // Puts all segments but the first `direct_count` into an indirect table.
  bool indirect = false;
  std::size_t direct_count = 0;
  // The write flag on the descriptor of the table, which a device ignores.
  bool write_flag_on_table = false;
};

class SplitDriver {
 public:
  // kInvalidArgument for a queue size that is no power of two or above 32768;
  // kResourceExhausted when the memory has no room.
  // `memory` outlives the driver and is not Reset meanwhile.
  static absl::StatusOr<SplitDriver> Create(GuestMemory& memory,
                                            std::uint32_t queue_size,
                                            const SplitDriverOptions& options);

  SplitDriver(SplitDriver&&) = default;
  SplitDriver& operator=(SplitDriver&&) = default;

  // What SET_VRING_ADDR takes, and the same by guest address.
  const SplitRingAddresses& user_addresses() const { return user_; }
  const SplitRingAddresses& guest_addresses() const { return guest_; }
  std::uint16_t queue_size() const { return view_.queue_size(); }
  // The ring itself, to look at it or to spoil it.
  const SplitRingView& view() const { return view_; }

  // Begins at a base other than 0, or again after a device stopped: forgets
  // outstanding chains and writes both indices, and the device's event, to
  // memory.
  void StartAt(std::uint16_t base) { StartAt(base, base); }
  void StartAt(std::uint16_t avail_index, std::uint16_t used_index);

  // Writes the descriptors and the next slot of the available ring; the device
  // sees the chain after Publish. Returns the head.
  // kResourceExhausted when free descriptors or the table do not suffice.
  // REQUIRES: segments is not empty; options.indirect only when negotiated;
  // direct_count < segments.size().
  absl::StatusOr<std::uint16_t> AddChain(std::span<const Segment> segments,
                                         const ChainOptions& options = {});

  // Shows every added chain to the device.
  void Publish() {
    view_.SetAvailIndex(next_avail_);
    published_ = next_avail_;
  }

  // Whether the device asked to be kicked for what was published since the
  // last call.
  bool NeedsKick() {
    FullBarrier();
    const std::uint16_t old_index = asked_about_;
    asked_about_ = published_;
    if (options_.event_idx) {
      return EventPassed(view_.avail_event(), published_, old_index);
    }
    return published_ != old_index &&
           (view_.used_flags() & VIRTQ_USED_F_NO_NOTIFY) == 0;
  }

  // The next completion, nothing when there is none, or what the device did
  // wrong: VS_15 (index), VS_10 (id, also of a chain that is not published),
  // VS_16 (id once more), VS_12 (length). A violation
  // is reported again at each call, as the used entry stays unconsumed.
  protocol::Result<std::optional<Completion>> PopUsed();

  // VS_40: the values that the used ring's flags may hold.
  std::optional<protocol::Violation> CheckUsedFlags() const;

  // With EVENT_IDX: notify when the used index passes `event`.
  void SetUsedEvent(std::uint16_t event) const { view_.SetUsedEvent(event); }
  // Without EVENT_IDX: ask for no notifications.
  void SuppressInterrupts(bool suppress) const {
    view_.SetAvailFlags(suppress ? VIRTQ_AVAIL_F_NO_INTERRUPT : 0);
  }
  // Asks for a notification of the next completion. True when one is there
  // already and nothing may be waited for.
  bool ArmInterrupt();

  // Running indices: of the next chain to add, and of the next completion.
  std::uint16_t avail_index() const { return next_avail_; }
  std::uint16_t used_index() const { return next_used_; }
  // Chains added and not completed.
  std::uint16_t outstanding() const { return outstanding_; }
  std::uint16_t free_count() const { return free_count_; }

  // Aborts unless every descriptor is either free or of one outstanding chain.
  // Walks the whole table: for tests and fuzzers.
  void CheckInvariants() const;

 private:
  // kMiddle: a later descriptor of a chain. kCompleted is kept apart from
  // kNever to tell a repeated completion from an invented one.
  enum class Role : std::uint8_t { kNever, kHead, kMiddle, kCompleted };

  struct Chain {
    std::uint32_t writable_length = 0;  // saturated
    std::uint16_t last = 0;             // table index of the last descriptor
    std::uint16_t descriptor_count = 0;
    std::uint16_t avail_index = 0;  // its place in the available ring
  };

  SplitDriver() = default;

  absl::Status Allocate(GuestMemory& memory, std::uint16_t queue_size);
  void WriteIndirectTable(std::uint16_t head,
                          std::span<const Segment> segments);
  protocol::Result<std::optional<Completion>> Complete(
      const UsedElement& element);

  SplitDriverOptions options_;
  SplitRingView view_;
  SplitRingAddresses user_;
  SplitRingAddresses guest_;
  GuestBuffer tables_;  // indirect, one per head

  std::uint16_t next_avail_ = 0;
  std::uint16_t published_ = 0;
  std::uint16_t asked_about_ = 0;  // published index at the last NeedsKick
  std::uint16_t next_used_ = 0;
  std::uint16_t seen_used_ = 0;  // the used index as last loaded
  std::uint16_t outstanding_ = 0;
  std::uint16_t free_count_ = 0;
  std::uint16_t free_head_ = 0;

  // By table index.
  std::vector<std::uint16_t> next_;  // of the free list or of the chain
  std::vector<Role> roles_;
  std::vector<Chain> chains_;  // valid where the role is kHead
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_RING_SPLIT_DRIVER_H_
