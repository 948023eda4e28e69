// What keeps a case from being asked of the peer of this run.
#ifndef VUSPEC_CONFORMANCE_KIT_UNMET_NEEDS_H_
#define VUSPEC_CONFORMANCE_KIT_UNMET_NEEDS_H_

#include <optional>
#include <string>

#include "harness/suite/catalog.h"

namespace vuspec {

struct UnmetNeed {
  std::string text;      // names the feature, the device, ...
  bool claimed = false;  // the manifest says that the peer has it
};

// The first of `needs` that the peer of CurrentRun() does not meet.
std::optional<UnmetNeed> FindUnmetNeed(const Needs& needs);

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_KIT_UNMET_NEEDS_H_
