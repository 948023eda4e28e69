#include "conformance/memory/memory_verbs.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "conformance/kit/matchers.h"
#include "harness/device/buffers.h"
#include "harness/memory/shared_access.h"
#include "harness/transport/errno_status.h"

namespace vuspec {
namespace {

constexpr std::uint64_t kSegmentAlignment = 16;

// `length` bytes from one guest address to another, piece by piece.
void CopyGuest(const AddressSpace& memory, std::uint64_t to, std::uint64_t from,
               std::uint64_t length) {
  while (length != 0) {
    const auto source = memory.LeadingPiece(from, length);
    const auto target = memory.LeadingPiece(to, source.size());
    VU_CHECK(!target.empty(), "a request was moved to where no memory is");
    std::vector<std::byte> bytes(target.size());
    CopyIn(bytes, source.data());
    CopyOut(target.data(), bytes);
    to += bytes.size();
    from += bytes.size();
    length -= bytes.size();
  }
}

std::uint64_t Padded(std::uint64_t length) {
  return (length + kSegmentAlignment - 1) & ~(kSegmentAlignment - 1);
}

std::uint64_t RoomFor(const IoRequest& request) {
  std::uint64_t room = 0;
  for (const Segment& segment : request.segments) {
    room += Padded(segment.length);
  }
  return room;
}

}  // namespace

GuestMemory MakeMemory(std::span<const RegionSpec> specs) {
  return Require(GuestMemory::Create(specs));
}

RegionSpec RegionAt(std::uint64_t guest_address) {
  return {.guest_address = guest_address,
          .size = GuestMemory::kDefaultRegionSize};
}

std::vector<RegionSpec> RegionsOfCount(std::size_t count) {
  std::vector<RegionSpec> specs;
  for (std::size_t i = 0; i < count; ++i) {
    specs.push_back(RegionAt(GuestMemory::kDefaultGuestAddress +
                             i * GuestMemory::kDefaultRegionDistance));
  }
  return specs;
}

IoRequest MovedTo(const AddressSpace& memory, IoRequest request,
                  std::uint64_t address) {
  IoRequest moved;
  for (const Segment& segment : request.segments) {
    CopyGuest(memory, address, segment.guest_address, segment.length);
    moved.segments.push_back(
        {address, segment.length, segment.device_writable});
    address += Padded(segment.length);
  }
  moved.judge = [&memory, original = std::move(request),
                 places = moved.segments](const Completion& completion) {
    for (std::size_t i = 0; i < places.size(); ++i) {
      CopyGuest(memory, original.segments[i].guest_address,
                places[i].guest_address, places[i].length);
    }
    return original.judge(completion);
  };
  return moved;
}

IoRequest MovedInto(GuestMemory& memory, IoRequest request,
                    std::size_t region_index) {
  const GuestBuffer room = Require(
      memory.AllocateIn(region_index, RoomFor(request), kSegmentAlignment));
  return MovedTo(memory, std::move(request), room.guest_address);
}

IoRequest RequestAt(Session& session, std::uint64_t address) {
  return MovedTo(session.memory(), Require(session.MakeRequest()), address);
}

IoRequest RequestIn(Session& session, std::size_t region_index) {
  return MovedInto(session.memory(), Require(session.MakeRequest()),
                   region_index);
}

void Complete(Session& session, const IoRequest& request) {
  Require(Perform(session, session.driver()->profile().io_queue, request));
}

UnmappedRegion::UnmappedRegion(std::uint64_t guest_address, std::uint64_t size)
    : file_(
          ::memfd_create("vuspec-unmapped", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
  if (!file_ || ::ftruncate(file_.get(), static_cast<off_t>(size)) != 0) {
    ADD_FAILURE() << ErrnoStatus("create a memfd", errno).ToString();
  }
  region_ = {.fd = file_.get(),
             .guest_address = guest_address,
             .size = size,
             .user_address = guest_address + GuestMemory::kUserAddressDistance};
}

bool UnmappedRegion::IsMapped() const {
  return ::fcntl(file_.get(), F_ADD_SEALS, F_SEAL_WRITE) != 0 && errno == EBUSY;
}

std::vector<GuestRegion> With(std::span<const GuestRegion> regions,
                              const GuestRegion& more) {
  std::vector<GuestRegion> all(regions.begin(), regions.end());
  all.push_back(more);
  return all;
}

protocol::MemoryRegion WireRegion(const GuestRegion& region) {
  return {region.guest_address, region.size, region.user_address,
          region.mmap_offset};
}

RawTable::RawTable(std::span<const GuestRegion> regions) {
  VU_CHECK(regions.size() <= table.regions.size(), "a table of too many");
  table.region_count = static_cast<std::uint32_t>(regions.size());
  for (std::size_t i = 0; i < regions.size(); ++i) {
    table.regions[i] = WireRegion(regions[i]);
    fds.push_back(regions[i].fd);
  }
}

protocol::Message RawTable::message() const {
  return protocol::MakeRequest(protocol::Request::SET_MEM_TABLE, table,
                               fds.size());
}

std::vector<std::byte> RawTable::Payload(
    std::uint32_t region_count,
    std::span<const protocol::MemoryRegion> regions) {
  constexpr std::size_t kPrefix = 8;
  constexpr std::size_t kRegion = 32;
  std::vector<std::byte> payload(kPrefix + kRegion * regions.size());
  PutLe32(payload, 0, region_count);
  std::size_t offset = kPrefix;
  for (const protocol::MemoryRegion& region : regions) {
    for (const std::uint64_t field :
         {region.guest_address, region.memory_size, region.user_address,
          region.mmap_offset}) {
      PutLe64(payload, offset, field);
      offset += sizeof(field);
    }
  }
  return payload;
}

protocol::Message SlotMessage(protocol::Request request,
                              const protocol::MemoryRegion& region) {
  return protocol::MakeRequest(request,
                               protocol::SingleMemoryRegion{.region = region});
}

}  // namespace vuspec
