// One run of some cases on a mock with defects.
//
// Contract: blocks as long as the cases; not thread-safe.
#ifndef VUSPEC_CONFORMANCE_PROGRAM_FAULT_RUN_H_
#define VUSPEC_CONFORMANCE_PROGRAM_FAULT_RUN_H_

#include <string>
#include <string_view>
#include <vector>

#include "conformance/program/fault_columns.h"
#include "harness/backend/fault.h"
#include "harness/suite/runner.h"

namespace vuspec {

using Ids = std::vector<std::string>;

// How a mock offers what else it has not got.
inline constexpr Fault kEverythingOffered = Fault::kUnimplementedFeatureOffered;

// The mock in a thread of each worker. REQUIRES: !faults.process_only().
PeerFactory MockInThread(std::string_view device, const FaultSet& faults);
// `vuspec serve` for each worker; `vuspec` is the path of the program.
PeerFactory MockInProcess(const std::string& vuspec, std::string_view device,
                          const std::vector<Fault>& faults);

// Those cases on that mock; deadlines and jobs are the caller's to change.
RunPlan PlanFor(std::string_view device, Ids ids, PeerFactory make_peer);

// Whether the case failed because of what it saw, or died of it.
bool IsCatch(const CaseResult& result);

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_PROGRAM_FAULT_RUN_H_
