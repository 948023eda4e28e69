// A run of the program, as CI starts it, and what it leaves behind.
#ifndef VUSPEC_CONFORMANCE_PROGRAM_WHOLE_PROGRAM_H_
#define VUSPEC_CONFORMANCE_PROGRAM_WHOLE_PROGRAM_H_

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "harness/cli/program.h"
#include "harness/report/report_examples.h"
#include "nlohmann/json.hpp"

namespace vuspec {

// After each run nothing may be left: no process, since orphans of the run
// become children of the test; no file, in a TMPDIR of its own. Descriptors
// are measured by their limit: a run receives far more than it may hold. What
// the sanitizers have to say at the end of a worker would be on standard
// error.
class WholeProgram : public testing::Test {
 protected:
  static constexpr int kDescriptorLimit = 400;

  WholeProgram();

  // With --json in `arguments`, and the folder for it.
  Ended Run(std::vector<std::string> arguments) const;
  // `vuspec run CASES... OPTIONS... -- vuspec serve --fault FAULT`.
  Ended RunAgainst(const std::string& fault,
                   const std::vector<std::string>& cases_and_options) const;
  static std::vector<std::string> ServeWith(const std::string& fault);

  // Of the last run; every case that was selected is accounted for.
  nlohmann::json Report() const;
  void ExpectNothingLeft() const;

  std::string tmpdir() const { return folder_.path() + "/tmp"; }
  std::string report_path() const { return folder_.path() + "/result.json"; }

  const TempFolder folder_;
};

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_PROGRAM_WHOLE_PROGRAM_H_
