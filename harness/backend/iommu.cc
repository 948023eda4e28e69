#include "harness/backend/iommu.h"

#include <algorithm>
#include <iterator>

namespace vuspec {
namespace {

enum Permission : std::uint8_t { kMayRead = 1, kMayWrite = 2 };
enum Type : std::uint8_t { kMiss = 1, kUpdate = 2, kAccessFail = 4 };

std::uint8_t NeededFor(Access access) {
  return access == Access::kWrite ? kMayWrite : kMayRead;
}

bool IsWithin(const PeerMemory& memory, std::uint64_t user_address,
              std::uint64_t size) {
  for (std::uint64_t done = 0; done < size;) {
    const std::size_t piece =
        memory.user_space()
            .LeadingPiece(user_address + done, size - done)
            .size();
    if (piece == 0) return false;
    done += piece;
  }
  return true;
}

}  // namespace

Iommu::Entries::const_iterator Iommu::Find(std::uint64_t iova) const {
  auto next = entries_.upper_bound(iova);
  if (next == entries_.begin()) return entries_.end();
  const auto found = std::prev(next);
  return found->second.last < iova ? entries_.end() : found;
}

void Iommu::Remove(std::uint64_t first, std::uint64_t last) {
  if (fault_(Fault::kIotlbPartialInvalidationIgnored)) {
    const auto exact = entries_.find(first);
    if (exact == entries_.end() || exact->second.last > last) return;
  }
  Entries kept;
  for (const auto& [begin, entry] : entries_) {
    if (entry.last < first || begin > last) {
      kept.emplace(begin, entry);
      continue;
    }
    if (begin < first) {
      kept.emplace(begin,
                   Entry{first - 1, entry.user_address, entry.permission});
    }
    if (entry.last > last) {
      kept.emplace(last + 1,
                   Entry{entry.last, entry.user_address + (last + 1 - begin),
                         entry.permission});
    }
  }
  entries_ = std::move(kept);
}

bool Iommu::Apply(const protocol::Iotlb& message, const PeerMemory& memory) {
  const std::uint64_t first = message.iova;
  const std::uint64_t last = first + (message.size - 1);
  if (message.type != kUpdate) {
    const bool whole = message.size == ~std::uint64_t{0};
    const bool ignored =
        fault_(Fault::kIotlbInvalidationIgnored) ||
        (whole && fault_(Fault::kIotlbWholeInvalidationIgnored));
    if (!ignored) Remove(first, last);
    return true;
  }
  if (!IsWithin(memory, message.user_address, message.size)) {
    return fault_(Fault::kIotlbRangeNotChecked);
  }
  std::erase_if(announced_, [&](const protocol::Iotlb& miss) {
    return first <= miss.iova && miss.iova <= last;
  });
  if (fault_(Fault::kIotlbUpdateIgnored)) return true;
  Remove(first, last);
  entries_.emplace(first,
                   Entry{last, message.user_address, message.permission});
  return true;
}

std::span<std::byte> Iommu::LeadingPieceFor(Access access, std::uint64_t iova,
                                            std::uint64_t length,
                                            const PeerMemory& memory) {
  std::span<std::byte> whole;
  while (whole.size() < length) {
    const std::uint64_t at = iova + whole.size();
    const auto found = Find(at);
    if (found == entries_.end() && fault_(Fault::kIotlbGuestAddressesTaken)) {
      return memory.LeadingPiece(iova, length);
    }
    const bool known = found != entries_.end();
    if (!known || ((found->second.permission & NeededFor(access)) == 0 &&
                   !fault_(Fault::kIotlbPermissionsIgnored))) {
      Miss(access, at, known);
      break;
    }
    const auto& [first, entry] = *found;
    const std::uint64_t left =
        std::min(length - whole.size() - 1, entry.last - at) + 1;
    const std::span<std::byte> piece = memory.user_space().LeadingPiece(
        entry.user_address + (at - first), left);
    if (piece.empty()) {
      Miss(access, at, false);
      break;
    }
    // What follows elsewhere in our memory is a piece of its own.
    if (!whole.empty() && whole.data() + whole.size() != piece.data()) break;
    whole = {whole.empty() ? piece.data() : whole.data(),
             whole.size() + piece.size()};
  }
  return whole;
}

void Iommu::Miss(Access access, std::uint64_t iova, bool forbidden) {
  missed_ = true;
  protocol::Iotlb miss{.iova = iova,
                       .permission = NeededFor(access),
                       .type = forbidden ? kAccessFail : kMiss};
  if (std::ranges::count(announced_, miss) != 0) return;
  announced_.push_back(miss);
  if (fault_(Fault::kIotlbMissWithoutPermission)) miss.permission = 0;
  if (fault_(Fault::kIotlbAccessFailIsAMiss)) miss.type = kMiss;
  if (fault_(Fault::kIotlbMissNamesNoAddress)) miss.iova = 0;
  news_.push_back(miss);
}

}  // namespace vuspec
