#include "protocol/dump.h"

#include <algorithm>
#include <array>

#include "protocol/codec.h"
#include "protocol/number_text.h"
#include "protocol/wire_fields.h"

namespace vuspec::protocol {
namespace {

void AppendHex(std::string& text, std::span<const std::uint8_t> bytes) {
  constexpr std::size_t kShown = 32;
  constexpr char kDigits[] = "0123456789abcdef";
  for (const std::uint8_t byte : bytes.first(std::min(bytes.size(), kShown))) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0xf];
  }
  if (bytes.size() > kShown) {
    text += "...(" + std::to_string(bytes.size()) + " bytes)";
  }
}

// "name=value" of each field it is called with, a space between them.
class FieldText {
 public:
  explicit FieldText(std::string& text) : text_(text), start_(text.size()) {}

  template <typename Member>
  bool operator()(std::string_view name, const Member& member) {
    if (text_.size() != start_) text_ += ' ';
    text_ += name;
    text_ += '=';
    if constexpr (std::unsigned_integral<Member>) {
      AppendNumber(text_, member);
    } else if constexpr (sizeof(member[0]) == 1) {
      AppendHex(text_, member);
    } else {
      text_ += "[" + std::to_string(member.size()) + " values]";
    }
    return true;
  }

 private:
  std::string& text_;
  const std::size_t start_;
};

template <typename T>
void Append(std::string& text, const T& value) {
  ForEachField(value, FieldText(text));
}

template <typename Region>
void Append(std::string& text, const BasicMemoryTable<Region>& table) {
  ForEachField(table, FieldText(text));
  const std::size_t count =
      std::min<std::size_t>(table.region_count, kMemoryRegionCountMax);
  for (const Region& region : std::span(table.regions).first(count)) {
    text += " {";
    ForEachField(region, FieldText(text));
    text += '}';
  }
}

void Append(std::string& text, const Config& config) {
  ForEachField(config, FieldText(text));
  const std::size_t size = std::min<std::size_t>(config.size, kConfigSizeMax);
  text += " bytes=";
  AppendHex(text, std::span(config.bytes).first(size));
}

void Append(std::string& text, const Opaque& opaque) {
  if (opaque.size == 0) return;
  text += "bytes=";
  AppendHex(text, opaque.travelling());
}

void AppendBody(std::string& text, const Body& body) {
  std::visit([&](const auto& value) { Append(text, value); }, body);
}

// The bytes of a frame that could not be decoded.
void AppendBytes(std::string& text, const Header& header,
                 std::span<const std::byte> payload) {
  text += "size=";
  AppendNumber(text, header.size);
  text += " bytes=";
  std::array<std::uint8_t, 64> shown;
  const std::size_t size = std::min(payload.size(), shown.size());
  ByteReader(payload).ReadBytes(shown.data(), size);
  AppendHex(text, std::span(shown).first(size));
}

// `append_fields` may append nothing.
template <typename AppendFields>
std::string Line(std::string text, std::uint32_t flags, std::size_t fd_count,
                 AppendFields append_fields) {
  if ((flags & kReplyFlag) != 0) text += " reply";
  if ((flags & kNeedReplyFlag) != 0) text += " need_reply";
  if ((flags & kVersionMask) != kVersion || (flags & ~kDefinedFlags) != 0) {
    text += " flags=";
    AppendNumber(text, flags);
  }
  text += ' ';
  const std::size_t start = text.size();
  append_fields(text);
  if (text.size() == start) text.pop_back();
  if (fd_count != 0) text += " fds=" + std::to_string(fd_count);
  return text;
}

std::string TextFor(std::string_view name) {
  std::string text;
  text.reserve(kUsualTextSize);
  text += name;
  return text;
}

}  // namespace

std::string DumpBody(const Body& body) {
  std::string text;
  AppendBody(text, body);
  return text;
}

std::string Dump(const Message& message) {
  return Line(TextFor(message.spec->name), message.flags, message.fd_count,
              [&](std::string& text) { AppendBody(text, message.body); });
}

std::string DumpFrame(Channel channel, const Header& header,
                      std::span<const std::byte> payload, std::size_t fd_count,
                      WireContext context) {
  const MessageSpec* spec = FindMessage(channel, header.request);
  const bool reply = (header.flags & kReplyFlag) != 0;
  std::string name = TextFor(MessageName(channel, header.request));
  if (spec == nullptr) name += " " + std::to_string(header.request);
  return Line(std::move(name), header.flags, fd_count, [&](std::string& text) {
    const std::size_t start = text.size();
    if (spec != nullptr) {
      // An ack and a reply of its own cannot be told apart by the frame alone:
      // eight bytes in answer to a message that is acked are an ack.
      const bool ack = reply && spec->answer != Answer::kReply &&
                       payload.size() == FieldsSize<U64>();
      Payload kind =
          ResolvePayload(reply ? spec->reply : spec->payload, context);
      if (ack) kind = Payload::kU64;
      const auto decoded = DecodeBody(kind, payload, {spec->name, spec->cites});
      if (decoded.ok()) AppendBody(text, *decoded);
    }
    if (text.size() == start && !payload.empty()) {
      AppendBytes(text, header, payload);
    }
  });
}

}  // namespace vuspec::protocol
