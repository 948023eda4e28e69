#include "protocol/violation.h"

#include <cinttypes>
#include <cstdio>

namespace vuspec::protocol {
namespace {

// Small numbers read best in decimal, masks and addresses in hex.
std::string Number(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, value < 4096 ? "%" PRIu64 : "0x%" PRIx64,
                value);
  return text;
}

std::string Expectation(const Violation& v) {
  switch (v.relation) {
    case Relation::kEqual:
      return "expected " + Number(v.expected);
    case Relation::kAtMost:
      return "expected at most " + Number(v.expected);
    case Relation::kAtLeast:
      return "expected at least " + Number(v.expected);
    case Relation::kBelow:
      return "expected less than " + Number(v.expected);
    case Relation::kOnlyBits:
      return "expected no bits outside " + Number(v.expected);
    case Relation::kHasBits:
      return "expected all bits of " + Number(v.expected);
    case Relation::kPowerOfTwo:
      return "expected a power of two up to " + Number(v.expected);
    case Relation::kMultipleOf:
      return "expected a multiple of " + Number(v.expected);
    case Relation::kNotAllowedNow:
      return "not allowed in this state";
  }
  return "?";
}

}  // namespace

std::string ToString(const Violation& v) {
  std::string text(v.subject);
  text += ": ";
  text += v.field;
  if (v.relation != Relation::kNotAllowedNow) {
    text += " at offset " + Number(v.offset) + " = " + Number(v.actual);
  }
  text += ", " + Expectation(v) + " (";
  text += Describe(v.req).id;
  text += ")";
  return text;
}

}  // namespace vuspec::protocol
