#include "fuzz/opened_sessions.h"

#include <cstdint>

namespace vuspec::fuzz {

std::size_t OpenedSessions::PlaceOf(const Opening& opening) {
  constexpr std::uint64_t kOdd = 0x9e37'79b9'7f4a'7c15;
  std::uint64_t hash = 0;
  for (const std::uint64_t part :
       {std::uint64_t{opening.acks}, std::uint64_t{opening.gpu},
        static_cast<std::uint64_t>(opening.prologue), opening.virtio,
        opening.protocol}) {
    hash = (hash ^ part) * kOdd;
    hash ^= hash >> 32;
  }
  return (hash * kOdd) >> (64 - kPlaceBits);
}

const protocol::SessionModel* OpenedSessions::Find(
    const Opening& opening) const {
  const std::optional<Session>& session = sessions_[PlaceOf(opening)];
  if (!session || session->opening != opening) return nullptr;
  return &session->model;
}

void OpenedSessions::Keep(const Opening& opening,
                          const protocol::SessionModel& model) {
  sessions_[PlaceOf(opening)] = Session{opening, model};
}

}  // namespace vuspec::fuzz
