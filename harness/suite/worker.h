// The worker process: owns a Peer, runs what the runner asks for.
//
// Contract: RunWorker is called in a fresh child and never returns; the worker
// dies with the runner. Last words of the peer (a leak report at its end) are
// sent as a farewell.
#ifndef VUSPEC_HARNESS_SUITE_WORKER_H_
#define VUSPEC_HARNESS_SUITE_WORKER_H_

#include "harness/report/result.h"
#include "harness/suite/runner.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {

[[noreturn]] void RunWorker(const RunPlan& plan, int number,
                            const ProbeResult& probe, UniqueFd socket);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_SUITE_WORKER_H_
