// The sessions that prologues leave, so that a story need not play what another
// has played: that would be a third of its work.
//
// A prologue sees right answers only, so that what it leaves follows from the
// Opening; nothing is on its way at its end, so that the model is all there is.
//
// Contract: owns copies, in memory that it has from the start: a session is
// forgotten when another takes its place. What Find returned is valid until the
// next Keep.
#ifndef VUSPEC_FUZZ_OPENED_SESSIONS_H_
#define VUSPEC_FUZZ_OPENED_SESSIONS_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "fuzz/frontend_input.h"
#include "protocol/session_model.h"

namespace vuspec::fuzz {

class OpenedSessions {
 public:
  // Null if there is none.
  const protocol::SessionModel* Find(const Opening& opening) const;

  void Keep(const Opening& opening, const protocol::SessionModel& model);

 private:
  struct Session {
    Opening opening;
    protocol::SessionModel model;
  };

  static std::size_t PlaceOf(const Opening& opening);

  // The corpus has half as many openings.
  static constexpr unsigned kPlaceBits = 9;
  std::vector<std::optional<Session>> sessions_ =
      std::vector<std::optional<Session>>(std::size_t{1} << kPlaceBits);
};

}  // namespace vuspec::fuzz

#endif  // VUSPEC_FUZZ_OPENED_SESSIONS_H_
