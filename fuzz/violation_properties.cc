#include "fuzz/violation_properties.h"

#include <bit>

#include "fuzz/property.h"

namespace vuspec::fuzz {
namespace {

using protocol::Relation;

// Whether expected and actual are in the relation after all.
bool Holds(const protocol::Violation& violation) {
  const std::uint64_t expected = violation.expected;
  const std::uint64_t actual = violation.actual;
  switch (violation.relation) {
    case Relation::kEqual:
      return actual == expected;
    case Relation::kAtMost:
      return actual <= expected;
    case Relation::kAtLeast:
      return actual >= expected;
    case Relation::kBelow:
      return actual < expected;
    case Relation::kOnlyBits:
      return (actual & ~expected) == 0;
    case Relation::kHasBits:
      return (actual & expected) == expected;
    case Relation::kPowerOfTwo:
      return std::has_single_bit(actual) && actual <= expected;
    case Relation::kMultipleOf:
      return expected != 0 && actual % expected == 0;
    case Relation::kCutOff:
      return actual >= expected;
    case Relation::kNotAllowedNow:
    case Relation::kNotOffered:
    case Relation::kNotNegotiated:
      return false;
  }
  return true;
}

}  // namespace

void CheckViolation(const protocol::Violation& violation) {
  VU_PROPERTY(!protocol::Describe(violation.req).id.empty(),
              "a violation cites a requirement");
  VU_PROPERTY(!violation.subject.empty(), "a violation has a subject");
  VU_PROPERTY(!violation.field.empty(), "a violation names a field");
  VU_PROPERTY(!Holds(violation), "a violation is true");
}

}  // namespace vuspec::fuzz
