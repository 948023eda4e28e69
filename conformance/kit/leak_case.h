// A case that repeats what may leak, and counts closely.
#ifndef VUSPEC_CONFORMANCE_KIT_LEAK_CASE_H_
#define VUSPEC_CONFORMANCE_KIT_LEAK_CASE_H_

#include <optional>

#include "conformance/kit/fixture.h"

namespace vuspec {

class LeakCase : public ConformanceCase {
 protected:
  static constexpr int kRepetitions = 64;

  // What the peer holds with no session open, after one that warmed it up.
  std::optional<ResourceUse> Idle();
  // Against an earlier answer of Idle(), with no session open.
  void ExpectNoMoreThan(const ResourceUse& before);
};

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_KIT_LEAK_CASE_H_
