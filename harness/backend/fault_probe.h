// What a front-end can see of a defect. Test code only.
#ifndef VUSPEC_HARNESS_BACKEND_FAULT_PROBE_H_
#define VUSPEC_HARNESS_BACKEND_FAULT_PROBE_H_

#include <functional>
#include <vector>

#include "harness/backend/fault.h"
#include "harness/backend/test_frontend.h"

namespace vuspec {

// True for a mock that does what is right.
using Probe = std::function<bool(const TestServer&)>;

struct FaultProbe {
  Fault fault;
  Probe probe;  // false with the fault
};

std::vector<FaultProbe> MemoryProbes();
std::vector<FaultProbe> RingProbes();
std::vector<FaultProbe> RingStateProbes();
std::vector<FaultProbe> MessageProbes();
std::vector<FaultProbe> SessionProbes();

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_FAULT_PROBE_H_
