// What holds for every Violation, whoever found it.
#ifndef VUSPEC_FUZZ_VIOLATION_PROPERTIES_H_
#define VUSPEC_FUZZ_VIOLATION_PROPERTIES_H_

#include "protocol/violation.h"

namespace vuspec::fuzz {

// It cites a requirement, names subject and field, and what it says is true:
// `actual` really is not related to `expected` as it should be.
void CheckViolation(const protocol::Violation& violation);

}  // namespace vuspec::fuzz

#endif  // VUSPEC_FUZZ_VIOLATION_PROPERTIES_H_
