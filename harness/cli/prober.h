// Looks at a peer without judging it.
//
// Contract: blocking, each answer for at most the context's answer budget; one
// connection at a time, except for the question what a second one gets.
// Lenient: takes what can be made out of a malformed reply, since it is for
// the cases to judge.
#ifndef VUSPEC_HARNESS_CLI_PROBER_H_
#define VUSPEC_HARNESS_CLI_PROBER_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "harness/report/result.h"
#include "harness/suite/context.h"
#include "harness/suite/runner.h"

namespace vuspec {

struct ProbeReport {
  Preflight preflight;
  std::vector<std::uint8_t> config;  // as far as the device kind has one
  std::string config_note;           // why there is none
  std::string after_disconnect;      // in words
  std::string second_connection;
  std::string health;  // what it said at its end, "" when fine
};

// Features, queues, slots and how fast it answers. Down only when the
// peer cannot be reached, is dead, or lets GET_FEATURES go unanswered.
Preflight Probe(const RunContext& context);

// One connect + GET_FEATURES + close; zero when there was no answer.
std::chrono::microseconds MeasureRoundTrip(const RunContext& context);

// All of it; what does not apply to a peer that is down is empty.
ProbeReport ProbeAtLength(const RunContext& context);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_CLI_PROBER_H_
