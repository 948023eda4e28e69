// The region of one queue in an in-flight area, as the document lays it out
// for split rings.
//
// A back-end records there what it fetched and has not given back, so that
// whoever serves the ring after it can go on; the front-end keeps the area over
// the death of the back-end. The document offers this layout and demands none:
// who reads a region has to know that its writer took it (AMB-inflight-layout).
//
// Contract: borrows the bytes, which the other side may write at any time;
// each word is read and written once, through shared_access.h. Stores are
// releases: who dies between two of them leaves the first behind.
//
// Example:
//   InFlightView region(area.first(InFlightRegionSize(256)));
//   if (region.in_flight(head)) Resubmit(head);
//
// Spec: "Inflight I/O tracking" (QueueRegionSplit, DescStateSplit).
#ifndef VUSPEC_HARNESS_RING_IN_FLIGHT_VIEW_H_
#define VUSPEC_HARNESS_RING_IN_FLIGHT_VIEW_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "harness/memory/shared_access.h"

namespace vuspec {

inline constexpr std::size_t kInFlightHeaderSize = 16;
inline constexpr std::size_t kInFlightEntrySize = 16;
inline constexpr std::size_t kInFlightAlignment = 8;
// The only version so far; 0 marks a region that nobody initialised.
inline constexpr std::uint16_t kInFlightVersion = 1;

constexpr std::size_t InFlightRegionSize(std::uint16_t queue_size) {
  return kInFlightHeaderSize + kInFlightEntrySize * queue_size;
}

class InFlightView {
 public:
  // Of no region.
  InFlightView() = default;
  // REQUIRES: aligned to kInFlightAlignment, and not shorter than a header.
  explicit InFlightView(std::span<std::byte> bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }
  std::span<std::byte> bytes() const { return bytes_; }
  // Entries that there is room for.
  std::uint16_t capacity() const {
    return empty() ? std::uint16_t{0}
                   : static_cast<std::uint16_t>(
                         (bytes_.size() - kInFlightHeaderSize) /
                         kInFlightEntrySize);
  }

  std::uint64_t features() const {
    return LoadAcquire<std::uint64_t>(At(kFeaturesAt));
  }
  std::uint16_t version() const { return Word(kVersionAt); }
  // desc_num
  std::uint16_t entry_count() const { return Word(kEntryCountAt); }
  std::uint16_t last_batch_head() const { return Word(kLastBatchHeadAt); }
  std::uint16_t used_index() const { return Word(kUsedIndexAt); }

  void SetFeatures(std::uint64_t features) const {
    StoreRelease<std::uint64_t>(At(kFeaturesAt), features);
  }
  void SetVersion(std::uint16_t version) const { SetWord(kVersionAt, version); }
  void SetEntryCount(std::uint16_t count) const {
    SetWord(kEntryCountAt, count);
  }
  void SetLastBatchHead(std::uint16_t head) const {
    SetWord(kLastBatchHeadAt, head);
  }
  void SetUsedIndex(std::uint16_t index) const { SetWord(kUsedIndexAt, index); }

  // Of an entry. REQUIRES: head < capacity().
  bool in_flight(std::uint16_t head) const {
    return LoadAcquire<std::uint8_t>(At(EntryAt(head))) != 0;
  }
  std::uint16_t next(std::uint16_t head) const {
    return Word(EntryAt(head) + kNextAt);
  }
  std::uint64_t counter(std::uint16_t head) const {
    return LoadAcquire<std::uint64_t>(At(EntryAt(head) + kCounterAt));
  }
  void SetInFlight(std::uint16_t head, bool in_flight) const {
    StoreRelease<std::uint8_t>(At(EntryAt(head)), in_flight ? 1 : 0);
  }
  void SetNext(std::uint16_t head, std::uint16_t next) const {
    SetWord(EntryAt(head) + kNextAt, next);
  }
  void SetCounter(std::uint16_t head, std::uint64_t counter) const {
    StoreRelease<std::uint64_t>(At(EntryAt(head) + kCounterAt), counter);
  }

  // How many entries are marked.
  std::size_t InFlightCount() const {
    std::size_t count = 0;
    for (std::uint16_t head = 0; head < capacity(); ++head) {
      if (in_flight(head)) ++count;
    }
    return count;
  }

 private:
  static constexpr std::size_t kFeaturesAt = 0;
  static constexpr std::size_t kVersionAt = 8;
  static constexpr std::size_t kEntryCountAt = 10;
  static constexpr std::size_t kLastBatchHeadAt = 12;
  static constexpr std::size_t kUsedIndexAt = 14;
  // Within an entry, behind the mark.
  static constexpr std::size_t kNextAt = 6;
  static constexpr std::size_t kCounterAt = 8;

  static std::size_t EntryAt(std::uint16_t head) {
    return kInFlightHeaderSize + kInFlightEntrySize * head;
  }
  std::byte* At(std::size_t offset) const { return bytes_.data() + offset; }
  std::uint16_t Word(std::size_t offset) const {
    return LoadAcquire<std::uint16_t>(At(offset));
  }
  void SetWord(std::size_t offset, std::uint16_t value) const {
    StoreRelease<std::uint16_t>(At(offset), value);
  }

  std::span<std::byte> bytes_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_RING_IN_FLIGHT_VIEW_H_
