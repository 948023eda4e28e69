#include "protocol/violation.h"

#include "protocol/number_text.h"

namespace vuspec::protocol {
namespace {

// What stands before the number that was expected; empty for those that say it
// without numbers to compare.
std::string_view Expectation(Relation relation) {
  switch (relation) {
    case Relation::kEqual:
      return "expected ";
    case Relation::kAtMost:
      return "expected at most ";
    case Relation::kAtLeast:
      return "expected at least ";
    case Relation::kBelow:
      return "expected less than ";
    case Relation::kOnlyBits:
      return "expected no bits outside ";
    case Relation::kHasBits:
      return "expected all bits of ";
    case Relation::kPowerOfTwo:
      return "expected a power of two up to ";
    case Relation::kMultipleOf:
      return "expected a multiple of ";
    case Relation::kNotAllowedNow:
    case Relation::kCutOff:
    case Relation::kNotOffered:
    case Relation::kNotNegotiated:
      break;
  }
  return "";
}

void AppendOffset(std::string& text, const Violation& v) {
  if (v.offset == 0) return;
  text += " at offset ";
  AppendNumber(text, v.offset);
}

void AppendFinding(std::string& text, const Violation& v) {
  switch (v.relation) {
    case Relation::kNotAllowedNow:
      text += ", not allowed in this state";
      return;
    case Relation::kCutOff:
      AppendOffset(text, v);
      text += " is cut off: ";
      AppendNumber(text, v.actual);
      text += " bytes, needed ";
      AppendNumber(text, v.expected);
      return;
    case Relation::kNotOffered:
      text += " is not offered";
      return;
    case Relation::kNotNegotiated:
      text += " is not negotiated";
      return;
    default:
      AppendOffset(text, v);
      text += " = ";
      AppendNumber(text, v.actual);
      text += ", ";
      text += Expectation(v.relation);
      AppendNumber(text, v.expected);
  }
}

}  // namespace

std::string ToString(const Violation& v) {
  std::string text;
  text.reserve(kUsualTextSize);
  text += v.subject;
  text += ": ";
  text += v.field;
  AppendFinding(text, v);
  text += " (";
  text += Describe(v.req).id;
  text += ')';
  return text;
}

}  // namespace vuspec::protocol
