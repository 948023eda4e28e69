#include "harness/peer/health.h"

#include <signal.h>
#include <string.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace vuspec {
namespace {

using Verdict = PeerHealth::Verdict;

std::string FirstLine(const CrashReport& report) {
  return report.text.substr(0, report.text.find('\n'));
}

Verdict VerdictOf(const CrashReport& report) {
  return report.IsSanitizer() ? Verdict::kSanitizer : Verdict::kCrashed;
}

bool OverCpuLimit(const Ending& ending) {
  if (ending.cpu_limit_ms == 0 || !ending.exit.signalled) return false;
  return ending.exit.code == SIGXCPU ||
         (ending.exit.code == SIGKILL && ending.cpu_ms >= ending.cpu_limit_ms);
}

bool FoundNoMemory(const std::optional<CrashReport>& report) {
  return report && report->kind == ReportKind::kOutOfMemory;
}

// A program that exits by itself for want of memory has coped; the run-time of
// a sanitizer, which exits for it, has not asked it.
bool HasCoped(const Ending& ending, const std::optional<CrashReport>& report) {
  return FoundNoMemory(report) && !ending.exit.signalled &&
         report->text.find("Sanitizer") == std::string::npos;
}

// An allocation that fails under the limit shows in words only: the process
// never held what it asked for.
bool OverMemoryLimit(const Ending& ending,
                     const std::optional<CrashReport>& report) {
  if (ending.memory_watch_fired) return true;
  return ending.memory_is_limited && !ending.exit.Clean() &&
         FoundNoMemory(report);
}

}  // namespace

std::string ExitStatus::ToString() const {
  if (!signalled) return absl::StrCat("exit code ", code);
  const char* description = ::sigdescr_np(code);
  return absl::StrCat("signal ", code, " (",
                      description != nullptr ? description : "unknown", ")");
}

std::string_view ToString(PeerHealth::Verdict verdict) {
  switch (verdict) {
    case Verdict::kFine:
      return "fine";
    case Verdict::kUnexpectedExit:
      return "unexpected exit";
    case Verdict::kCrashed:
      return "crashed";
    case Verdict::kSanitizer:
      return "sanitizer report";
    case Verdict::kMemoryLimit:
      return "memory limit";
    case Verdict::kCpuLimit:
      return "CPU limit";
    case Verdict::kDidNotExit:
      return "did not exit";
  }
  return "?";
}

PeerHealth JudgeOutput(const std::string& output) {
  PeerHealth health;
  health.state = PeerHealth::State::kAlive;
  health.report = FindCrashReport(output);
  if (FoundNoMemory(health.report)) {
    // A program may survive an allocation that failed, and say so.
    health.report.reset();
  }
  if (!health.report) return health;
  health.verdict = VerdictOf(*health.report);
  health.detail =
      absl::StrCat("the peer reported: ", FirstLine(*health.report));
  return health;
}

PeerHealth JudgeEnding(const Ending& ending) {
  PeerHealth health;
  health.state = ending.exit.signalled ? PeerHealth::State::kSignalled
                                       : PeerHealth::State::kExited;
  health.exit = ending.exit;
  health.report = FindCrashReport(ending.output);
  if (HasCoped(ending, health.report)) health.report.reset();
  const std::string end = ending.exit.ToString();
  if (OverMemoryLimit(ending, health.report)) {
    health.verdict = Verdict::kMemoryLimit;
    health.detail = absl::StrCat("the peer hit its memory limit of ",
                                 ending.memory_mib, " MiB: ", end);
  } else if (OverCpuLimit(ending)) {
    health.verdict = Verdict::kCpuLimit;
    health.detail = absl::StrCat("the peer used up its CPU limit of ",
                                 ending.cpu_limit_ms / 1000, " s: ", end);
  } else if (health.report && !ending.exit.Clean()) {
    health.verdict = VerdictOf(*health.report);
    health.detail = absl::StrCat("the peer ended with ", end, ": ",
                                 FirstLine(*health.report));
  } else if (health.report && health.report->IsSanitizer()) {
    health.verdict = Verdict::kSanitizer;
    health.detail =
        absl::StrCat("the peer reported: ", FirstLine(*health.report));
  } else if (ending.exit.signalled) {
    health.verdict = Verdict::kCrashed;
    health.detail = absl::StrCat("the peer was killed by ", end);
  } else if (!ending.exit.Clean() || !ending.may_exit) {
    health.verdict = Verdict::kUnexpectedExit;
    health.detail = absl::StrCat("the peer ended with ", end);
  }
  return health;
}

}  // namespace vuspec
