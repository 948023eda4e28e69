// What a front-end can see of a defect. Test code only.
#ifndef VUSPEC_HARNESS_BACKEND_FAULT_PROBE_H_
#define VUSPEC_HARNESS_BACKEND_FAULT_PROBE_H_

#include <functional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "harness/backend/fault.h"
#include "harness/backend/test_frontend.h"

namespace vuspec {

// True for a mock that does what is right.
using Probe = std::function<bool(const TestServer&)>;

struct ProbedFaults {
  Probe probe;
  std::vector<Fault> faults;  // false with each of them
  std::string_view device = "blk";
  // Or why nobody can look here.
  absl::Status possible = absl::OkStatus();
};

std::vector<ProbedFaults> GpuProbes();
std::vector<ProbedFaults> InFlightProbes();
std::vector<ProbedFaults> MemoryProbes();
std::vector<ProbedFaults> PostcopyProbes();
std::vector<ProbedFaults> RingProbes();
std::vector<ProbedFaults> RingStateProbes();
std::vector<ProbedFaults> MessageProbes();
std::vector<ProbedFaults> SessionProbes();

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_FAULT_PROBE_H_
