// The rules of the session model about vrings: which may be named, what may
// change while one is started, where its parts may lie, when it may start.
#include <algorithm>

#include "protocol/rule_violation.h"
#include "protocol/session_model.h"

namespace vuspec::protocol {

using namespace rules;  // NOLINT: the vocabulary of these files

std::optional<Violation> SessionModel::CheckRing(const Message& request) const {
  const auto index = RingIndex(request);
  if (!index) return std::nullopt;
  if (*index >= queue_count()) {
    return Wrong(request, Req::MQ_06, kIndex, Relation::kBelow, queue_count(),
                 *index);
  }
  const RingState& ring = rings_[*index];
  if (!ring.started) return std::nullopt;
  switch (request.spec->ring_use) {
    case RingUse::kAny:
      return std::nullopt;
    case RingUse::kStoppedOnly:
      return NotNow(request, Req::RING_16, "the ring is started", *index);
    case RingUse::kStoppedOrLogFlagOnly: {
      const VringAddr before = ring.addresses.value_or(VringAddr{});
      VringAddr after = std::get<VringAddr>(request.body);
      after.flags = before.flags;
      after.log = before.log;
      if (after == before) return std::nullopt;
      return NotNow(request, Req::RING_16,
                    "the ring is started and more than its log changes",
                    *index);
    }
  }
  return std::nullopt;
}

namespace {

struct Part {
  At at;
  std::uint64_t address;
  std::uint64_t alignment;
  std::uint64_t length;
};

// The three parts; for a packed ring the last two are event structures.
std::array<Part, 3> PartsOf(const VringAddr& addr, std::uint64_t size,
                            bool packed) {
  constexpr std::uint64_t kEvent = 4;
  return {{{{"descriptor", Byte(8)}, addr.descriptor, 16, 16 * size},
           {{"used", Byte(16)}, addr.used, 4, packed ? kEvent : 4 + 8 * size},
           {{"available", Byte(24)},
            addr.available,
            packed ? 4u : 2u,
            packed ? kEvent : 4 + 2 * size}}};
}

}  // namespace

std::optional<Violation> SessionModel::CheckAddresses(
    const Message& request, const VringAddr& addr) const {
  if (auto wrong =
          OnlyBits(request, Req::VADDR_10, {"flags", Byte(4)}, 1, addr.flags)) {
    return wrong;
  }
  const bool packed = Has(features_.value_or(0), VirtioFeature::RING_PACKED);
  for (const Part& part : PartsOf(addr, 0, packed)) {
    if (part.address % part.alignment != 0) {
      return Wrong(request, Req::VADDR_07, part.at, Relation::kMultipleOf,
                   part.alignment, part.address);
    }
  }
  return CheckPlaces(request, addr);
}

std::optional<Violation> SessionModel::CheckPlaces(
    const Message& request, const VringAddr& addr) const {
  // With an IOMMU the addresses are IOVAs, which no table of ours lists; and
  // the ring may be described before its memory is.
  if (memory_.regions().empty() ||
      Has(features_.value_or(0), VirtioFeature::ACCESS_PLATFORM)) {
    return std::nullopt;
  }
  const bool packed = Has(features_.value_or(0), VirtioFeature::RING_PACKED);
  const bool guest = Has(protocol_features(), ProtocolFeature::GPA_ADDRESSES);
  const auto inside = [&](std::uint64_t address, std::uint64_t length) {
    return guest ? memory_.ContainsGuest(address, length)
                 : memory_.ContainsUser(address, length);
  };
  const std::uint64_t size = rings_[addr.index].size.value_or(0);
  for (const Part& part : PartsOf(addr, size, packed)) {
    if (inside(part.address, part.length)) continue;
    const bool starts = inside(part.address, 1);
    return Wrong(request, starts ? Req::VADDR_06 : Req::VADDR_05,
                 {starts ? "a ring part past the end of its region"
                         : "an address outside every region",
                  part.at.offset},
                 Relation::kNotAllowedNow, 0, part.address);
  }
  return std::nullopt;
}

std::optional<Violation> SessionModel::CheckStart(const Message& request,
                                                  const RingState& ring) const {
  if (!ring.size || !ring.addresses) {
    return NotNow(request, Req::KICK_13,
                  "the ring has no size or no addresses");
  }
  // The size may have come after the addresses, and the memory after both.
  return CheckPlaces(request, *ring.addresses);
}

}  // namespace vuspec::protocol
