// How a peer process fares, as data for the verdict of a case.
//
// Contract: plain data and a pure judgement; nothing blocks.
#ifndef VUSPEC_HARNESS_PEER_HEALTH_H_
#define VUSPEC_HARNESS_PEER_HEALTH_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "harness/peer/sanitizer.h"

namespace vuspec {

struct ExitStatus {
  bool signalled = false;
  int code = 0;  // exit code, or the signal

  bool Clean() const { return !signalled && code == 0; }
  // "exit code 1", "signal 11 (Segmentation fault)"
  std::string ToString() const;
};

struct PeerHealth {
  enum class State { kNotOwned, kNotRunning, kAlive, kExited, kSignalled };
  enum class Verdict {
    kFine,
    kUnexpectedExit,  // exited by itself where it should have stayed, or
                      // with a code other than 0: a refusal or a fault
    kCrashed,         // a signal, a panic, a failed assertion
    kSanitizer,       // a sanitizer reported
    kMemoryLimit,
    kCpuLimit,
    kDidNotExit,  // promised to exit after a disconnect, and stayed
  };

  State state = State::kNotOwned;
  Verdict verdict = Verdict::kFine;
  std::optional<ExitStatus> exit;     // of the life that the verdict is about
  std::optional<CrashReport> report;  // what it wrote about the trouble
  std::string detail;                 // one sentence, "" when fine
  int restart_count = 0;              // over the life of the Peer

  bool ok() const { return verdict == Verdict::kFine; }
};

std::string_view ToString(PeerHealth::Verdict verdict);

// What is known about a life that ended.
struct Ending {
  ExitStatus exit;
  bool may_exit = false;  // exit 0 is part of its life
  bool memory_watch_fired = false;
  bool memory_is_limited = false;
  std::uint64_t memory_mib = 0;  // the limit
  std::uint64_t cpu_ms = 0;      // used
  std::uint64_t cpu_limit_ms = 0;
  std::string output;  // the end of what it wrote
};

// REQUIRES: nobody asked the process to end.
PeerHealth JudgeEnding(const Ending& ending);

// For a process that runs, or was told to end: only its output speaks.
PeerHealth JudgeOutput(const std::string& output);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_PEER_HEALTH_H_
