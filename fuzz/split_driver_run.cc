// The driver against a hostile device.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "fuzz/operations.h"
#include "fuzz/property.h"
#include "fuzz/split_ring_run.h"
#include "fuzz/used_ring_shadow.h"
#include "fuzz/violation_properties.h"
#include "harness/memory/guest_memory.h"
#include "harness/ring/split_driver.h"

namespace vuspec::fuzz {
namespace {

constexpr std::size_t kTableSize = 4;

// Drivers are costly to make and cheap to start again: one of each kind.
struct Rig {
  explicit Rig(const SplitRingHead& head)
      : memory(Made(GuestMemory::CreateDefault())),
        driver(Made(SplitDriver::Create(memory, head.queue_size,
                                        {.event_idx = head.event_idx,
                                         .indirect = head.indirect,
                                         .indirect_table_size = kTableSize}))) {
  }

  template <typename T>
  static T Made(absl::StatusOr<T> made) {
    VU_PROPERTY(made.ok(), "memory for a driver");
    return *std::move(made);
  }

  GuestMemory memory;
  SplitDriver driver;
};

Rig& RigOf(const SplitRingHead& head) {
  static std::array<std::unique_ptr<Rig>, (kArenaQueueSizeMax + 1) * 4> rigs;
  auto& rig = rigs[head.queue_size * 4U + (head.event_idx ? 2U : 0U) +
                   (head.indirect ? 1U : 0U)];
  if (rig == nullptr) rig = std::make_unique<Rig>(head);
  return *rig;
}

class DriverRun {
 public:
  explicit DriverRun(const SplitRingHead& head)
      : head_(head),
        rig_(RigOf(head)),
        driver_(rig_.driver),
        shadow_(head.queue_size) {
    const auto used = driver_.view().used_bytes();
    std::fill(used.begin(), used.end(), std::byte{0});
    driver_.StartAt(head.base);
    used_.assign(used.begin(), used.end());
  }

  void Play(const Record& record) {
    Input in(record.payload);
    switch (static_cast<RingStep>(record.kind % kRingStepCount)) {
      case RingStep::kWrite: {
        static_cast<void>(in.Take<std::uint8_t>());
        const auto offset = in.Take<std::uint16_t>();
        return Write(offset, in.TakeRest());
      }
      case RingStep::kMoveIndex:
        return MoveIndex(in.Take<std::uint16_t>());
      case RingStep::kAddChain:
        return AddChain(in);
      case RingStep::kPublishChains:
        driver_.Publish();
        return shadow_.Publish();
      case RingStep::kNeedsKick:
        driver_.NeedsKick();
        return;
      case RingStep::kUse: {
        const std::uint16_t head = shadow_.Pick(in.Take<std::uint8_t>());
        return Use(head, in.Take<std::uint32_t>());
      }
      case RingStep::kUsedElement: {
        const auto id = in.Take<std::uint32_t>();
        return Use(id, in.Take<std::uint32_t>());
      }
      case RingStep::kPopUsed:
        return PopUsed(in.Take<std::uint8_t>());
      case RingStep::kCheckUsedFlags:
        if (const auto wrong = driver_.CheckUsedFlags()) CheckViolation(*wrong);
        return;
      case RingStep::kArmInterrupt:
        driver_.ArmInterrupt();
        return;
      default:
        return;  // the device's
    }
  }

  void CheckEnd() const {
    driver_.CheckInvariants();
    VU_PROPERTY(rig_.memory.CheckCanaries().empty(),
                "a driver writes only to its ring");
  }

 private:
  // The device's hand, remembered.
  void Write(std::size_t offset, Bytes from) {
    const auto used = driver_.view().used_bytes();
    offset %= used.size();
    const std::size_t size = std::min(from.size(), used.size() - offset);
    if (size == 0) return;
    std::memcpy(used.data() + offset, from.data(), size);
    std::memcpy(used_.data() + offset, from.data(), size);
  }

  void MoveIndex(std::uint16_t step) {
    const auto index =
        static_cast<std::uint16_t>(driver_.view().used_index() + step);
    std::array<std::uint8_t, sizeof index> bytes;
    std::memcpy(bytes.data(), &index, sizeof index);
    Write(kRingIndexOffset, bytes);
  }

  void Use(std::uint32_t id, std::uint32_t length) {
    const std::array<std::uint32_t, 2> element = {id, length};
    std::array<std::uint8_t, kUsedElementSize> bytes;
    std::memcpy(bytes.data(), element.data(), sizeof bytes);
    const std::size_t slot =
        driver_.view().used_index() & (head_.queue_size - 1U);
    Write(kRingEntriesOffset + kUsedElementSize * slot, bytes);
    MoveIndex(1);
  }

  // Flags: bit 0 indirect, bits 1-2 direct descriptors before the table; then
  // a length a segment, bit 7: writable.
  void AddChain(Input in) {
    const auto flags = in.Take<std::uint8_t>();
    std::array<Segment, 8> segments;
    std::size_t count = 0;
    std::uint64_t writable = 0;
    do {
      const auto length = in.Take<std::uint8_t>();
      Segment& segment = segments[count++];
      segment.guest_address = GuestMemory::kDefaultGuestAddress;
      segment.length = length & 0x7fU;
      segment.device_writable = (length & 0x80) != 0;
      if (segment.device_writable) writable += segment.length;
    } while (!in.empty() && count < segments.size());
    ChainOptions options;
    options.indirect = head_.indirect && (flags & 1) != 0;
    options.direct_count = std::min<std::size_t>((flags >> 1) & 3, count - 1);
    const auto head =
        driver_.AddChain(std::span(segments).first(count), options);
    VU_PROPERTY(head.ok() || absl::IsResourceExhausted(head.status()),
                "a chain fails only for want of room");
    if (head.ok()) shadow_.Add(*head, writable);
  }

  // Takes up to 1 + `more` completions.
  void PopUsed(std::uint8_t more) {
    for (unsigned i = 0; i <= more; ++i) {
      const auto popped = driver_.PopUsed();
      shadow_.CheckPopped(popped);
      if (!popped.ok()) {
        const auto again = driver_.PopUsed();
        VU_PROPERTY(!again.ok() && again.violation() == popped.violation(),
                    "a violation of the used ring stays");
      }
      if (!popped.ok() || !*popped) break;
    }
    VU_PROPERTY(driver_.outstanding() == shadow_.outstanding(),
                "outstanding chains are counted");
    VU_PROPERTY(std::ranges::equal(used_, driver_.view().used_bytes()),
                "a driver does not write what is the device's");
  }

  const SplitRingHead head_;
  Rig& rig_;
  SplitDriver& driver_;
  UsedRingShadow shadow_;
  std::vector<std::byte> used_;  // as the device left it
};

}  // namespace

void RunDriver(const SplitRingHead& head, const Records& records) {
  DriverRun run(head);
  for (const Record& record : records.all()) run.Play(record);
  run.CheckEnd();
}

SplitRingHead ReadSplitRingHead(Input& input) {
  SplitRingHead head;
  const auto side = input.Take<std::uint8_t>();
  head.driver = (side & kDriverBit) != 0;
  head.queue_size = static_cast<std::uint16_t>(1U << ((side & 0x7fU) % 6U));
  const auto options = input.Take<std::uint8_t>();
  head.event_idx = (options & kEventIdxOption) != 0;
  head.indirect = (options & kIndirectOption) != 0;
  head.base = input.Take<std::uint16_t>();
  return head;
}

void CheckSplitRingInput(Bytes bytes) {
  Input input(bytes);
  const SplitRingHead head = ReadSplitRingHead(input);
  const Records records(input.TakeRest());
  head.driver ? RunDriver(head, records) : RunDevice(head, records);
}

}  // namespace vuspec::fuzz
