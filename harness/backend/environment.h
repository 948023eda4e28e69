// What a session is given: its device, its defects, its event loop.
//
// Contract: borrowed; all of it outlives every session.
#ifndef VUSPEC_HARNESS_BACKEND_ENVIRONMENT_H_
#define VUSPEC_HARNESS_BACKEND_ENVIRONMENT_H_

#include <optional>

#include "harness/backend/backend_memory.h"
#include "harness/backend/device.h"
#include "harness/backend/event_loop.h"
#include "harness/backend/fault.h"
#include "harness/backend/mishap.h"

namespace vuspec {

struct Environment {
  MockDevice& device;
  const FaultSet& fault;
  const std::optional<Mishap>& mishap;
  Hoard& hoard;
  EventLoop& loop;
  // Readable once the server is told to stop, for whoever does not turn.
  int stopped = -1;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_ENVIRONMENT_H_
