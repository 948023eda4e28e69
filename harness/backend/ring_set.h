// The rings of a session: who may run, who was woken, what waits for kicks.
//
// Whether a ring is processed follows from the session model: started and
// enabled, and the device in use by its driver. A ring is looked at when it
// was woken: by a kick, a start, an enable, new memory, or another ring that
// made work for it. A ring without a kick descriptor is looked at in every
// turn.
//
// Contract: one thread; never blocks. Registers kick descriptors with the loop
// under kFirstToken + ring index, and forgets them before they are closed.
#ifndef VUSPEC_HARNESS_BACKEND_RING_SET_H_
#define VUSPEC_HARNESS_BACKEND_RING_SET_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "harness/backend/backend_memory.h"
#include "harness/backend/device.h"
#include "harness/backend/dirty_log.h"
#include "harness/backend/environment.h"
#include "harness/backend/in_flight_area.h"
#include "harness/backend/vring.h"
#include "protocol/session_model.h"

namespace vuspec {

class RingSet {
 public:
  static constexpr EventLoop::Token kFirstToken = 1000;

  // Everything outlives the set.
  RingSet(const Environment& environment, const protocol::SessionModel& model,
          const BackendMemory& memory, const InFlightArea& area, DirtyLog& log);
  RingSet(RingSet&&) = delete;
  ~RingSet();

  // Starts the ring, or replaces its kick. An empty `kick` means polling.
  // False when the ring cannot be placed in memory or the kick be waited for.
  bool Start(std::uint32_t index, UniqueFd kick);
  // Starts without a kick (a defect).
  void StartByItself(std::uint32_t index);
  // The next available index; nullopt if the ring was not started.
  std::optional<std::uint16_t> Stop(std::uint32_t index);
  void RebindAll();
  // Translations changed, or (`wake`) came.
  void UnbindAll(bool wake);
  // A kick that came as a message; starts a stopped ring. False as of Start.
  bool KickInband(std::uint32_t index);
  // Fetches and records what is available, if the ring runs.
  void Suspend(std::uint32_t index);
  // The area changed: rings are recorded from their next start on.
  void ForgetInFlight();

  // From the first SET_STATUS on, nothing runs before DRIVER_OK. A front-end
  // that negotiates STATUS and never says one is served all the same.
  void LetStatusCount() { status_counts_ = true; }

  void Wake(std::uint32_t index) { woken_[index] = true; }
  void WakeAll() { woken_.assign(woken_.size(), true); }
  void OnKick(std::uint32_t index);

  Vring& ring(std::uint32_t index) { return rings_[index]; }

  // Lets every woken ring run. True when some have more to do.
  bool Run();

  // Some ring must be looked at although nothing wakes it.
  bool polling() const;
  bool any_broken() const;
  // Some ring is processed.
  bool in_use() const;

 private:
  Vring::Mode ModeOf(std::uint32_t index) const;
  void ForgetKick(std::uint32_t index);
  bool Bind(std::uint32_t index);
  // In postcopy: the front-end cannot serve the faults of a new table yet.
  bool MemoryIsUntold() const;

  const Environment& environment_;
  const protocol::SessionModel& model_;
  const InFlightArea& area_;
  std::deque<Vring> rings_;
  std::vector<bool> woken_;
  bool status_counts_ = false;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_RING_SET_H_
