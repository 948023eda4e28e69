#include "harness/device/buffers.h"

#include <array>
#include <vector>

#include "harness/memory/shared_access.h"

namespace vuspec {
namespace {

template <typename T>
void PutLe(std::span<std::byte> bytes, std::size_t offset, T value) {
  std::array<std::byte, sizeof(T)> raw;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    raw[i] = static_cast<std::byte>(value >> (8 * i));
  }
  CopyOut(bytes.subspan(offset, sizeof(T)).data(), raw);
}

template <typename T>
T GetLe(std::span<const std::byte> bytes, std::size_t offset) {
  std::array<std::byte, sizeof(T)> raw;
  CopyIn(raw, bytes.subspan(offset, sizeof(T)).data());
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value |=
        static_cast<T>(T{std::to_integer<std::uint8_t>(raw[i])} << (8 * i));
  }
  return value;
}

std::byte PatternByte(std::uint64_t seed, std::size_t index) {
  const std::uint64_t mixed =
      (seed + 1) * 0x9e3779b97f4a7c15u + (index % 251) * 0x5851f42d4c957f2du;
  return static_cast<std::byte>(mixed >> 56);
}

}  // namespace

void PutLe16(std::span<std::byte> bytes, std::size_t offset, std::uint16_t v) {
  PutLe(bytes, offset, v);
}
void PutLe32(std::span<std::byte> bytes, std::size_t offset, std::uint32_t v) {
  PutLe(bytes, offset, v);
}
void PutLe64(std::span<std::byte> bytes, std::size_t offset, std::uint64_t v) {
  PutLe(bytes, offset, v);
}
std::uint16_t GetLe16(std::span<const std::byte> bytes, std::size_t offset) {
  return GetLe<std::uint16_t>(bytes, offset);
}
std::uint32_t GetLe32(std::span<const std::byte> bytes, std::size_t offset) {
  return GetLe<std::uint32_t>(bytes, offset);
}
std::uint64_t GetLe64(std::span<const std::byte> bytes, std::size_t offset) {
  return GetLe<std::uint64_t>(bytes, offset);
}

void FillPattern(std::span<std::byte> bytes, std::uint64_t seed) {
  std::vector<std::byte> pattern(bytes.size());
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    pattern[i] = PatternByte(seed, i);
  }
  CopyOut(bytes.data(), pattern);
}

std::optional<protocol::Violation> ComparePattern(
    std::span<const std::byte> actual, std::uint64_t seed, protocol::Req req,
    std::string_view subject, std::string_view field) {
  std::vector<std::byte> bytes(actual.size());
  CopyIn(bytes, actual.data());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::byte expected = PatternByte(seed, i);
    if (bytes[i] == expected) continue;
    return protocol::Violation{
        .req = req,
        .subject = subject,
        .field = field,
        .offset = static_cast<std::uint32_t>(i),
        .relation = protocol::Relation::kEqual,
        .expected = std::to_integer<std::uint64_t>(expected),
        .actual = std::to_integer<std::uint64_t>(bytes[i])};
  }
  return std::nullopt;
}

Reply<GuestBuffer> PostWritable(IoPort& port, std::uint32_t queue,
                                std::size_t size) {
  auto buffer = port.memory().Allocate(size, 16);
  if (!buffer.ok()) return Failure(buffer.status());
  const Segment segment = Writable(*buffer);
  if (auto posted = port.Post(queue, std::span(&segment, 1)); !posted.ok()) {
    return posted.failure();
  }
  return *buffer;
}

}  // namespace vuspec
