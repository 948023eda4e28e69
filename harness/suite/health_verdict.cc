#include "harness/suite/health_verdict.h"

namespace vuspec {

Verdict VerdictOf(const PeerHealth& health) {
  using Kind = PeerHealth::Verdict;
  switch (health.verdict) {
    case Kind::kFine:
      return Verdict::kPass;
    case Kind::kUnexpectedExit:
    case Kind::kCrashed:
    case Kind::kMemoryLimit:
      return Verdict::kCrash;
    case Kind::kSanitizer:
      return health.report.has_value() &&
                     health.report->kind == ReportKind::kLeakSanitizer
                 ? Verdict::kLeak
                 : Verdict::kCrash;
    case Kind::kCpuLimit:
    case Kind::kDidNotExit:
      return Verdict::kHang;
  }
  return Verdict::kCrash;
}

std::string ReasonOf(const PeerHealth& health) {
  if (health.ok()) return "";
  if (!health.detail.empty()) return health.detail;
  return std::string(ToString(health.verdict));
}

}  // namespace vuspec
