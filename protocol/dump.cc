#include "protocol/dump.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>

#include "protocol/codec.h"
#include "protocol/wire_fields.h"

namespace vuspec::protocol {
namespace {

std::string Text(std::uint64_t value) {
  char text[24];
  std::snprintf(text, sizeof text, value < 4096 ? "%" PRIu64 : "0x%" PRIx64,
                value);
  return text;
}

std::string Hex(std::span<const std::uint8_t> bytes) {
  constexpr std::size_t kShown = 32;
  std::string text;
  for (const std::uint8_t byte : bytes.first(std::min(bytes.size(), kShown))) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", byte);
    text += digits;
  }
  if (bytes.size() > kShown) {
    text += "...(" + std::to_string(bytes.size()) + " bytes)";
  }
  return text;
}

class FieldText {
 public:
  template <typename Member>
  bool operator()(std::string_view name, const Member& member) {
    if (!text_.empty()) text_ += ' ';
    text_ += name;
    text_ += '=';
    if constexpr (std::unsigned_integral<Member>) {
      text_ += Text(member);
    } else if constexpr (sizeof(member[0]) == 1) {
      text_ += Hex(member);
    } else {
      text_ += "[" + std::to_string(member.size()) + " values]";
    }
    return true;
  }
  std::string& text() { return text_; }

 private:
  std::string text_;
};

template <typename T>
void Append(FieldText& out, const T& value) {
  ForEachField(value, out);
}

template <typename Region>
void Append(FieldText& out, const BasicMemoryTable<Region>& table) {
  ForEachField(table, out);
  const std::size_t count =
      std::min<std::size_t>(table.region_count, kMemoryRegionCountMax);
  for (const Region& region : std::span(table.regions).first(count)) {
    out.text() += " {";
    FieldText inner;
    ForEachField(region, inner);
    out.text() += inner.text() + "}";
  }
}

void Append(FieldText& out, const Config& config) {
  ForEachField(config, out);
  const std::size_t size = std::min<std::size_t>(config.size, kConfigSizeMax);
  out.text() += " bytes=" + Hex(std::span(config.bytes).first(size));
}

void Append(FieldText& out, const Opaque& opaque) {
  const std::size_t size = std::min<std::size_t>(opaque.size, kOpaqueSizeMax);
  if (size == 0) return;
  out.text() += "bytes=" + Hex(std::span(opaque.bytes).first(size));
}

std::string Line(std::string_view name, std::uint32_t flags,
                 const std::string& body, std::size_t fd_count) {
  std::string text(name);
  if ((flags & kReplyFlag) != 0) text += " reply";
  if ((flags & kNeedReplyFlag) != 0) text += " need_reply";
  if ((flags & kVersionMask) != kVersion || (flags & ~kDefinedFlags) != 0) {
    text += " flags=" + Text(flags);
  }
  if (!body.empty()) text += " " + body;
  if (fd_count != 0) text += " fds=" + std::to_string(fd_count);
  return text;
}

}  // namespace

std::string DumpBody(const Body& body) {
  FieldText out;
  std::visit([&](const auto& value) { Append(out, value); }, body);
  return std::move(out.text());
}

std::string Dump(const Message& message) {
  return Line(message.spec->name, message.flags, DumpBody(message.body),
              message.fd_count);
}

std::string DumpFrame(Channel channel, const Header& header,
                      std::span<const std::byte> payload, std::size_t fd_count,
                      WireContext context) {
  const MessageSpec* spec = FindMessage(channel, header.request);
  const bool reply = (header.flags & kReplyFlag) != 0;
  std::string name(MessageName(channel, header.request));
  if (spec == nullptr) name += " " + std::to_string(header.request);
  std::string body;
  if (spec != nullptr) {
    // An ack and a reply of its own cannot be told apart by the frame alone:
    // eight bytes in answer to a message that is acked are an ack.
    const bool ack = reply && spec->answer != Answer::kReply &&
                     payload.size() == FieldsSize<U64>();
    Payload kind = ResolvePayload(reply ? spec->reply : spec->payload, context);
    if (ack) kind = Payload::kU64;
    Result<Body> decoded = DecodeBody(kind, payload, {name, spec->cites});
    if (decoded.ok()) body = DumpBody(*decoded);
  }
  if (body.empty() && !payload.empty()) {
    body = "size=" + Text(header.size) + " bytes=";
    std::array<std::uint8_t, 64> shown{};
    const std::size_t size = std::min(payload.size(), shown.size());
    ByteReader(payload).ReadBytes(shown.data(), size);
    body += Hex(std::span(shown).first(size));
  }
  return Line(name, header.flags, body, fd_count);
}

}  // namespace vuspec::protocol
