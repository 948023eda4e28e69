// Short words for raw exchanges.
//
// Contract: each waits for at most one answer budget of the run, and only a
// peer that is silent or hangs lets it wait so long.
#ifndef VUSPEC_CONFORMANCE_KIT_RAW_VERBS_H_
#define VUSPEC_CONFORMANCE_KIT_RAW_VERBS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/frontend/outcome.h"
#include "harness/frontend/raw_frontend.h"
#include "harness/suite/context.h"
#include "harness/transport/connection.h"
#include "protocol/message.h"

namespace vuspec {

inline constexpr std::uint32_t kAsking =
    protocol::kVersion | protocol::kNeedReplyFlag;

inline protocol::Header HeaderOf(protocol::Request request,
                                 std::uint32_t flags = protocol::kVersion,
                                 std::size_t size = 0) {
  return {static_cast<std::uint32_t>(request), flags,
          static_cast<std::uint32_t>(size)};
}

// The index of the last ring that the peer has; without MQ it has one for sure.
inline std::uint32_t LastRing() {
  const std::uint64_t count = CurrentRun().probe().queue_count;
  return static_cast<std::uint32_t>(std::max<std::uint64_t>(count, 1)) - 1;
}

// How many rings may exist. Where a network device is asked, queues may be
// pairs (docs/ambiguities.md, AMB-queue-count).
inline std::uint32_t RingCount() {
  return (LastRing() + 1) * (CurrentRun().device() == "net" ? 2 : 1);
}

// The message with need_reply set.
inline protocol::Message Asking(protocol::Message message) {
  message.flags |= protocol::kNeedReplyFlag;
  return message;
}

// Header and payload with a fence behind them.
inline Outcome Ask(RawFrontend& raw, const protocol::Header& header,
                   std::span<const std::byte> payload = {},
                   std::span<const int> fds = {}) {
  return raw.Exchange(header, payload, fds, CurrentRun().ForAnswer());
}

inline Outcome Ask(RawFrontend& raw, const protocol::Message& message,
                   std::span<const int> fds = {},
                   const HeaderOverride& instead = {}) {
  return raw.Exchange(message, fds, CurrentRun().ForAnswer(), instead);
}

// The message as bytes, for writes that are cut or joined.
std::vector<std::byte> BytesOf(const protocol::Message& message);
std::vector<std::byte> BytesOf(const protocol::Header& header);

// A message that ends inside, or whose size nobody sends: ends our direction
// behind it, so that the peer has to let go of the connection at once.
Outcome SendAndHalfClose(RawFrontend& raw, const protocol::Header& header,
                         std::span<const std::byte> payload,
                         std::span<const int> fds = {});

// Until the peer has read every byte that was sent, so that it has seen a
// message that is incomplete.
void AwaitRead(RawFrontend& raw);

// Each byte in a write of its own, when the one before has been read.
void SendByteByByte(RawFrontend& raw, std::span<const std::byte> bytes);

// The next messages of the peer: their request numbers, until `count` came or
// none does.
std::vector<std::uint32_t> ReceiveRequestNumbers(RawFrontend& raw, int count);

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_KIT_RAW_VERBS_H_
