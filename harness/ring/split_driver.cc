#include "harness/ring/split_driver.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "harness/transport/check.h"

namespace vuspec {
namespace {

using protocol::Relation;
using protocol::Req;
using protocol::Violation;

// A cache line, so that no two parts of a ring share one.
constexpr std::size_t kPartAlignment = 64;

Violation UsedViolation(Req req, std::string_view field, std::size_t offset,
                        Relation relation, std::uint64_t expected,
                        std::uint64_t actual) {
  return {req,      "used ring", field, static_cast<std::uint32_t>(offset),
          relation, expected,    actual};
}

std::uint16_t FlagsOf(const Segment& segment) {
  return segment.device_writable ? VIRTQ_DESC_F_WRITE : std::uint16_t{0};
}

std::uint32_t WritableLength(std::span<const Segment> segments) {
  std::uint64_t sum = 0;
  for (const Segment& segment : segments) {
    if (segment.device_writable) sum += segment.length;
  }
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(sum, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

absl::StatusOr<SplitDriver> SplitDriver::Create(
    GuestMemory& memory, std::uint32_t queue_size,
    const SplitDriverOptions& options) {
  if (!IsSplitQueueSize(queue_size)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%d is no size of a split ring: a power of two up to %d", queue_size,
        kMaxQueueSize));
  }
  SplitDriver driver;
  driver.options_ = options;
  if (absl::Status status =
          driver.Allocate(memory, static_cast<std::uint16_t>(queue_size));
      !status.ok()) {
    return status;
  }
  driver.StartAt(0);
  return driver;
}

absl::Status SplitDriver::Allocate(GuestMemory& memory,
                                   std::uint16_t queue_size) {
  const std::array<std::size_t, 3> sizes = {DescriptorTableSize(queue_size),
                                            AvailableRingSize(queue_size),
                                            UsedRingSize(queue_size)};
  std::array<GuestBuffer, 3> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    absl::StatusOr<GuestBuffer> part =
        options_.region_indices
            ? memory.AllocateIn((*options_.region_indices)[i], sizes[i],
                                kPartAlignment)
            : memory.Allocate(sizes[i], kPartAlignment);
    if (!part.ok()) return part.status();
    parts[i] = *part;
  }
  view_ = SplitRingView(parts[0].bytes.data(), parts[1].bytes.data(),
                        parts[2].bytes.data(), queue_size, options_.order);
  user_ = {parts[0].user_address, parts[1].user_address, parts[2].user_address};
  guest_ = {parts[0].guest_address, parts[1].guest_address,
            parts[2].guest_address};
  if (options_.indirect) {
    absl::StatusOr<GuestBuffer> tables =
        memory.Allocate(kDescriptorSize * options_.indirect_table_size *
                            std::size_t{queue_size},
                        kPartAlignment);
    if (!tables.ok()) return tables.status();
    tables_ = *tables;
  }
  next_.resize(queue_size);
  roles_.resize(queue_size);
  chains_.resize(queue_size);
  return absl::OkStatus();
}

void SplitDriver::StartAt(std::uint16_t avail_index, std::uint16_t used_index) {
  next_avail_ = published_ = asked_about_ = avail_index;
  next_used_ = seen_used_ = used_index;
  outstanding_ = 0;
  free_count_ = queue_size();
  free_head_ = 0;
  std::iota(next_.begin(), next_.end(), std::uint16_t{1});
  std::fill(roles_.begin(), roles_.end(), Role::kNever);
  view_.SetUsedIndex(used_index);
  view_.SetAvailIndex(avail_index);
  // As a device leaves it that stops here: without it the first kick after a
  // start in the middle of the index range is not asked for.
  view_.SetAvailEvent(avail_index);
}

absl::StatusOr<std::uint16_t> SplitDriver::AddChain(
    std::span<const Segment> segments, const ChainOptions& options) {
  VU_CHECK(!segments.empty(), "a chain has a segment");
  VU_CHECK(!options.indirect || options_.indirect,
           "indirect descriptors were not negotiated");
  VU_CHECK(!options.indirect || options.direct_count < segments.size(),
           "an indirect table has a segment");
  const std::size_t direct_count =
      options.indirect ? options.direct_count : segments.size();
  const std::size_t table_count = segments.size() - direct_count;
  const std::size_t needed = direct_count + (options.indirect ? 1 : 0);
  if (needed > free_count_ ||
      (options.indirect && table_count > options_.indirect_table_size)) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "%d descriptors needed of %d free, %d entries of a table of %d", needed,
        free_count_, table_count, options_.indirect_table_size));
  }

  const std::uint16_t head = free_head_;
  std::uint16_t index = head;
  std::uint16_t last = head;
  for (std::size_t i = 0; i < needed; ++i) {
    Descriptor descriptor;
    if (i < direct_count) {
      descriptor.address = segments[i].guest_address;
      descriptor.length = segments[i].length;
      descriptor.flags = FlagsOf(segments[i]);
    } else {
      WriteIndirectTable(head, segments.subspan(direct_count));
      const std::size_t table_bytes =
          kDescriptorSize * options_.indirect_table_size;
      descriptor.address = tables_.guest_address + table_bytes * head;
      descriptor.length =
          static_cast<std::uint32_t>(kDescriptorSize * table_count);
      descriptor.flags = VIRTQ_DESC_F_INDIRECT;
      if (options.write_flag_on_table) descriptor.flags |= VIRTQ_DESC_F_WRITE;
    }
    if (i + 1 < needed) {
      descriptor.flags |= VIRTQ_DESC_F_NEXT;
      descriptor.next = next_[index];
    }
    view_.SetDescriptor(index, descriptor);
    roles_[index] = Role::kMiddle;
    last = index;
    index = next_[index];
  }
  free_head_ = index;
  free_count_ = static_cast<std::uint16_t>(free_count_ - needed);
  roles_[head] = Role::kHead;
  chains_[head] = {WritableLength(segments), last,
                   static_cast<std::uint16_t>(needed), next_avail_};
  view_.SetAvailEntry(next_avail_, head);
  ++next_avail_;
  ++outstanding_;
  return head;
}

void SplitDriver::WriteIndirectTable(std::uint16_t head,
                                     std::span<const Segment> segments) {
  std::byte* at = tables_.bytes.data() +
                  kDescriptorSize * options_.indirect_table_size * head;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    Descriptor descriptor = {segments[i].guest_address, segments[i].length,
                             FlagsOf(segments[i]), 0};
    if (i + 1 < segments.size()) {
      descriptor.flags |= VIRTQ_DESC_F_NEXT;
      descriptor.next = static_cast<std::uint16_t>(i + 1);
    }
    StoreDescriptor(at, view_.Ordered(descriptor));
    at += kDescriptorSize;
  }
}

protocol::Result<std::optional<Completion>> SplitDriver::PopUsed() {
  if (next_used_ == seen_used_) {
    const std::uint16_t index = view_.used_index();
    if (index == next_used_) return std::optional<Completion>();
    const auto completed = static_cast<std::uint16_t>(index - next_used_);
    const auto exposed = static_cast<std::uint16_t>(
        outstanding_ - static_cast<std::uint16_t>(next_avail_ - published_));
    if (completed > exposed) {
      return UsedViolation(Req::VS_15, "idx", kRingIndexOffset,
                           Relation::kAtMost, exposed, completed);
    }
    seen_used_ = index;
  }
  return Complete(view_.used_element(next_used_));
}

protocol::Result<std::optional<Completion>> SplitDriver::Complete(
    const UsedElement& element) {
  const std::size_t offset =
      kRingEntriesOffset +
      kUsedElementSize * (next_used_ & (queue_size() - 1U));
  if (element.id >= queue_size()) {
    return UsedViolation(Req::VS_10, "id", offset, Relation::kBelow,
                         queue_size(), element.id);
  }
  const auto head = static_cast<std::uint16_t>(element.id);
  if (roles_[head] != Role::kHead) {
    const Req req = roles_[head] == Role::kCompleted ? Req::VS_16 : Req::VS_10;
    return UsedViolation(req, "id", offset, Relation::kNotAllowedNow, 0, head);
  }
  const Chain& chain = chains_[head];
  // Both distances are at most the queue size.
  if (static_cast<std::uint16_t>(next_avail_ - chain.avail_index) <=
      static_cast<std::uint16_t>(next_avail_ - published_)) {
    return UsedViolation(Req::VS_10, "id", offset, Relation::kNotAllowedNow, 0,
                         head);
  }
  if (element.length > chain.writable_length) {
    return UsedViolation(Req::VS_12, "len", offset + kUsedElementLengthOffset,
                         Relation::kAtMost, chain.writable_length,
                         element.length);
  }
  roles_[head] = Role::kCompleted;
  next_[chain.last] = free_head_;
  free_head_ = head;
  free_count_ =
      static_cast<std::uint16_t>(free_count_ + chain.descriptor_count);
  --outstanding_;
  ++next_used_;
  return std::optional<Completion>(Completion{head, element.length});
}

std::optional<Violation> SplitDriver::CheckUsedFlags() const {
  const std::uint16_t allowed =
      options_.event_idx ? std::uint16_t{0} : VIRTQ_USED_F_NO_NOTIFY;
  const std::uint16_t flags = view_.used_flags();
  if ((flags & ~allowed) == 0) return std::nullopt;
  return UsedViolation(Req::VS_40, "flags", kRingFlagsOffset,
                       Relation::kOnlyBits, allowed, flags);
}

bool SplitDriver::ArmInterrupt() {
  if (options_.event_idx) {
    view_.SetUsedEvent(next_used_);
  } else {
    view_.SetAvailFlags(0);
  }
  FullBarrier();
  return view_.used_index() != next_used_;
}

void SplitDriver::CheckInvariants() const {
  std::vector<bool> seen(queue_size());
  const auto visit = [&](std::uint16_t index) {
    VU_CHECK(index < queue_size(), "a list leaves the descriptor table");
    VU_CHECK(!seen[index], "a descriptor is in two places");
    seen[index] = true;
  };
  std::uint16_t index = free_head_;
  for (std::uint16_t i = 0; i < free_count_; ++i, index = next_[index]) {
    visit(index);
  }
  std::uint16_t head_count = 0;
  for (std::uint16_t head = 0; head < queue_size(); ++head) {
    if (roles_[head] != Role::kHead) continue;
    ++head_count;
    index = head;
    for (std::uint16_t i = 1; i < chains_[head].descriptor_count; ++i) {
      visit(index);
      index = next_[index];
    }
    visit(index);
    VU_CHECK(index == chains_[head].last, "a chain ends elsewhere");
  }
  VU_CHECK(head_count == outstanding_, "an outstanding chain has no head");
  VU_CHECK(std::find(seen.begin(), seen.end(), false) == seen.end(),
           "a descriptor is lost");
}

}  // namespace vuspec
