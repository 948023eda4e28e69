// Requests, regions and tables for cases that are about memory.
//
// Contract: failures of our world end the case. What is borrowed (a
// GuestMemory, descriptors) outlives what was made from it.
#ifndef VUSPEC_CONFORMANCE_MEMORY_MEMORY_VERBS_H_
#define VUSPEC_CONFORMANCE_MEMORY_MEMORY_VERBS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/device/device_driver.h"
#include "harness/memory/guest_memory.h"
#include "harness/session/session.h"
#include "harness/transport/unique_fd.h"
#include "protocol/message.h"

namespace vuspec {

inline constexpr std::uint64_t kPageSize = 4096;
inline constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

// Guest memory of these regions.
GuestMemory MakeMemory(std::span<const RegionSpec> specs);
// One region of the usual size at this guest address.
RegionSpec RegionAt(std::uint64_t guest_address);
// So many regions of the usual size and distance, the first where the default
// memory has its only one.
std::vector<RegionSpec> RegionsOfCount(std::size_t count);

// The request with its buffers one behind the other from `address` on, in
// whatever regions of `memory` are there.
IoRequest MovedTo(const AddressSpace& memory, IoRequest request,
                  std::uint64_t address);
// The same into fresh room of one region.
IoRequest MovedInto(GuestMemory& memory, IoRequest request,
                    std::size_t region_index);
// A request of the device, moved so.
IoRequest RequestAt(Session& session, std::uint64_t address);
IoRequest RequestIn(Session& session, std::size_t region_index);

// Posts on the ring of requests, awaits and judges.
void Complete(Session& session, const IoRequest& request);

// A region whose file this process does not map, so that the kernel can say
// whether a peer does.
class UnmappedRegion {
 public:
  explicit UnmappedRegion(std::uint64_t guest_address,
                          std::uint64_t size = 16 * kPageSize);

  const GuestRegion& region() const { return region_; }
  // Whether a shared, writable mapping of the file exists anywhere: the kernel
  // refuses to seal it then. Once it does not, the file is read-only.
  bool IsMapped() const;

 private:
  UniqueFd file_;
  GuestRegion region_;
};

// The regions, with more of them behind.
std::vector<GuestRegion> With(std::span<const GuestRegion> regions,
                              const GuestRegion& more);

protocol::MemoryRegion WireRegion(const GuestRegion& region);

// SET_MEM_TABLE to be spoiled: descriptors need not match the regions.
struct RawTable {
  protocol::MemoryTable table;
  std::vector<int> fds;

  explicit RawTable(std::span<const GuestRegion> regions);
  protocol::Message message() const;
  // As bytes, with any count in front and any number of regions behind.
  static std::vector<std::byte> Payload(
      std::uint32_t region_count,
      std::span<const protocol::MemoryRegion> regions);
};

// ADD_MEM_REG or REM_MEM_REG.
protocol::Message SlotMessage(protocol::Request request,
                              const protocol::MemoryRegion& region);

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_MEMORY_MEMORY_VERBS_H_
