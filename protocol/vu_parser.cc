// Reading of .vu files; vu_file.cc writes them.
#include <algorithm>
#include <charconv>
#include <limits>

#include "protocol/vu_file.h"
#include "protocol/vu_names.h"

namespace vuspec::protocol {
namespace {

// No zero:COUNT may ask for more; a payload is far smaller.
constexpr std::uint64_t kZeroCountMax = 1 << 16;

std::optional<std::uint64_t> ParseNumber(std::string_view text,
                                         std::uint64_t max) {
  int base = 10;
  if (text.starts_with("0x")) {
    base = 16;
    text.remove_prefix(2);
  }
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc() || stop != end || value > max) return std::nullopt;
  return value;
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Splits at the first `separator`; the rest stays in `text`.
std::string_view Cut(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view head = text.substr(0, at);
  text.remove_prefix(at == text.npos ? text.size() : at + 1);
  return head;
}

std::string_view Trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

// Reads one line. Each Parse... answers what it expected instead, or "".
class LineParser {
 public:
  explicit LineParser(VuFile& file) : file_(file) {}

  std::optional<VuError> Parse(std::string_view line, std::size_t number) {
    const std::string_view body = Trim(Cut(line, '#'));
    if (body.empty()) return std::nullopt;
    rest_ = body;
    const std::string_view expected =
        body.front() == '@' ? ParseContext() : ParseRecord(number, Trim(line));
    if (expected.empty()) return std::nullopt;
    return VuError{number, std::string(token_), std::string(expected)};
  }

 private:
  bool Next() {
    rest_ = Trim(rest_);
    const std::size_t end = rest_.find_first_of(" \t");
    token_ = rest_.substr(0, end);
    rest_.remove_prefix(token_.size());
    return !token_.empty();
  }

  std::string_view ParseContext() {
    Next();
    if (token_ != "@context") return "@context, > or <";
    while (Next()) {
      const auto* found =
          std::ranges::find(kContextNames, token_, &ContextName::name);
      if (found == std::end(kContextNames)) {
        return "xen_mmap, log_shmfd, reply_ack, postcopy or postcopy_ack_due";
      }
      file_.context.*(found->member) = true;
    }
    return {};
  }

  std::string_view ParseRecord(std::size_t number, std::string_view comment) {
    record_ = {};
    record_.line = number;
    record_.comment = std::string(comment);
    size_.reset();
    Next();
    if (token_ != ">" && token_ != "<") return "@context, > or <";
    record_.direction =
        token_ == ">" ? VuDirection::kToBackend : VuDirection::kToFrontend;
    Next();
    if (token_ != "main" && token_ != "backend") return "main or backend";
    record_.channel = token_ == "main" ? Channel::kMain : Channel::kBackend;
    Next();
    if (const auto expected = ParseName(); !expected.empty()) return expected;
    while (Next()) {
      if (const auto expected = ParsePart(); !expected.empty()) return expected;
    }
    if (!record_.raw) {
      record_.header.size =
          size_.value_or(static_cast<std::uint32_t>(record_.payload.size()));
    }
    file_.records.push_back(std::move(record_));
    return {};
  }

  std::string_view ParseName() {
    constexpr std::string_view kExpected =
        "a message of that channel, id=NUMBER or raw";
    record_.header.flags = kVersion;
    if (token_ == "raw" || token_.starts_with("raw=")) {
      record_.raw = true;
      record_.header = {};
      return token_ == "raw" ? std::string_view() : ParseHex(token_.substr(4));
    }
    if (token_.starts_with("id=")) {
      return Store(token_.substr(3), record_.header.request) ? "" : kExpected;
    }
    const MessageSpec* spec = FindMessage(token_);
    if (spec == nullptr || spec->channel != record_.channel) return kExpected;
    record_.header.request = spec->id;
    return {};
  }

  std::string_view ParsePart() {
    constexpr std::string_view kExpected =
        "flags=, size=, fds=, payload=, hex:, u8:, u16:, u32:, u64: or zero:";
    std::string_view value = token_;
    const std::size_t sign = value.find_first_of("=:");
    if (sign == value.npos) return kExpected;
    const std::string_view key = value.substr(0, sign + 1);
    value.remove_prefix(sign + 1);
    if (key == "fds=") return ParseFds(value);
    if (key == "payload=" || key == "hex:") return ParseHex(value);
    if (key == "u8:") return Append<std::uint8_t>(value);
    if (key == "u16:") return Append<std::uint16_t>(value);
    if (key == "u32:") return Append<std::uint32_t>(value);
    if (key == "u64:") return Append<std::uint64_t>(value);
    if (key == "zero:") {
      const auto count = ParseNumber(value, kZeroCountMax);
      if (!count) return "zero:COUNT, at most 65536";
      record_.payload.resize(record_.payload.size() + *count);
      return {};
    }
    if (record_.raw) return "no flags= or size= on a raw line";
    if (key == "flags=") {
      return Store(value, record_.header.flags) ? "" : "flags=NUMBER, 32 bits";
    }
    if (key == "size=") {
      size_.emplace();
      return Store(value, *size_) ? "" : "size=NUMBER, 32 bits";
    }
    return kExpected;
  }

  static bool Store(std::string_view text, std::uint32_t& to) {
    const auto value =
        ParseNumber(text, std::numeric_limits<std::uint32_t>::max());
    if (value) to = static_cast<std::uint32_t>(*value);
    return value.has_value();
  }

  template <typename T>
  std::string_view Append(std::string_view text) {
    const auto number = ParseNumber(text, std::numeric_limits<T>::max());
    if (!number) return "a number that fits, decimal or 0x";
    const T value = static_cast<T>(*number);
    const auto bytes = std::as_bytes(std::span(&value, 1));
    record_.payload.insert(record_.payload.end(), bytes.begin(), bytes.end());
    return {};
  }

  std::string_view ParseHex(std::string_view text) {
    constexpr std::string_view kExpected = "pairs of hex digits";
    if (text.size() % 2 != 0) return kExpected;
    for (std::size_t i = 0; i < text.size(); i += 2) {
      const int high = HexDigit(text[i]);
      const int low = HexDigit(text[i + 1]);
      if (high < 0 || low < 0) return kExpected;
      record_.payload.push_back(static_cast<std::byte>(high * 16 + low));
    }
    return {};
  }

  std::string_view ParseFds(std::string_view text) {
    constexpr std::string_view kExpected =
        "memfd:BYTES, eventfd, pipe, socket or null, with commas between";
    if (text.ends_with(',')) return kExpected;
    do {
      std::string_view size = Cut(text, ',');
      const bool sized = size.find(':') != size.npos;
      const std::string_view name = Cut(size, ':');
      const auto* found = std::ranges::find(kFdNames, name, &FdName::name);
      if (found == std::end(kFdNames)) return kExpected;
      VuFd fd{found->kind, 0};
      if (sized != (fd.kind == VuFd::Kind::kMemfd)) return kExpected;
      if (sized) {
        const auto bytes =
            ParseNumber(size, std::numeric_limits<std::uint64_t>::max());
        if (!bytes) return kExpected;
        fd.size = *bytes;
      }
      record_.fds.push_back(fd);
    } while (!text.empty());
    return {};
  }

  VuFile& file_;
  VuRecord record_;
  std::optional<std::uint32_t> size_;
  std::string_view rest_;
  std::string_view token_;
};

}  // namespace

std::string ToString(const VuError& error) {
  const std::string found =
      error.token.empty() ? "end of line" : "\"" + error.token + "\"";
  return "line " + std::to_string(error.line) + ": " + found + ": expected " +
         error.expected;
}

VuParsed ParseVu(std::string_view text) {
  VuParsed parsed;
  LineParser parser(parsed.file);
  std::size_t number = 0;
  while (!text.empty() && !parsed.error) {
    parsed.error = parser.Parse(Cut(text, '\n'), ++number);
  }
  return parsed;
}

}  // namespace vuspec::protocol
