#include "harness/report/terminal.h"

#include <unistd.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace vuspec {
namespace {

constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kYellow = "\x1b[33m";
constexpr std::string_view kReset = "\x1b[0m";

std::string_view ColourOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return kGreen;
    case Verdict::kXfail:
    case Verdict::kSkip:
    case Verdict::kAmbig:
      return kYellow;
    default:
      return kRed;
  }
}

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

// Length of the well-formed UTF-8 sequence at the start, 0 if there is none.
// Overlong forms, surrogates and C1 controls are not let through.
std::size_t Utf8Length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  std::size_t length = 0;
  if (lead >= 0xc2 && lead <= 0xdf) length = 2;
  if (lead >= 0xe0 && lead <= 0xef) length = 3;
  if (lead >= 0xf0 && lead <= 0xf4) length = 4;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text[i])) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  if (lead == 0xc2 && second < 0xa0) return 0;
  if (lead == 0xe0 && second < 0xa0) return 0;
  if (lead == 0xed && second >= 0xa0) return 0;
  if (lead == 0xf0 && second < 0x90) return 0;
  if (lead == 0xf4 && second >= 0x90) return 0;
  // U+FFFE and U+FFFF are no XML characters.
  if (lead == 0xef && second == 0xbf &&
      static_cast<unsigned char>(text[2]) >= 0xbe) {
    return 0;
  }
  return length;
}

}  // namespace

Terminal Terminal::ForStream(std::FILE* stream) {
  const char* term = std::getenv("TERM");
  const char* no_color = std::getenv("NO_COLOR");
  Terminal terminal;
  terminal.interactive = ::isatty(::fileno(stream)) == 1 && term != nullptr &&
                         std::string_view(term) != "dumb";
  terminal.colour =
      terminal.interactive && (no_color == nullptr || *no_color == '\0');
  return terminal;
}

std::string Terminal::Paint(Verdict verdict, std::string_view text) const {
  if (!colour) return std::string(text);
  std::string painted(ColourOf(verdict));
  painted.append(text).append(kReset);
  return painted;
}

std::string Printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool plain =
        (byte >= 0x20 && byte < 0x7f) || byte == '\n' || byte == '\t';
    const std::size_t length = plain ? 1 : Utf8Length(text.substr(i));
    if (length == 0) {
      absl::StrAppendFormat(&out, "\\x%02x", byte);
      ++i;
      continue;
    }
    out.append(text.substr(i, length));
    i += length;
  }
  return out;
}

std::string Indent(std::string_view text, std::string_view margin) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    out.append(margin).append(text.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return out;
}

std::string LastLines(std::string_view text, std::size_t count) {
  if (count == 0) return "";
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  std::size_t end = text.size();
  for (; count > 0 && end > 0; --count) {
    const std::size_t feed = text.rfind('\n', end - 1);
    if (feed == std::string_view::npos) return std::string(text);
    end = feed;
  }
  return std::string(count == 0 ? text.substr(end + 1) : text);
}

}  // namespace vuspec
