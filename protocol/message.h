// A whole message, decoded: what the validator makes of a frame, what the
// session model judges, what the front-end and the mock exchange.
//
// Descriptors are only counted here; whoever owns the socket owns them.
#ifndef VUSPEC_PROTOCOL_MESSAGE_H_
#define VUSPEC_PROTOCOL_MESSAGE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "protocol/header.h"
#include "protocol/message_spec.h"
#include "protocol/payloads.h"

namespace vuspec::protocol {

struct Message {
  const MessageSpec* spec = nullptr;  // static storage; never null once made
  std::uint32_t flags = kVersion;
  Body body = Empty{};
  std::size_t fd_count = 0;

  bool is_reply() const { return (flags & kReplyFlag) != 0; }
  bool need_reply() const { return (flags & kNeedReplyFlag) != 0; }
};

inline Message MakeRequest(Request request, Body body = Empty{},
                           std::size_t fd_count = 0) {
  return {&Spec(request), kVersion, std::move(body), fd_count};
}

inline Message MakeRequest(BackendRequest request, Body body = Empty{},
                           std::size_t fd_count = 0) {
  return {&Spec(request), kVersion, std::move(body), fd_count};
}

// An answer to `request`; `body` is a U64 when it is an ack.
inline Message MakeReply(const Message& request, Body body,
                         std::size_t fd_count = 0) {
  return {request.spec, kVersion | kReplyFlag, std::move(body), fd_count};
}

// The vring that the message names, if its kind names one. The low byte for
// kick, call and err payloads, the whole 32 bits elsewhere.
std::optional<std::uint32_t> RingIndex(const Message& message);

// Bit 8 of the kick, call, err and host notifier payloads: no descriptor.
inline constexpr std::uint64_t kNoFdBit = std::uint64_t{1} << 8;

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_MESSAGE_H_
