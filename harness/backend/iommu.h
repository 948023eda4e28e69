// What a device behind an IOMMU may reach: the translations that the front-end
// gave, and what was missing among them.
//
// An IOVA becomes a user address, and that a pointer, anew at each access, so
// an entry whose memory is gone leads nowhere. What cannot be translated, or
// not for this access, is a miss: the front-end is told of it once, until it
// sends an update for the address.
//
// Contract: one thread; never blocks; the memory that is passed in is read
// during the call only.
//
// Spec: "IOMMU support", "Front-end message types" (IOTLB_MSG).
#ifndef VUSPEC_HARNESS_BACKEND_IOMMU_H_
#define VUSPEC_HARNESS_BACKEND_IOMMU_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "harness/backend/fault.h"
#include "harness/memory/peer_memory.h"
#include "protocol/payloads.h"

namespace vuspec {

enum class Access : std::uint8_t { kRead, kWrite };

class Iommu {
 public:
  explicit Iommu(const FaultSet& fault) : fault_(fault) {}

  // ACCESS_PLATFORM is negotiated.
  void SetOn(bool on) { on_ = on; }
  bool on() const { return on_; }

  // Carries out an update or an invalidation. False, with nothing changed, for
  // an update to user addresses that are not all in `memory`.
  // REQUIRES: the session model found nothing wrong with it.
  bool Apply(const protocol::Iotlb& message, const PeerMemory& memory);

  // As AddressSpace::LeadingPiece, for one kind of access.
  std::span<std::byte> LeadingPieceFor(Access access, std::uint64_t iova,
                                       std::uint64_t length,
                                       const PeerMemory& memory);

  // Whether a translation was missing since ForgetMiss.
  bool missed() const { return missed_; }
  void ForgetMiss() { missed_ = false; }

  // Messages to the front-end about what it has not heard of yet.
  std::vector<protocol::Iotlb> TakeNews() { return std::exchange(news_, {}); }

 private:
  struct Entry {
    std::uint64_t last = 0;  // inclusive, as a range may end at 2^64
    std::uint64_t user_address = 0;
    std::uint8_t permission = 0;
  };
  using Entries = std::map<std::uint64_t, Entry>;  // by first IOVA, disjoint

  Entries::const_iterator Find(std::uint64_t iova) const;
  void Remove(std::uint64_t first, std::uint64_t last);
  void Miss(Access access, std::uint64_t iova, bool forbidden);

  const FaultSet& fault_;
  bool on_ = false;
  bool missed_ = false;
  Entries entries_;
  std::vector<protocol::Iotlb> announced_;  // and not updated since
  std::vector<protocol::Iotlb> news_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_IOMMU_H_
