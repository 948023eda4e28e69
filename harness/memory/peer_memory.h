// The memory table of a back-end: what the front-end shared, mapped.
//
// Contract: each change either takes effect as a whole or leaves the table as
// it was. Descriptors are closed after mapping, also when the region is
// refused. Changes need exclusive access; translation is const and may run on
// many threads between two changes. Pointers into a region die with it, so
// rings are bound anew after Remove and Replace.
//
// Refusals are Statuses that say which range is at fault; whether the peer
// broke the specification is for protocol::SessionModel to tell.
//
// Spec: section memory (MEM_05, MEM_06, MEM_08, MEM_12, MEM_22 to MEM_28,
// MEM_35, MEM_40, MEM_45).
#ifndef VUSPEC_HARNESS_MEMORY_PEER_MEMORY_H_
#define VUSPEC_HARNESS_MEMORY_PEER_MEMORY_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/memory/address_range.h"
#include "harness/memory/address_space.h"
#include "harness/memory/mapping.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {

struct PeerRegion {
  std::uint64_t guest_address = 0;
  std::uint64_t size = 0;
  std::uint64_t user_address = 0;
  std::uint64_t mmap_offset = 0;
  UniqueFd fd;
};

// Buffers by guest address; user_space() for ring addresses.
class PeerMemory final : public AddressSpace {
 public:
  PeerMemory() = default;
  PeerMemory(PeerMemory&&) = delete;

  // kAlreadyExists when a range overlaps one of the table; kInvalidArgument
  // when one wraps or is empty; else what Mapping::Create says.
  absl::Status Add(PeerRegion region);
  // kNotFound unless all three numbers are those of one region.
  absl::Status Remove(std::uint64_t guest_address, std::uint64_t user_address,
                      std::uint64_t size);
  // As Remove of all and Add of each; on failure nothing has changed.
  absl::Status Replace(const std::vector<PeerRegion>& regions);
  void Clear() { entries_.clear(); }

  std::size_t region_count() const { return entries_.size(); }
  // The peer truncated a file below what it shared.
  bool truncated() const;

  // By guest address; see AddressSpace.
  std::span<std::byte> LeadingPiece(std::uint64_t address,
                                    std::uint64_t length) const override {
    return LeadingPieceOf(&Entry::guest, address, length);
  }
  std::byte* TranslateGuest(std::uint64_t address, std::uint64_t length) const {
    return Translate(address, length);
  }
  std::byte* TranslateUser(std::uint64_t address, std::uint64_t length) const {
    return user_space_.Translate(address, length);
  }
  const AddressSpace& user_space() const { return user_space_; }

  // Calls fn(std::span<std::byte>) for each piece of a guest range that may
  // cross from one region into the next. False, with nothing called, when a
  // byte of it lies outside of every region.
  template <typename Function>
  bool ForEachSpan(std::uint64_t address, std::uint64_t length,
                   Function&& fn) const;

 private:
  struct Entry {
    AddressRange guest;
    AddressRange user;
    Mapping mapping;
  };
  class UserSpace final : public AddressSpace {
   public:
    explicit UserSpace(const PeerMemory& memory) : memory_(memory) {}
    std::span<std::byte> LeadingPiece(std::uint64_t address,
                                      std::uint64_t length) const override {
      return memory_.LeadingPieceOf(&Entry::user, address, length);
    }

   private:
    const PeerMemory& memory_;
  };

  static absl::StatusOr<Entry> Map(const PeerRegion& region,
                                   std::span<const Entry> beside);
  std::span<std::byte> LeadingPieceOf(AddressRange Entry::*range,
                                      std::uint64_t address,
                                      std::uint64_t length) const;

  std::vector<Entry> entries_;
  UserSpace user_space_{*this};
};

template <typename Function>
bool PeerMemory::ForEachSpan(std::uint64_t address, std::uint64_t length,
                             Function&& fn) const {
  if (AddressRange{address, length}.Wraps()) return false;
  // First without side effects, so that a range with a hole is refused whole.
  for (std::uint64_t done = 0; done < length;) {
    const std::size_t size = LeadingPiece(address + done, length - done).size();
    if (size == 0) return false;
    done += size;
  }
  for (std::uint64_t done = 0; done < length;) {
    const std::span<std::byte> piece =
        LeadingPiece(address + done, length - done);
    fn(piece);
    done += piece.size();
  }
  return true;
}

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_MEMORY_PEER_MEMORY_H_
