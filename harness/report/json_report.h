// The run as JSON: the contract with other programs (docs/result.schema.json),
// and one case as JSON, which workers send to the runner.
//
// Contract: pure; text that is not UTF-8 is made printable. The schema number
// changes when a reader of the old one would misread the new one; fields may
// be added without that.
#ifndef VUSPEC_HARNESS_REPORT_JSON_REPORT_H_
#define VUSPEC_HARNESS_REPORT_JSON_REPORT_H_

#include <string>

#include "absl/status/statusor.h"
#include "harness/report/result.h"

namespace vuspec {

inline constexpr int kResultSchemaVersion = 1;

std::string JsonReport(const RunResult& run);

// DecodeCaseResult(EncodeCaseResult(x)) == x, but for unprintable bytes.
// Errors of decoding: kInvalidArgument.
std::string EncodeCaseResult(const CaseResult& result);
absl::StatusOr<CaseResult> DecodeCaseResult(const std::string& text);

std::string EncodeProbeResult(const ProbeResult& probe);
absl::StatusOr<ProbeResult> DecodeProbeResult(const std::string& text);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_REPORT_JSON_REPORT_H_
