// Finds what a dying or complaining process wrote about itself.
//
// Contract: pure functions over text; nothing blocks.
#ifndef VUSPEC_HARNESS_PEER_SANITIZER_H_
#define VUSPEC_HARNESS_PEER_SANITIZER_H_

#include <optional>
#include <string>
#include <string_view>

namespace vuspec {

enum class ReportKind {
  kAddressSanitizer,
  kLeakSanitizer,
  kThreadSanitizer,
  kMemorySanitizer,
  kUndefinedBehavior,
  kRustPanic,
  kAssertion,    // assert(3), glib, abort with a reason
  kOutOfMemory,  // an allocation failed
};

struct CrashReport {
  ReportKind kind = ReportKind::kAssertion;
  std::string text;  // from the line that names the trouble, a dozen lines

  // True for the reports of the five sanitizers.
  bool IsSanitizer() const { return kind <= ReportKind::kUndefinedBehavior; }
};

std::string_view ToString(ReportKind kind);

// The first report in `text`, or nullopt.
std::optional<CrashReport> FindCrashReport(const std::string& text);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_PEER_SANITIZER_H_
