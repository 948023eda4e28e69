#include "protocol/ambiguity.h"

#include <algorithm>

namespace vuspec::protocol {
namespace {

constexpr AmbiguityEntry kEntries[] = {
#define VU_AMBIGUITY(name, id, clause, question, allowed, reading, proposal, \
                     seen, read)                                             \
  {Ambiguity::name, id,       Req::clause, question, allowed,                \
   reading,         proposal, seen,        read},
#include "protocol/ambiguities.def"
#undef VU_AMBIGUITY
};

}  // namespace

std::span<const AmbiguityEntry> AllAmbiguities() { return kEntries; }

const AmbiguityEntry& Describe(Ambiguity ambiguity) {
  return kEntries[static_cast<std::size_t>(ambiguity)];
}

std::optional<Ambiguity> FindAmbiguity(std::string_view id) {
  const auto* entry = std::ranges::find(kEntries, id, &AmbiguityEntry::id);
  if (entry == std::end(kEntries)) return std::nullopt;
  return entry->ambiguity;
}

}  // namespace vuspec::protocol
