// Runs one GoogleTest test at a time in this process, and makes a CaseResult
// of what its assertions and its CaseRecorder say.
//
// Contract: for worker processes only; takes over GoogleTest's listeners and
// flags for good (nothing is printed, sharding is off, fatal failures throw
// testing::AssertionException). Not thread-safe. Blocks as long as the case.
#ifndef VUSPEC_HARNESS_SUITE_ENGINE_H_
#define VUSPEC_HARNESS_SUITE_ENGINE_H_

#include <memory>
#include <string>

#include "harness/report/result.h"

namespace vuspec {

class CaseListener;

class Engine {
 public:
  Engine();
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // BROKEN when GoogleTest has no test of that name.
  // REQUIRES: a ScopedRun is up.
  CaseResult Run(const std::string& id);

 private:
  CaseListener* listener_;  // GoogleTest's
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_SUITE_ENGINE_H_
