#include "harness/ring/hostile_ring.h"

#include <algorithm>
#include <array>
#include <limits>

#include "absl/status/status.h"
#include "harness/ring/split_view.h"
#include "harness/transport/check.h"

namespace vuspec {
namespace {

using protocol::Req;

#define VU_HOSTILE(kind, req, indirect, refused) \
  HostileRingRow { HostileRing::kind, #kind, Req::req, indirect, refused }

constexpr IndirectNeed kAny = IndirectNeed::kAny;
constexpr IndirectNeed kYes = IndirectNeed::kNegotiated;
constexpr IndirectNeed kNo = IndirectNeed::kNotNegotiated;

constexpr std::array kRows = {
    VU_HOSTILE(kHeadBeyondSize, VS_29, kAny, true),
    VU_HOSTILE(kHeadMaximal, VS_29, kAny, true),
    VU_HOSTILE(kNextBeyondSize, VS_28, kAny, true),
    VU_HOSTILE(kNextMaximal, VS_28, kAny, true),
    VU_HOSTILE(kLoop, VS_27, kAny, true),
    VU_HOSTILE(kSelfLoop, VS_27, kAny, true),
    VU_HOSTILE(kUnmappedAddress, MEM_09, kAny, true),
    VU_HOSTILE(kAddressWraps, MEM_11, kAny, true),
    VU_HOSTILE(kLengthPastRegion, MEM_10, kAny, true),
    VU_HOSTILE(kReadableAfterWritable, VS_32, kAny, true),
    VU_HOSTILE(kHugeLength, VS_33, kAny, true),
    VU_HOSTILE(kZeroLength, VS_31, kAny, false),
    VU_HOSTILE(kAvailIndexTooFar, VS_30, kAny, true),
    VU_HOSTILE(kAvailIndexBackwards, VS_30, kAny, true),
    VU_HOSTILE(kIndirectNotNegotiated, VS_26, kNo, true),
    VU_HOSTILE(kIndirectLengthZero, VS_21, kYes, true),
    VU_HOSTILE(kIndirectLengthNot16, VS_21, kYes, true),
    VU_HOSTILE(kIndirectUnmapped, VS_25, kYes, true),
    VU_HOSTILE(kIndirectPastRegion, VS_25, kYes, true),
    VU_HOSTILE(kIndirectAddressWraps, VS_25, kYes, true),
    VU_HOSTILE(kIndirectWithNext, VS_23, kYes, true),
    VU_HOSTILE(kNestedIndirect, VS_22, kYes, true),
    VU_HOSTILE(kIndirectNextBeyondTable, VS_24, kYes, true),
    VU_HOSTILE(kIndirectLoop, VS_27, kYes, true),
};
#undef VU_HOSTILE

constexpr bool RowsFollowTheEnum() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].kind != static_cast<HostileRing>(i)) return false;
  }
  return kRows.back().kind == HostileRing::kIndirectLoop;
}
static_assert(RowsFollowTheEnum());

constexpr std::uint64_t kWrappingAddress = 0xffff'ffff'ffff'f000;
constexpr std::uint16_t kMaximal = 0xffff;
constexpr std::uint32_t kHuge = std::numeric_limits<std::uint32_t>::max();

// An address behind every region, and not next to one.
std::uint64_t UnmappedAddress(const GuestMemory& memory) {
  std::uint64_t end = 0;
  for (const GuestRegion& region : memory.regions()) {
    end = std::max(end, region.guest_address + region.size);
  }
  return end + 0x10'0000;
}

// The last 16 bytes of the region that ends last, so nothing follows them.
std::uint64_t LastBytes(const GuestMemory& memory) {
  std::uint64_t end = 0;
  for (const GuestRegion& region : memory.regions()) {
    end = std::max(end, region.guest_address + region.size);
  }
  return end - kDescriptorSize;
}

// Table index 0 holds `first` and 1 `second`; together a sound chain.
struct Draft {
  Descriptor first;
  Descriptor second;
  // Of an indirect table, where one is meant.
  Descriptor table_first;
  Descriptor table_second;
  std::uint16_t head = 0;
  std::uint16_t step = 1;  // of the available index
};

// Where a row needs an indirect table, `first` points to a sound one.
Draft SoundDraft(const HostileParts& parts, std::uint64_t table_address,
                 bool indirect) {
  const Descriptor readable = {parts.readable.guest_address,
                               parts.readable.length, VIRTQ_DESC_F_NEXT, 1};
  const Descriptor writable = {parts.writable.guest_address,
                               parts.writable.length, VIRTQ_DESC_F_WRITE, 0};
  Draft draft;
  draft.first = draft.table_first = readable;
  draft.second = draft.table_second = writable;
  if (indirect) {
    draft.first = {table_address, 2 * kDescriptorSize, VIRTQ_DESC_F_INDIRECT,
                   0};
  }
  return draft;
}

void SpoilChain(HostileRing kind, const GuestMemory& memory,
                std::uint16_t queue_size, Draft& draft) {
  switch (kind) {
    case HostileRing::kHeadBeyondSize:
      draft.head = queue_size;
      return;
    case HostileRing::kHeadMaximal:
      draft.head = kMaximal;
      return;
    case HostileRing::kNextBeyondSize:
      draft.first.next = queue_size;
      return;
    case HostileRing::kNextMaximal:
      draft.first.next = kMaximal;
      return;
    case HostileRing::kLoop:
      // Of one direction, so that only the loop is wrong.
      draft.second = draft.first;
      draft.second.next = 0;
      return;
    case HostileRing::kSelfLoop:
      draft.first.next = 0;
      return;
    case HostileRing::kUnmappedAddress:
      draft.second.address = UnmappedAddress(memory);
      return;
    case HostileRing::kAddressWraps:
      draft.second.address = kWrappingAddress;
      draft.second.length = 0x2000;
      return;
    case HostileRing::kLengthPastRegion:
      draft.second.address = LastBytes(memory);
      draft.second.length = 4096;
      return;
    case HostileRing::kReadableAfterWritable:
      draft.first.flags |= VIRTQ_DESC_F_WRITE;
      draft.second.flags = 0;
      return;
    case HostileRing::kHugeLength:
      draft.first.length = kHuge;
      draft.second.length = kHuge;
      return;
    case HostileRing::kZeroLength:
      draft.first.length = 0;
      return;
    case HostileRing::kAvailIndexTooFar:
      draft.step = static_cast<std::uint16_t>(queue_size + 1);
      return;
    case HostileRing::kAvailIndexBackwards:
      draft.step = kMaximal;  // -1
      return;
    case HostileRing::kIndirectNotNegotiated:
      return;  // the indirect descriptor itself
    case HostileRing::kIndirectLengthZero:
      draft.first.length = 0;
      return;
    case HostileRing::kIndirectLengthNot16:
      draft.first.length = kDescriptorSize + 1;
      return;
    case HostileRing::kIndirectUnmapped:
      draft.first.address = UnmappedAddress(memory);
      return;
    case HostileRing::kIndirectPastRegion:
      draft.first.address = LastBytes(memory);
      return;
    case HostileRing::kIndirectAddressWraps:
      draft.first.address = kWrappingAddress;
      draft.first.length = 0x2000;
      return;
    case HostileRing::kIndirectWithNext:
      draft.first.flags |= VIRTQ_DESC_F_NEXT;
      draft.first.next = 1;
      return;
    case HostileRing::kNestedIndirect:
      draft.table_first = draft.first;
      return;
    case HostileRing::kIndirectNextBeyondTable:
      draft.table_first.next = 2;
      return;
    case HostileRing::kIndirectLoop:
      draft.table_second = draft.table_first;
      draft.table_second.next = 0;
      return;
  }
  VU_CHECK(false, "a hostile ring has no row");
}

}  // namespace

std::span<const HostileRingRow> AllHostileRings() { return kRows; }

const HostileRingRow& Describe(HostileRing kind) {
  return kRows[static_cast<std::size_t>(kind)];
}

absl::StatusOr<HostilePost> PostHostileRing(HostileRing kind,
                                            const SplitDriver& driver,
                                            GuestMemory& memory,
                                            const HostileParts& parts) {
  VU_CHECK(driver.outstanding() == 0, "the driver is idle");
  VU_CHECK(driver.queue_size() >= 2, "a hostile chain has two descriptors");
  const bool indirect = Describe(kind).indirect != IndirectNeed::kAny;
  GuestBuffer table;
  if (indirect) {
    absl::StatusOr<GuestBuffer> allocated =
        memory.Allocate(2 * kDescriptorSize, kDescriptorSize);
    if (!allocated.ok()) return allocated.status();
    table = *allocated;
  }
  Draft draft = SoundDraft(parts, table.guest_address, indirect);
  SpoilChain(kind, memory, driver.queue_size(), draft);

  const SplitRingView& view = driver.view();
  view.SetDescriptor(0, draft.first);
  view.SetDescriptor(1, draft.second);
  if (indirect) {
    StoreDescriptor(table.bytes.data(), draft.table_first);
    StoreDescriptor(table.bytes.data() + kDescriptorSize, draft.table_second);
  }
  view.SetAvailEntry(driver.avail_index(), draft.head);
  const auto avail_index =
      static_cast<std::uint16_t>(driver.avail_index() + draft.step);
  view.SetAvailIndex(avail_index);
  return HostilePost{draft.head, avail_index};
}

}  // namespace vuspec
