// Writes reports to files, and says so when it cannot.
//
// Contract: blocks for the write; a file is complete or the Status is not OK
// (name of the file, why, what to do). Errors: kPermissionDenied, kNotFound,
// kInternal.
#ifndef VUSPEC_HARNESS_REPORT_WRITER_H_
#define VUSPEC_HARNESS_REPORT_WRITER_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "harness/report/result.h"

namespace vuspec {

absl::Status WriteReportFile(const std::string& path, std::string_view text);

// result.json, junit.xml, report.txt, and transcripts/<case>.vu for each case
// that has one. Makes the folder, and its parents, if need be.
absl::Status WriteReportFolder(const std::string& folder, const RunResult& run,
                               std::string_view text_report);

// Whether a report could be written there: asked before a run, which takes
// long. Makes the file, or the folder.
absl::Status CheckReportFile(const std::string& path);
absl::Status CheckReportFolder(const std::string& folder);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_REPORT_WRITER_H_
