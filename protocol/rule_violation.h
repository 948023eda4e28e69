// How the rules of the session model word what they find.
//
// Internal to the protocol room: used by the session_*_rules.cc files.
#ifndef VUSPEC_PROTOCOL_RULE_VIOLATION_H_
#define VUSPEC_PROTOCOL_RULE_VIOLATION_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "protocol/header.h"
#include "protocol/message.h"
#include "protocol/violation.h"

namespace vuspec::protocol::rules {

// Where a field lies, for the Violation: its offset in the whole message.
struct At {
  std::string_view field;
  std::uint32_t offset;
};

// The n-th byte of the payload.
constexpr std::uint32_t Byte(std::uint32_t n) {
  return static_cast<std::uint32_t>(kHeaderSize) + n;
}

inline constexpr At kValue{"value", Byte(0)};
inline constexpr At kIndex{"index", Byte(0)};
inline constexpr At kNum{"num", Byte(4)};

inline Violation Wrong(const Message& message, Req req, At at,
                       Relation relation, std::uint64_t expected,
                       std::uint64_t actual) {
  const std::string_view subject =
      message.is_reply() ? message.spec->reply_name : message.spec->name;
  return {req, subject, at.field, at.offset, relation, expected, actual};
}

inline Violation NotNow(const Message& message, Req req, std::string_view why,
                        std::uint64_t actual = 0) {
  return Wrong(message, req, {why, 0}, Relation::kNotAllowedNow, 0, actual);
}

inline std::optional<Violation> OnlyBits(const Message& message, Req req, At at,
                                         std::uint64_t allowed,
                                         std::uint64_t actual) {
  if ((actual & ~allowed) == 0) return std::nullopt;
  return Wrong(message, req, at, Relation::kOnlyBits, allowed, actual);
}

inline std::optional<Violation> AtMost(const Message& message, Req req, At at,
                                       std::uint64_t limit,
                                       std::uint64_t actual) {
  if (actual <= limit) return std::nullopt;
  return Wrong(message, req, at, Relation::kAtMost, limit, actual);
}

inline std::optional<Violation> Equal(const Message& message, Req req, At at,
                                      std::uint64_t expected,
                                      std::uint64_t actual) {
  if (actual == expected) return std::nullopt;
  return Wrong(message, req, at, Relation::kEqual, expected, actual);
}

// The value of a u64 payload; 0 for any other.
inline std::uint64_t ValueOf(const Message& message) {
  const auto* u64 = std::get_if<U64>(&message.body);
  return u64 == nullptr ? 0 : u64->value;
}

}  // namespace vuspec::protocol::rules

#endif  // VUSPEC_PROTOCOL_RULE_VIOLATION_H_
