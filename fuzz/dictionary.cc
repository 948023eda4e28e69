#include "fuzz/dictionary.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "protocol/codec.h"
#include "protocol/header.h"
#include "protocol/limits.h"
#include "protocol/message_spec.h"

namespace vuspec::fuzz {
namespace {

using protocol::Channel;
using protocol::MessageSpec;

constexpr std::string_view kNote =
    "# Made by make_dictionary from the message table: do not edit.\n";

std::string Entry(std::string_view name, std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(name);
  text += "=\"";
  for (const std::byte byte : bytes) {
    text += "\\x";
    text += kDigits[std::to_integer<std::size_t>(byte >> 4)];
    text += kDigits[std::to_integer<std::size_t>(byte & std::byte{0xf})];
  }
  return text + "\"\n";
}

std::string HeaderEntry(std::string_view name, std::uint32_t id,
                        std::uint32_t flags, protocol::Payload payload) {
  const protocol::Payload kind = ResolvePayload(payload, {});
  const auto size =
      static_cast<std::uint32_t>(protocol::PayloadSizes(kind).min);
  return Entry(name, protocol::EncodeHeader({id, flags, size}));
}

template <typename T>
std::string NumberEntry(std::string_view name, T value) {
  std::array<std::byte, sizeof value> bytes;
  std::memcpy(bytes.data(), &value, sizeof value);
  return Entry(name, bytes);
}

std::string RowEntries(const MessageSpec& spec) {
  const std::string name(spec.name);
  return HeaderEntry(name, spec.id, protocol::kVersion, spec.payload) +
         HeaderEntry(name + "_need_reply", spec.id,
                     protocol::kVersion | protocol::kNeedReplyFlag,
                     spec.payload) +
         HeaderEntry(name + "_reply", spec.id,
                     protocol::kVersion | protocol::kReplyFlag, spec.reply);
}

std::string Word(std::string_view word) {
  return "\"" + std::string(word) + "\"\n";
}

}  // namespace

std::string MessageDictionary() {
  std::string text(kNote);
  for (const Channel channel : {Channel::kMain, Channel::kBackend}) {
    for (const MessageSpec& spec : AllMessages(channel)) {
      text += RowEntries(spec);
    }
  }
  text += NumberEntry("payload_size_max",
                      static_cast<std::uint32_t>(protocol::kPayloadSizeMax));
  text +=
      NumberEntry("payload_size_above",
                  static_cast<std::uint32_t>(protocol::kPayloadSizeMax + 1));
  text += NumberEntry("vring_size_max", protocol::kVringSizeMax);
  text += NumberEntry("no_fd_bit", std::uint64_t{0x100});
  text += NumberEntry("every_bit", ~std::uint64_t{0});
  text += NumberEntry("protocol_features", protocol::kDefinedProtocolFeatures);
  text += NumberEntry(
      "bit_30", protocol::Mask(protocol::VirtioFeature::PROTOCOL_FEATURES));
  return text;
}

std::string VuDictionary() {
  std::string text(kNote);
  for (const Channel channel : {Channel::kMain, Channel::kBackend}) {
    for (const MessageSpec& spec : AllMessages(channel))
      text += Word(spec.name);
  }
  for (const std::string_view word : {"@context",
                                      " xen_mmap",
                                      " log_shmfd",
                                      " reply_ack",
                                      " postcopy",
                                      " postcopy_ack_due",
                                      "> main ",
                                      "< main ",
                                      "> backend ",
                                      "< backend ",
                                      " raw",
                                      " raw=",
                                      " id=",
                                      " flags=0x",
                                      " size=",
                                      " fds=",
                                      "memfd:",
                                      "eventfd",
                                      "pipe",
                                      "socket",
                                      "null",
                                      " u8:",
                                      " u16:",
                                      " u32:",
                                      " u64:",
                                      " payload=",
                                      " hex:",
                                      " zero:",
                                      "0x",
                                      "4294967295",
                                      "18446744073709551615"}) {
    text += Word(word);
  }
  return text;
}

}  // namespace vuspec::fuzz
