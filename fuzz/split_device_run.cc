// The device against a hostile driver.
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "fuzz/operations.h"
#include "fuzz/property.h"
#include "fuzz/split_ring_run.h"
#include "fuzz/violation_properties.h"
#include "harness/ring/split_device.h"

namespace vuspec::fuzz {
namespace {

using protocol::Req;

// The rules whose breach a chain can be refused for.
constexpr std::array kChainRules = {
    Req::VS_05, Req::VS_21,  Req::VS_22,  Req::VS_23, Req::VS_24, Req::VS_25,
    Req::VS_26, Req::VS_27,  Req::VS_28,  Req::VS_29, Req::VS_30, Req::VS_32,
    Req::VS_33, Req::MEM_09, Req::MEM_10, Req::MEM_11};

// ... and a place or a size of a ring.
constexpr std::array kPlaceRules = {Req::VNUM_03,  Req::VNUM_04,
                                    Req::VNUM_05,  Req::VADDR_05,
                                    Req::VADDR_06, Req::VADDR_07};

// Where no descriptor leads on: nothing was consumed.
bool IsRingLost(Req req) { return req == Req::VS_29 || req == Req::VS_30; }

void CheckSpans(const RingArena& arena, std::span<const Chain::Span> spans,
                std::uint64_t size) {
  std::uint64_t sum = 0;
  for (const Chain::Span& span : spans) {
    VU_PROPERTY(!span.empty() && arena.Holds(span), "a chain lies in memory");
    sum += span.size();
  }
  VU_PROPERTY(sum == size, "a chain is as long as its parts");
}

// What the driver alone may write.
class DriverBytes {
 public:
  explicit DriverBytes(const RingArena& arena) {
    size_ = 0;
    for (const Part part : kParts) {
      const auto bytes = arena.bytes(part);
      std::memcpy(bytes_.data() + size_, bytes.data(), bytes.size());
      size_ += bytes.size();
    }
  }

  bool Same(const RingArena& arena) const {
    const DriverBytes now(arena);
    return std::memcmp(now.bytes_.data(), bytes_.data(), size_) == 0;
  }

 private:
  static constexpr std::array kParts = {Part::kDescriptors, Part::kAvailable};

  std::array<std::byte, DescriptorTableSize(kArenaQueueSizeMax) +
                            AvailableRingSize(kArenaQueueSizeMax)>
      bytes_;
  std::size_t size_ = 0;
};

class DeviceRun {
 public:
  explicit DeviceRun(const SplitRingHead& head)
      : arena_(head.queue_size),
        queue_size_(head.queue_size),
        device_(Create(arena_, head)) {
    device_.SetBase(head.base);
    arena_.Store16(Part::kAvailable, kRingIndexOffset, head.base);
  }

  void Play(const Record& record) {
    Input in(record.payload);
    switch (static_cast<RingStep>(record.kind % kRingStepCount)) {
      case RingStep::kWrite: {
        const Part part = PartOf(in.Take<std::uint8_t>());
        const auto offset = in.Take<std::uint16_t>();
        return arena_.Write(part, offset, in.TakeRest());
      }
      case RingStep::kDescriptor:
        return WriteDescriptor(in);
      case RingStep::kMakeAvail: {
        const std::uint16_t index = AvailIndex();
        const std::size_t slot = index & (queue_size_ - 1U);
        arena_.Store16(Part::kAvailable,
                       kRingEntriesOffset + kAvailableEntrySize * slot,
                       in.Take<std::uint16_t>());
        return MoveIndex(1);
      }
      case RingStep::kMoveIndex:
        return MoveIndex(in.Take<std::uint16_t>());
      case RingStep::kFlip: {
        Flip flip;
        flip.at_load = arena_.load_count() + 1 + in.Take<std::uint8_t>();
        flip.part = PartOf(in.Take<std::uint8_t>());
        flip.offset = in.Take<std::uint16_t>();
        flip.value = in.Take<std::uint16_t>();
        arena_.Schedule(flip);
        return;
      }
      case RingStep::kPop:
        return Pop(in.Take<std::uint8_t>());
      case RingStep::kPush: {
        const auto taken = in.Take<std::uint16_t>();
        device_.Push(taken, in.Take<std::uint32_t>());
        return CheckPublished();
      }
      case RingStep::kStage: {
        const auto taken = in.Take<std::uint16_t>();
        return device_.Stage(taken, in.Take<std::uint32_t>());
      }
      case RingStep::kPublish:
        device_.Publish();
        return CheckPublished();
      case RingStep::kShouldSignal:
        device_.ShouldSignal();
        return;
      case RingStep::kSetNotifications:
        device_.SetNotifications(in.Take<std::uint8_t>() != 0);
        return;
      case RingStep::kSetBase:
        device_.SetBase(in.Take<std::uint16_t>());
        return;
      case RingStep::kRebind:
        VU_PROPERTY(!device_.Rebind(), "a ring in memory is found again");
        return;
      default:
        return;  // the driver's
    }
  }

 private:
  static SplitDevice Create(const RingArena& arena, const SplitRingHead& head) {
    auto device = SplitDevice::Create(
        arena, arena, arena.ring_addresses(), head.queue_size,
        {.event_idx = head.event_idx, .indirect = head.indirect});
    VU_PROPERTY(device.ok(), "a sound ring is accepted");
    return std::move(*device);
  }

  static Part PartOf(std::uint8_t choice) {
    return static_cast<Part>(choice % kPartCount);
  }

  std::uint16_t AvailIndex() const {
    return arena_.Load16(Part::kAvailable, kRingIndexOffset);
  }

  void MoveIndex(std::uint16_t step) {
    arena_.Store16(Part::kAvailable, kRingIndexOffset,
                   static_cast<std::uint16_t>(AvailIndex() + step));
  }

  // Bit 7 of the index: into a table in the buffers instead.
  void WriteDescriptor(Input in) {
    const auto index = in.Take<std::uint8_t>();
    Descriptor descriptor;
    const auto where = in.Take<std::uint16_t>();
    descriptor.address =
        RingArena::AddressOf(PartOf(static_cast<std::uint8_t>(where >> 12))) +
        (where & 0xfffU);
    descriptor.length = in.Take<std::uint16_t>();
    descriptor.flags = in.Take<std::uint8_t>() & 7U;
    descriptor.next = in.Take<std::uint8_t>();
    alignas(kDescriptorTableAlignment) std::array<std::byte, kDescriptorSize>
        bytes;
    StoreDescriptor(bytes.data(), descriptor);
    std::array<std::uint8_t, kDescriptorSize> raw;
    std::memcpy(raw.data(), bytes.data(), raw.size());
    const Part part =
        (index & 0x80) != 0 ? Part::kBuffersLow : Part::kDescriptors;
    arena_.Write(part, kDescriptorSize * (index & 0x7fU), raw);
  }

  // Takes up to 1 + `more` chains.
  void Pop(std::uint8_t more) {
    const std::uint64_t flips = arena_.flipped_count();
    const DriverBytes before(arena_);
    std::size_t taken = 0;
    while (taken <= more && PopOne()) ++taken;
    // Each move of the index makes at most a ring full available.
    VU_PROPERTY(taken <= queue_size_ * (1 + RingArena::kFlipCountMax),
                "no more is taken than was made available");
    VU_PROPERTY(arena_.flipped_count() != flips || before.Same(arena_),
                "a device does not write what is the driver's");
  }

  // Whether a chain was taken.
  bool PopOne() {
    const std::uint64_t loads = arena_.load_count();
    const std::uint16_t before = device_.next_avail();
    const auto popped = device_.Pop(chain_);
    CheckPopped(arena_, popped, chain_, queue_size_,
                arena_.load_count() - loads);
    const bool took =
        popped.ok() ? *popped : !IsRingLost(popped.violation().req);
    VU_PROPERTY(device_.next_avail() ==
                    static_cast<std::uint16_t>(before + (took ? 1 : 0)),
                "what is taken is counted");
    return took;
  }

  void CheckPublished() const {
    VU_PROPERTY(
        arena_.Load16(Part::kUsed, kRingIndexOffset) == device_.next_used(),
        "what is given back is shown");
  }

  RingArena arena_;
  const std::uint16_t queue_size_;
  SplitDevice device_;
  Chain chain_;
};

// A ring at a place and of a size that the driver chose.
void CheckHostilePlace(const SplitRingHead& head) {
  const RingArena arena(head.queue_size);
  SplitRingAddresses addresses = arena.ring_addresses();
  const std::uint64_t shift = head.base & 0x3ffU;
  switch (head.base >> 14) {
    case 0:
      addresses.descriptor_table += shift;
      break;
    case 1:
      addresses.available += shift;
      break;
    case 2:
      addresses.used += shift;
      break;
    default:
      addresses.used -= shift << 54;
  }
  const std::uint32_t queue_size =
      head.queue_size * ((head.base & 0x2000U) != 0 ? 0x401U : 1U) -
      ((head.base & 0x1000U) != 0 ? 1U : 0U);
  const auto device =
      SplitDevice::Create(arena, arena, addresses, queue_size, {});
  if (device.ok()) {
    VU_PROPERTY(arena.Holds(device->view().descriptor_bytes()) &&
                    arena.Holds(device->view().available_bytes()) &&
                    arena.Holds(device->view().used_bytes()),
                "a ring that is accepted lies in memory");
    return;
  }
  CheckViolation(device.violation());
  VU_PROPERTY(std::ranges::count(kPlaceRules, device.violation().req) == 1,
              "a place is refused by a rule of places");
}

}  // namespace

void CheckPopped(const RingArena& arena, const protocol::Result<bool>& popped,
                 const Chain& chain, std::uint16_t queue_size,
                 std::uint64_t load_count) {
  // Index and entry; two words a descriptor; a table fits into a region, and
  // its descriptors may be read byte by byte.
  VU_PROPERTY(load_count <= 2U + 2U * queue_size + kBufferRegionSize,
              "taking a chain is bounded");
  if (popped.ok() && !*popped) return;
  if (!popped.ok()) {
    CheckViolation(popped.violation());
    VU_PROPERTY(std::ranges::count(kChainRules, popped.violation().req) == 1,
                "a chain is refused by a rule of chains");
    if (IsRingLost(popped.violation().req)) return;
    VU_PROPERTY(chain.readable().empty() && chain.writable().empty(),
                "a refused chain is empty");
    return;
  }
  VU_PROPERTY(chain.head() < queue_size, "a head is in the table");
  CheckSpans(arena, chain.readable(), chain.readable_size());
  CheckSpans(arena, chain.writable(), chain.writable_size());
}

void RunDevice(const SplitRingHead& head, const Records& records) {
  if (records.all().empty()) return CheckHostilePlace(head);
  DeviceRun run(head);
  for (const Record& record : records.all()) run.Play(record);
}

}  // namespace vuspec::fuzz
