// Runs of every shape, and the means to check reports, for the tests.
#ifndef VUSPEC_HARNESS_REPORT_REPORT_EXAMPLES_H_
#define VUSPEC_HARNESS_REPORT_REPORT_EXAMPLES_H_

#include <string>

#include "harness/report/result.h"

namespace vuspec {

// A result with every field filled.
CaseResult ExampleCase(const std::string& id, Verdict verdict);

// One case of each verdict, text of the peer that is hostile to reports.
RunResult EveryVerdict();

// A run without a blemish: passes, a skip, an ambiguity.
RunResult GoodRun();

// A run of one case of this verdict.
RunResult RunOfOne(Verdict verdict);

// Runs a shell command; output (both streams) and exit status.
struct CommandResult {
  int status = -1;
  std::string output;
};
CommandResult RunCommand(const std::string& command);

// A fresh folder, removed at destruction.
class TempFolder {
 public:
  TempFolder();
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const std::string& path() const { return path_; }
  // Writes `text` to a file in it; its path.
  std::string Write(const std::string& name, const std::string& text) const;

 private:
  std::string path_;
};

std::string ReadFile(const std::string& path);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_REPORT_REPORT_EXAMPLES_H_
