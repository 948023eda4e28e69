#include "harness/ring/split_device.h"

#include <algorithm>

#include "harness/memory/address_range.h"

namespace vuspec {
namespace {

using protocol::Relation;
using protocol::Req;
using protocol::Result;
using protocol::Violation;

constexpr std::uint64_t kMaxTotalLength = std::uint64_t{1} << 32;

Violation DescriptorViolation(Req req, std::string_view field,
                              std::size_t offset, Relation relation,
                              std::uint64_t expected, std::uint64_t actual) {
  return {req,      "split ring descriptor",
          field,    static_cast<std::uint32_t>(offset),
          relation, expected,
          actual};
}

Violation AvailViolation(Req req, std::string_view field, std::size_t offset,
                         Relation relation, std::uint64_t expected,
                         std::uint64_t actual) {
  return {req,      "available ring", field, static_cast<std::uint32_t>(offset),
          relation, expected,         actual};
}

// The first `mapped` bytes of the buffer lie in memory, the next does not.
Violation RefuseAddress(const Descriptor& descriptor, std::uint64_t mapped) {
  if (mapped == 0) {
    return DescriptorViolation(Req::MEM_09, "addr", 0, Relation::kNotAllowedNow,
                               0, descriptor.address);
  }
  return DescriptorViolation(Req::MEM_10, "len", kDescriptorLengthOffset,
                             Relation::kAtMost, mapped, descriptor.length);
}

std::optional<Violation> CheckQueueSize(std::uint32_t queue_size) {
  const auto refuse = [&](Req req, Relation relation, std::uint32_t expected) {
    return Violation{req,      "split ring", "num",     0,
                     relation, expected,     queue_size};
  };
  if (queue_size == 0) return refuse(Req::VNUM_03, Relation::kAtLeast, 1);
  if (queue_size > kMaxQueueSize) {
    return refuse(Req::VNUM_04, Relation::kAtMost, kMaxQueueSize);
  }
  if (!IsSplitQueueSize(queue_size)) {
    return refuse(Req::VNUM_05, Relation::kPowerOfTwo, kMaxQueueSize);
  }
  return std::nullopt;
}

struct Part {
  std::string_view field;
  std::uint64_t address = 0;
  std::size_t size = 0;
  std::uint64_t alignment = 0;
  // What the host needs to access the widest field at once.
  std::uint64_t host_alignment = 0;
  bool written = false;
};

Result<std::byte*> ResolvePart(const AddressSpace& space, const Part& part) {
  const auto refuse = [&](Req req, Relation relation, std::uint64_t expected,
                          std::uint64_t actual) {
    return Violation{req,      "split ring", part.field, 0,
                     relation, expected,     actual};
  };
  if (part.address % part.alignment != 0) {
    return refuse(Req::VADDR_07, Relation::kMultipleOf, part.alignment,
                  part.address);
  }
  const std::span<std::byte> piece =
      space.LeadingPiece(part.address, part.size);
  if (piece.empty()) {
    return refuse(Req::VADDR_05, Relation::kNotAllowedNow, 0, part.address);
  }
  if (piece.size() < part.size) {
    return refuse(Req::VADDR_06, Relation::kAtMost, piece.size(), part.size);
  }
  // A region at an odd file offset misaligns addresses that look aligned.
  if (AddressOf(piece.data()) % part.host_alignment != 0) {
    return refuse(Req::VADDR_07, Relation::kMultipleOf, part.host_alignment,
                  AddressOf(piece.data()) % part.host_alignment);
  }
  return piece.data();
}

}  // namespace

Result<SplitDevice> SplitDevice::Create(const AddressSpace& ring_space,
                                        const AddressSpace& buffer_space,
                                        const SplitRingAddresses& addresses,
                                        std::uint32_t queue_size,
                                        const SplitDeviceOptions& options) {
  if (const Refusal refusal = CheckQueueSize(queue_size)) return *refusal;
  SplitDevice device;
  device.ring_space_ = &ring_space;
  device.buffer_space_ = &buffer_space;
  device.addresses_ = addresses;
  device.options_ = options;
  if (options.written_ring_space == nullptr) {
    device.options_.written_ring_space = &ring_space;
  }
  if (options.written_buffer_space == nullptr) {
    device.options_.written_buffer_space = &buffer_space;
  }
  device.view_ = SplitRingView(nullptr, nullptr, nullptr,
                               static_cast<std::uint16_t>(queue_size));
  if (const Refusal refusal = device.Rebind()) return *refusal;
  device.descriptors_.reserve(queue_size);
  device.SetBase(0);
  return device;
}

std::optional<Violation> SplitDevice::Rebind() {
  const std::uint16_t size = queue_size();
  const std::array<Part, 3> parts = {
      Part{"descriptor table", addresses_.descriptor_table,
           DescriptorTableSize(size), kDescriptorTableAlignment,
           sizeof(std::uint64_t)},
      Part{"available ring", addresses_.available, AvailableRingSize(size),
           kAvailableRingAlignment, kAvailableRingAlignment},
      Part{"used ring", addresses_.used, UsedRingSize(size), kUsedRingAlignment,
           kUsedRingAlignment, true}};
  std::array<std::byte*, 3> resolved = {};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const Result<std::byte*> part = ResolvePart(
        parts[i].written ? *options_.written_ring_space : *ring_space_,
        parts[i]);
    if (!part) return part.violation();
    resolved[i] = *part;
  }
  view_ = SplitRingView(resolved[0], resolved[1], resolved[2], size,
                        options_.order);
  return std::nullopt;
}

void SplitDevice::SetBase(std::uint16_t next_avail) {
  next_avail_ = seen_avail_ = next_avail;
  next_used_ = asked_about_ = view_.used_index();
}

Result<bool> SplitDevice::Pop(Chain& chain) {
  if (next_avail_ == seen_avail_) {
    const std::uint16_t index = view_.avail_index();
    if (index == next_avail_) return false;
    const auto waiting = static_cast<std::uint16_t>(index - next_avail_);
    if (waiting > queue_size()) {
      return AvailViolation(Req::VS_30, "idx", kRingIndexOffset,
                            Relation::kAtMost, queue_size(), waiting);
    }
    seen_avail_ = index;
  }
  const std::uint16_t head = view_.avail_entry(next_avail_);
  if (head >= queue_size()) {
    const std::size_t slot = next_avail_ & (queue_size() - 1U);
    return AvailViolation(Req::VS_29, "ring",
                          kRingEntriesOffset + kAvailableEntrySize * slot,
                          Relation::kBelow, queue_size(), head);
  }
  ++next_avail_;
  return TakeFrom(head, chain);
}

Result<bool> SplitDevice::Retake(std::uint16_t head, Chain& chain) {
  if (head >= queue_size()) return false;
  return TakeFrom(head, chain);
}

Result<bool> SplitDevice::TakeFrom(std::uint16_t head, Chain& chain) {
  chain.Start(head);
  Refusal refusal = Collect(head);
  if (!refusal) refusal = Resolve(chain);
  if (refusal) {
    chain.Start(head);  // Nothing of a refused chain is to be touched.
    return *refusal;
  }
  return true;
}

std::optional<Violation> SplitDevice::Collect(std::uint16_t head) {
  descriptors_.clear();
  total_length_ = 0;
  saw_writable_ = false;
  std::uint16_t index = head;
  // A chain that is longer than the table visits a descriptor twice.
  for (std::uint32_t count = 0; count < queue_size(); ++count) {
    const Descriptor descriptor = view_.descriptor(index);
    if ((descriptor.flags & VIRTQ_DESC_F_INDIRECT) != 0) {
      return CollectTable(descriptor);
    }
    if (const Refusal refusal = Keep(descriptor)) return refusal;
    if ((descriptor.flags & VIRTQ_DESC_F_NEXT) == 0) return std::nullopt;
    if (descriptor.next >= queue_size()) {
      return DescriptorViolation(Req::VS_28, "next", kDescriptorNextOffset,
                                 Relation::kBelow, queue_size(),
                                 descriptor.next);
    }
    index = descriptor.next;
  }
  return DescriptorViolation(Req::VS_27, "chain", 0, Relation::kAtMost,
                             queue_size(), queue_size() + 1U);
}

std::optional<Violation> SplitDevice::CollectTable(const Descriptor& pointer) {
  const auto refuse_flags = [&](Req req, std::uint16_t flags) {
    return DescriptorViolation(req, "flags", kDescriptorFlagsOffset,
                               Relation::kOnlyBits,
                               flags & ~VIRTQ_DESC_F_INDIRECT & 0xffff, flags);
  };
  if (!options_.indirect) return refuse_flags(Req::VS_26, pointer.flags);
  if ((pointer.flags & VIRTQ_DESC_F_NEXT) != 0) {
    return DescriptorViolation(
        Req::VS_23, "flags", kDescriptorFlagsOffset, Relation::kOnlyBits,
        VIRTQ_DESC_F_INDIRECT | VIRTQ_DESC_F_WRITE, pointer.flags);
  }
  if (pointer.length == 0 || pointer.length % kDescriptorSize != 0) {
    return DescriptorViolation(
        Req::VS_21, "len", kDescriptorLengthOffset,
        pointer.length == 0 ? Relation::kAtLeast : Relation::kMultipleOf,
        kDescriptorSize, pointer.length);
  }
  const std::byte* const table =
      buffer_space_->Translate(pointer.address, pointer.length);
  if (table == nullptr) {
    return DescriptorViolation(Req::VS_25, "addr", 0, Relation::kNotAllowedNow,
                               0, pointer.address);
  }
  const std::size_t table_size = pointer.length / kDescriptorSize;
  const std::size_t limit = std::min(table_size, kMaxChainDescriptors);
  std::size_t index = 0;
  for (std::size_t count = 0; count < limit; ++count) {
    const Descriptor descriptor =
        view_.Ordered(LoadDescriptor(table + kDescriptorSize * index));
    if ((descriptor.flags & VIRTQ_DESC_F_INDIRECT) != 0) {
      return refuse_flags(Req::VS_22, descriptor.flags);
    }
    if (const Refusal refusal = Keep(descriptor)) return refusal;
    if ((descriptor.flags & VIRTQ_DESC_F_NEXT) == 0) return std::nullopt;
    if (descriptor.next >= table_size) {
      return DescriptorViolation(Req::VS_24, "next", kDescriptorNextOffset,
                                 Relation::kBelow, table_size, descriptor.next);
    }
    index = descriptor.next;
  }
  // Short of the whole table it is only long; beyond, it goes in circles.
  return DescriptorViolation(limit < table_size ? Req::VS_05 : Req::VS_27,
                             "chain", 0, Relation::kAtMost, limit, limit + 1);
}

std::optional<Violation> SplitDevice::Keep(const Descriptor& descriptor) {
  const bool writable = (descriptor.flags & VIRTQ_DESC_F_WRITE) != 0;
  if (saw_writable_ && !writable) {
    return DescriptorViolation(Req::VS_32, "flags", kDescriptorFlagsOffset,
                               Relation::kHasBits, VIRTQ_DESC_F_WRITE,
                               descriptor.flags);
  }
  saw_writable_ = writable;
  total_length_ += descriptor.length;
  if (total_length_ > kMaxTotalLength) {
    return DescriptorViolation(Req::VS_33, "len", kDescriptorLengthOffset,
                               Relation::kAtMost, kMaxTotalLength,
                               total_length_);
  }
  descriptors_.push_back(descriptor);
  return std::nullopt;
}

std::optional<Violation> SplitDevice::Resolve(Chain& chain) const {
  for (const Descriptor& descriptor : descriptors_) {
    // Nothing is accessed through an empty buffer, wherever it points.
    if (descriptor.length == 0) continue;
    // Before any sum: a wrapped one could lie in memory again.
    if (AddressRange{descriptor.address, descriptor.length}.Wraps()) {
      return DescriptorViolation(Req::MEM_11, "addr", 0, Relation::kAtMost,
                                 ~std::uint64_t{descriptor.length} + 1,
                                 descriptor.address);
    }
    const bool writable = (descriptor.flags & VIRTQ_DESC_F_WRITE) != 0;
    const AddressSpace& space =
        writable ? *options_.written_buffer_space : *buffer_space_;
    std::uint64_t done = 0;
    while (done < descriptor.length) {
      const std::span<std::byte> piece = space.LeadingPiece(
          descriptor.address + done, descriptor.length - done);
      if (piece.empty()) return RefuseAddress(descriptor, done);
      chain.Append(piece, writable);
      done += piece.size();
    }
  }
  return std::nullopt;
}

bool SplitDevice::SetNotifications(bool on) {
  if (options_.event_idx) {
    // Without a wish the old event stays behind and asks for nothing.
    if (on) view_.SetAvailEvent(next_avail_);
  } else {
    view_.SetUsedFlags(on ? 0 : VIRTQ_USED_F_NO_NOTIFY);
  }
  FullBarrier();
  return HasPending();
}

}  // namespace vuspec
