// The memory in which a back-end records what it has in flight: made for a
// front-end that asks, taken back from one that connects again.
//
// Regions of equal size lie one behind the other, a cache line apart at least.
// An area is the front-end's from the moment that it was made; what we map is
// only what was given back.
//
// Contract: one thread; a failed Map leaves the area of before; the descriptor
// stays the caller's.
//
// Errors: kInvalidArgument and kOutOfRange for an area that cannot be what it
// is said to be; else of the system call.
//
// Spec: "Inflight I/O tracking", GET_INFLIGHT_FD, SET_INFLIGHT_FD.
#ifndef VUSPEC_HARNESS_BACKEND_IN_FLIGHT_AREA_H_
#define VUSPEC_HARNESS_BACKEND_IN_FLIGHT_AREA_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/backend/backend_memory.h"
#include "harness/backend/fault.h"
#include "harness/memory/mapping.h"
#include "harness/ring/in_flight_view.h"
#include "harness/transport/unique_fd.h"
#include "protocol/payloads.h"

namespace vuspec {

struct FreshArea {
  protocol::Inflight description;
  UniqueFd fd;
};

class InFlightArea {
 public:
  // Both outlive the area.
  InFlightArea(const FaultSet& fault, Hoard& hoard)
      : fault_(fault), hoard_(hoard) {}
  InFlightArea(InFlightArea&&) = delete;
  ~InFlightArea() { Unmap(); }

  // A new file of zeroes for so many queues of such a size.
  absl::StatusOr<FreshArea> Make(const protocol::Inflight& wanted);

  // Regions of before are dead then.
  absl::Status Map(const protocol::Inflight& area, const UniqueFd& fd);

  // Empty for a ring that the area has no room for, or without one.
  InFlightView region(std::uint32_t index) const;

 private:
  void Unmap();

  const FaultSet& fault_;
  Hoard& hoard_;
  std::optional<Mapping> mapping_;
  protocol::Inflight description_;  // of mapping_
  FreshArea last_made_;             // only kept by a defect
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_IN_FLIGHT_AREA_H_
