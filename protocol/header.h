// The 12-byte header that every message and every reply starts with.
//
// Spec: "Message Specification" > "Header": request, flags, size.
#ifndef VUSPEC_PROTOCOL_HEADER_H_
#define VUSPEC_PROTOCOL_HEADER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace vuspec::protocol {

struct Header {
  std::uint32_t request = 0;
  std::uint32_t flags = 0;
  std::uint32_t size = 0;  // bytes of payload that follow

  bool operator==(const Header&) const = default;
};

inline constexpr std::size_t kHeaderSize = 12;

inline constexpr std::uint32_t kVersionMask = 0x3;
inline constexpr std::uint32_t kVersion = 0x1;
inline constexpr std::uint32_t kReplyFlag = 0x4;
inline constexpr std::uint32_t kNeedReplyFlag = 0x8;
inline constexpr std::uint32_t kDefinedFlags =
    kVersionMask | kReplyFlag | kNeedReplyFlag;

using HeaderBytes = std::array<std::byte, kHeaderSize>;

// Any 12 bytes are a header; the validator judges it.
Header DecodeHeader(std::span<const std::byte, kHeaderSize> bytes);
HeaderBytes EncodeHeader(const Header& header);

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_HEADER_H_
