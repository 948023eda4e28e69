// What the health of a peer means for a verdict.
#ifndef VUSPEC_HARNESS_SUITE_HEALTH_VERDICT_H_
#define VUSPEC_HARNESS_SUITE_HEALTH_VERDICT_H_

#include <string>

#include "harness/peer/health.h"
#include "harness/report/result.h"

namespace vuspec {

// kPass when fine; else kCrash, kHang (CPU limit, did not exit) or kLeak (the
// report of a leak checker).
Verdict VerdictOf(const PeerHealth& health);

// "crashed: signal 11 (Segmentation fault)": for SetVerdict.
std::string ReasonOf(const PeerHealth& health);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_SUITE_HEALTH_VERDICT_H_
