// What the tests of the protocol room share: seeds, random bodies, frames, and
// a Framer fed in several ways.
#ifndef VUSPEC_PROTOCOL_TEST_SUPPORT_H_
#define VUSPEC_PROTOCOL_TEST_SUPPORT_H_

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iostream>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "protocol/codec.h"
#include "protocol/framer.h"
#include "protocol/message.h"

namespace vuspec::protocol {

using Rng = std::mt19937_64;

// VUSPEC_SEED replays a run; the seed is printed with every failure.
inline std::uint64_t TestSeed() {
  static const std::uint64_t seed = [] {
    const char* given = std::getenv("VUSPEC_SEED");
    const std::uint64_t value =
        given != nullptr ? std::stoull(given) : std::random_device()();
    std::cout << "VUSPEC_SEED=" << value << "\n";
    return value;
  }();
  return seed;
}

inline std::vector<Payload> ConcretePayloads() {
  std::vector<Payload> kinds;
  for (std::size_t i = 0; i < std::variant_size_v<Body>; ++i) {
    kinds.push_back(static_cast<Payload>(i));
  }
  return kinds;
}

inline std::vector<std::byte> RandomBytes(std::size_t size, Rng& rng) {
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(rng());
  return bytes;
}

inline std::vector<const MessageSpec*> AllRows() {
  std::vector<const MessageSpec*> rows;
  for (const Channel channel : {Channel::kMain, Channel::kBackend}) {
    for (const MessageSpec& spec : AllMessages(channel)) rows.push_back(&spec);
  }
  return rows;
}

// Bytes that decode as `kind`: random, but with counts that agree.
inline std::vector<std::byte> RandomPayload(Payload kind, Rng& rng) {
  const SizeRange sizes = PayloadSizes(kind);
  const auto put = [](std::vector<std::byte>& to, std::size_t at,
                      std::uint32_t value) {
    std::memcpy(to.data() + at, &value, sizeof value);
  };
  if (kind == Payload::kMemoryTable || kind == Payload::kXenMemoryTable) {
    const std::size_t region = (sizes.max - sizes.min) / kMemoryRegionCountMax;
    const std::size_t count = rng() % (kMemoryRegionCountMax + 1);
    auto bytes = RandomBytes(sizes.min + count * region, rng);
    put(bytes, 0, static_cast<std::uint32_t>(count));
    return bytes;
  }
  if (kind == Payload::kConfig) {
    const std::size_t count = rng() % (kConfigSizeMax + 1);
    auto bytes = RandomBytes(sizes.min + count, rng);
    put(bytes, 4, static_cast<std::uint32_t>(count));
    return bytes;
  }
  if (kind == Payload::kOpaque) return RandomBytes(rng() % 100, rng);
  return RandomBytes(sizes.max, rng);
}

inline std::vector<std::byte> Encoded(const Body& body) {
  std::vector<std::byte> bytes(EncodedSize(body));
  EXPECT_EQ(EncodeBody(body, bytes), bytes.size());
  return bytes;
}

inline Frame FrameOf(std::uint32_t request, std::uint32_t flags,
                     std::span<const std::byte> payload, std::size_t fd_count) {
  return {{request, flags, static_cast<std::uint32_t>(payload.size())},
          payload,
          fd_count};
}

inline std::vector<std::byte> WireBytes(const Frame& frame) {
  const HeaderBytes head = EncodeHeader(frame.header);
  std::vector<std::byte> bytes(head.begin(), head.end());
  bytes.insert(bytes.end(), frame.payload.begin(), frame.payload.end());
  return bytes;
}

// As many descriptors as the row wants for that body.
inline std::size_t FdsFor(const MessageSpec& spec, const Body& body,
                          WireContext context) {
  switch (spec.fds.rule) {
    case FdRule::kCount:
      return spec.fds.min;
    case FdRule::kOnePerRegion:
      if (const auto* table = std::get_if<MemoryTable>(&body)) {
        return table->region_count;
      }
      return std::get<XenMemoryTable>(body).region_count;
    case FdRule::kOneWithLogShmfd:
      return context.log_shmfd ? 1 : 0;
    case FdRule::kBit8MeansNone:
      break;
  }
  const auto* u64 = std::get_if<U64>(&body);
  const std::uint64_t value =
      u64 != nullptr ? u64->value : std::get<VringArea>(body).index;
  return (value & kNoFdBit) != 0 ? 0 : 1;
}

// What a Framer made of a stream.
struct Heard {
  std::vector<Header> headers;
  std::vector<std::vector<std::byte>> payloads;
  std::vector<std::size_t> fd_counts;
  std::optional<Violation> violation;
  bool mid_message = false;

  bool operator==(const Heard&) const = default;
};

// Feeds `stream` cut into the sizes that `next` answers; 0 is an empty chunk.
// Descriptors (fd_at[i] of them at offset i) come with their byte's chunk.
Heard Hear(std::span<const std::byte> stream,
           const std::vector<std::size_t>& fd_at,
           const std::function<std::size_t()>& next);

// Hears the stream whole, bytewise, alternating 0 and 1, and in random cuts,
// expects the same every time, and returns it.
Heard HearSeveralWays(std::span<const std::byte> stream,
                      const std::vector<std::size_t>& fd_at = {});

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_TEST_SUPPORT_H_
