// What the tests of this room share: a peer whose answers are written before
// they are asked for, so that no test needs a thread. Test code only.
#ifndef VUSPEC_HARNESS_FRONTEND_TEST_SUPPORT_H_
#define VUSPEC_HARNESS_FRONTEND_TEST_SUPPORT_H_

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "harness/frontend/frontend.h"
#include "harness/transport/test_support.h"
#include "harness/transport/unix_socket.h"

namespace vuspec {

// "0100 0000" to bytes; spaces are for the reader.
inline std::string FromHex(std::string_view hex) {
  std::string digits;
  std::string bytes;
  for (const char c : hex) {
    if (c != ' ') digits += c;
  }
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes += static_cast<char>(
        std::strtoul(digits.substr(i, 2).c_str(), nullptr, 16));
  }
  return bytes;
}

inline std::string ToHex(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x",
                  static_cast<unsigned>(static_cast<unsigned char>(c)));
    hex += digits;
  }
  return hex;
}

inline std::string WithoutSpaces(std::string_view hex) {
  return ToHex(FromHex(hex));
}

inline std::string Little(std::uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) {
    text += static_cast<char>((value >> (8 * i)) & 0xff);
  }
  return text;
}

inline std::string RawMessage(std::uint32_t request, std::uint32_t flags,
                              std::string_view payload) {
  return Little(request, 4) + Little(flags, 4) + Little(payload.size(), 4) +
         std::string(payload);
}

inline std::string ReplyBytes(std::uint32_t request, std::string_view payload) {
  return RawMessage(request, 0x5, payload);
}

inline std::string U64Reply(std::uint32_t request, std::uint64_t value) {
  return ReplyBytes(request, Little(value, 8));
}

// No acks, and deadlines that a test that passes never reaches.
inline FrontendOptions Quiet() {
  FrontendOptions options;
  options.deadline = std::chrono::seconds(30);
  options.acks = Acks::kNever;
  options.device = protocol::DeviceKind::kGpu;
  return options;
}

// For tests in which the deadline is the point.
inline FrontendOptions Impatient() {
  FrontendOptions options = Quiet();
  options.deadline = std::chrono::milliseconds(5);
  return options;
}

class ScriptedPeer {
 public:
  explicit ScriptedPeer(FrontendOptions options = Quiet()) {
    auto pair = SocketPair();
    EXPECT_TRUE(pair.ok());
    frontend_ = std::make_unique<Frontend>(std::move(pair->first), options);
    channel_ = std::move(pair->second);
  }

  Frontend& frontend() { return *frontend_; }
  UnixChannel& channel() { return *channel_; }

  // Written at once, read when the front-end waits for it.
  void Says(std::string_view bytes, std::size_t fd_count = 0) {
    const NullFds fds(fd_count);
    EXPECT_TRUE(channel_->Send(Bytes(bytes), fds.numbers(), Soon()).ok());
  }

  // All that arrived since, in hex; its descriptors are kept.
  std::string Heard() {
    std::string heard;
    std::vector<std::byte> buffer(65536);
    for (;;) {
      const auto size = channel_->Receive(buffer, heard_fds_, Deadline::Now());
      if (!size.ok() || *size == 0) return ToHex(heard);
      heard += Text(std::span(buffer).first(*size));
    }
  }
  std::vector<UniqueFd>& heard_fds() { return heard_fds_; }

  void Leaves() { channel_.reset(); }

  // Negotiates all that is offered, and forgets what was said.
  void Negotiates(std::uint64_t virtio, std::uint64_t protocol_features,
                  bool acks = false) {
    Says(U64Reply(1, virtio));
    Says(U64Reply(15, protocol_features));
    if (acks) Says(U64Reply(2, 0));
    const auto negotiated = frontend_->Negotiate(~0ull, ~0ull);
    EXPECT_TRUE(negotiated.ok()) << negotiated.Describe();
    Heard();
  }

 private:
  std::unique_ptr<Frontend> frontend_;
  std::unique_ptr<UnixChannel> channel_;
  std::vector<UniqueFd> heard_fds_;
};

// LOG_ALL, bit 30, VERSION_1, ACCESS_PLATFORM, and the MTU of a net device.
inline constexpr std::uint64_t kAllVirtio = 0x3'4400'0008;
// All defined but XEN_MMAP and GPA_ADDRESSES, which change layouts.
inline constexpr std::uint64_t kAllProtocol = 0x5d'ffff;

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_FRONTEND_TEST_SUPPORT_H_
