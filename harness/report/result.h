// The one result model: what a run found. Every report derives from it.
//
// Invariant (checked by ExitCodeOf, summary.h): every selected case has a
// result, each is executed or skipped with a reason.
#ifndef VUSPEC_HARNESS_REPORT_RESULT_H_
#define VUSPEC_HARNESS_REPORT_RESULT_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/model_coverage.h"
#include "protocol/requirement.h"

namespace vuspec {

enum class Verdict : std::uint8_t {
  kPass,
  kFail,    // the peer broke a clause
  kCrash,   // the peer died by a signal, an abort or a sanitizer
  kHang,    // the peer answers nobody any more
  kLeak,    // the peer kept descriptors, mappings or threads
  kXfail,   // failed as the expectations file says
  kXpass,   // passed although the expectations file says it fails
  kSkip,    // a feature that the case needs is not offered; see reason
  kAmbig,   // the document allows several behaviours; see observed
  kBroken,  // vuspec or its set-up failed: no verdict about the peer
};

// "PASS", "FAIL", ...
std::string_view ToString(Verdict verdict);
std::optional<Verdict> FindVerdict(std::string_view name);

struct CaseResult {
  std::string id;  // "Suite.Case", as `vuspec run` and `explain` take it
  Verdict verdict = Verdict::kBroken;
  protocol::Level level = protocol::Level::kMust;
  std::vector<protocol::Req> requirements;
  std::string reason;    // one line: why this verdict; empty for a pass
  std::string expected;  // empty where the reason says it all
  std::string observed;
  std::string details;      // the assertions as they were printed
  std::string transcript;   // messages of the case, .vu text; empty if passed
  std::string peer_stderr;  // tail, empty if passed
  bool claimed = false;     // a skip of a feature that the manifest claims
  // How many situations a case that tries many of a kind has tried.
  std::size_t points = 0;
  protocol::ModelCoverage model;  // what it sent, and when
  std::chrono::microseconds duration{0};
  // With --timings: what connect + GET_FEATURES + close took right after the
  // case, which for a peer that exits after a disconnect includes its start.
  std::chrono::microseconds round_trip{0};
};

// What the probe found before the first case.
struct ProbeResult {
  std::uint64_t virtio_features = 0;
  std::uint64_t protocol_features = 0;
  std::uint64_t queue_count = 0;
  std::uint64_t memory_slots = 0;
  std::chrono::microseconds round_trip{0};  // connect + GET_FEATURES + close
  std::chrono::microseconds answer{0};      // one GET_FEATURES on a connection
};

struct RunResult {
  // As the user named it on the command line: "--peer FILE", "--socket PATH",
  // "-- COMMAND ..."; empty: the built-in mock back-end.
  std::string target;
  std::string options;   // others that a repro must repeat: "--device blk"
  std::string level;     // the gate: "must", "robust", ...
  std::string mutation;  // how messages were delivered; empty: as they are
  std::string device;
  std::uint64_t seed = 0;
  std::size_t selected = 0;  // cases that the filters chose
  ProbeResult probe;
  std::vector<CaseResult> cases;  // in the order of the catalogue
  std::string trouble;  // why the run as a whole failed: not startable, ...
  // kBroken: ours; kCrash, kHang or kLeak: the peer's, outside of any case.
  Verdict trouble_verdict = Verdict::kBroken;
  std::vector<std::string> expectation_errors;  // unmatched or expired entries
  std::chrono::microseconds duration{0};
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_REPORT_RESULT_H_
