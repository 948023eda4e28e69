// What a peer did wrong: the product of this program.
//
// A Violation is plain data (no allocation, trivially copyable), so the parser
// can make millions of them; ToString makes the text, and only when asked:
//   GET_VRING_BASE reply: index at offset 12 = 3, expected 0 (GBASE-01)
// Tests compare `req`, never the text.
#ifndef VUSPEC_PROTOCOL_VIOLATION_H_
#define VUSPEC_PROTOCOL_VIOLATION_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/requirement.h"

namespace vuspec::protocol {

// How `actual` should have related to `expected`.
enum class Relation : std::uint8_t {
  kEqual,          // actual == expected
  kAtMost,         // actual <= expected
  kAtLeast,        // actual >= expected
  kBelow,          // actual < expected
  kOnlyBits,       // (actual & ~expected) == 0
  kHasBits,        // (actual & expected) == expected
  kPowerOfTwo,     // a power of two, at most expected
  kMultipleOf,     // actual % expected == 0
  kNotAllowedNow,  // the state of the session forbids it; see `req`
  kCutOff,         // the field lies past the end: actual bytes, expected needed
  kNotOffered,     // field names the feature, actual is its mask
  kNotNegotiated   // field names the feature, actual is its mask
};

struct Violation {
  Req req = Req::HDR_01;
  // Name of the message or object ("GET_VRING_BASE reply", "split ring");
  // static storage.
  std::string_view subject;
  // Field of the table that describes the object; static storage.
  std::string_view field;
  std::uint32_t offset = 0;  // bytes from the start of the message or object
  Relation relation = Relation::kEqual;
  std::uint64_t expected = 0;
  std::uint64_t actual = 0;

  bool operator==(const Violation&) const = default;
};

std::string ToString(const Violation& violation);

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_VIOLATION_H_
