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
    case Relation::kCutOff:
    case Relation::kNotOffered:
    case Relation::kNotNegotiated:
      break;  // these say it without numbers to compare
  }
  return "?";
}

std::string Finding(const Violation& v) {
  std::string where;
  if (v.offset != 0) where = " at offset " + Number(v.offset);
  switch (v.relation) {
    case Relation::kNotAllowedNow:
      return ", not allowed in this state";
    case Relation::kCutOff:
      return where + " is cut off: " + Number(v.actual) + " bytes, needed " +
             Number(v.expected);
    case Relation::kNotOffered:
      return " is not offered";
    case Relation::kNotNegotiated:
      return " is not negotiated";
    default:
      return where + " = " + Number(v.actual) + ", " + Expectation(v);
  }
}

}  // namespace

std::string ToString(const Violation& v) {
  std::string text(v.subject);
  text += ": ";
  text += v.field;
  text += Finding(v) + " (";
  text += Describe(v.req).id;
  text += ")";
  return text;
}

}  // namespace vuspec::protocol
