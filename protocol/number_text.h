// What the texts that this room makes have in common: how numbers look, and
// how long a text is.
//
// Internal to the protocol room: used by dump.cc and violation.cc.
#ifndef VUSPEC_PROTOCOL_NUMBER_TEXT_H_
#define VUSPEC_PROTOCOL_NUMBER_TEXT_H_

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>

namespace vuspec::protocol {

// What most texts fit into, so that they are allocated once.
inline constexpr std::size_t kUsualTextSize = 192;

// Small numbers read best in decimal, masks and addresses in hex.
inline void AppendNumber(std::string& text, std::uint64_t value) {
  const bool decimal = value < 4096;
  if (!decimal) text += "0x";
  char digits[16];
  const auto end =
      std::to_chars(digits, std::end(digits), value, decimal ? 10 : 16).ptr;
  text.append(digits, end);
}

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_NUMBER_TEXT_H_
