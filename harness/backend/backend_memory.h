// The memory of the front-end as the mock back-end uses it.
//
// PeerMemory with stable address spaces for the rings, the way back from a
// pointer to a guest address, and the place of the memory defects.
//
// Contract: one thread; every change is whole or none (peer_memory.h), after
// which rings bind anew. Descriptors are closed in any case.
#ifndef VUSPEC_HARNESS_BACKEND_BACKEND_MEMORY_H_
#define VUSPEC_HARNESS_BACKEND_BACKEND_MEMORY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "harness/backend/fault.h"
#include "harness/backend/iommu.h"
#include "harness/memory/address_space.h"
#include "harness/memory/mapping.h"
#include "harness/memory/peer_memory.h"
#include "harness/transport/unique_fd.h"
#include "protocol/payloads.h"

namespace vuspec {

// What leaking defects keep, until the server ends.
struct Hoard {
  std::vector<UniqueFd> fds;
  std::vector<std::unique_ptr<PeerMemory>> memories;
  std::vector<Mapping> mappings;

  void Keep(std::vector<UniqueFd>& more);
  void KeepCopies(std::span<const UniqueFd> originals);
};

class BackendMemory {
 public:
  // All outlive the memory.
  BackendMemory(const FaultSet& fault, Hoard& hoard, Iommu& iommu);
  BackendMemory(BackendMemory&&) = delete;
  ~BackendMemory();

  // REQUIRES: as many fds as regions, in their order.
  absl::Status Replace(std::span<const protocol::MemoryRegion> regions,
                       std::vector<UniqueFd>& fds);
  absl::Status Add(const protocol::MemoryRegion& region, UniqueFd fd);
  absl::Status Remove(const protocol::MemoryRegion& region);

  // For ring addresses and for buffers; they live as long as this object.
  // Behind an IOMMU both are IOVAs, and what is written has rules of its own.
  const AddressSpace& ring_space() const { return ring_space_; }
  const AddressSpace& buffer_space() const { return buffer_space_; }
  const AddressSpace& written_ring_space() const { return written_ring_space_; }
  const AddressSpace& written_buffer_space() const {
    return written_buffer_space_;
  }

  // By guest address, whatever the defects say.
  const AddressSpace& guest_space() const { return *memory_; }
  // nullopt for a pointer that lies in no region.
  std::optional<std::uint64_t> GuestAddressOf(const std::byte* pointer) const;

  // Carries out an IOTLB_MSG; false for an update that leads out of memory.
  bool Translate(const protocol::Iotlb& message);
  Iommu& iommu() const { return iommu_; }

 private:
  enum class Use { kRing, kBuffer };
  class Space final : public AddressSpace {
   public:
    Space(const BackendMemory& memory, Use use, Access access)
        : memory_(memory), use_(use), access_(access) {}
    std::span<std::byte> LeadingPiece(std::uint64_t address,
                                      std::uint64_t length) const override;

   private:
    const BackendMemory& memory_;
    const Use use_;
    const Access access_;
  };

  PeerRegion ToPeerRegion(const protocol::MemoryRegion& region, UniqueFd fd);

  const FaultSet& fault_;
  Hoard& hoard_;
  Iommu& iommu_;
  std::unique_ptr<PeerMemory> memory_;
  std::vector<protocol::MemoryRegion> regions_;  // those that are mapped
  Space ring_space_{*this, Use::kRing, Access::kRead};
  Space buffer_space_{*this, Use::kBuffer, Access::kRead};
  Space written_ring_space_{*this, Use::kRing, Access::kWrite};
  Space written_buffer_space_{*this, Use::kBuffer, Access::kWrite};
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_BACKEND_MEMORY_H_
