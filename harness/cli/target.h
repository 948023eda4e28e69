// The peer that a command line names: its manifest, and how workers make it.
//
// Contract: nothing is started yet; the factory may be called in a worker, as
// often as there are workers. Errors are the user's, with what to do:
// kInvalidArgument, kNotFound.
#ifndef VUSPEC_HARNESS_CLI_TARGET_H_
#define VUSPEC_HARNESS_CLI_TARGET_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/backend/fault.h"
#include "harness/cli/options.h"
#include "harness/peer/manifest.h"
#include "harness/suite/context.h"
#include "harness/suite/runner.h"

namespace vuspec {

struct Target {
  Manifest manifest;
  PeerFactory make_peer;
  std::string text;        // the arguments that name it; empty: the mock
  std::string options;     // the others that a repro must repeat
  RunSettings settings;    // deadline and device; the seed is the caller's
  bool shared = false;     // one back-end for all workers: --socket
  bool defective = false;  // the mock with a --fault
};

absl::StatusOr<Target> ResolveTarget(const TargetOptions& options);

// kInvalidArgument names the unknown one and those with similar names.
absl::StatusOr<FaultSet> ParseFaults(const std::vector<std::string>& names);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_CLI_TARGET_H_
