// Making, filling and comparing buffers that the device shares with us.
#ifndef VUSPEC_HARNESS_DEVICE_BUFFERS_H_
#define VUSPEC_HARNESS_DEVICE_BUFFERS_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "harness/device/device_driver.h"
#include "harness/memory/guest_memory.h"
#include "harness/ring/split_driver.h"
#include "protocol/violation.h"

namespace vuspec {

// Little-endian integers in a byte buffer, as virtio lays its structures out.
void PutLe16(std::span<std::byte> bytes, std::size_t offset, std::uint16_t v);
void PutLe32(std::span<std::byte> bytes, std::size_t offset, std::uint32_t v);
void PutLe64(std::span<std::byte> bytes, std::size_t offset, std::uint64_t v);
std::uint16_t GetLe16(std::span<const std::byte> bytes, std::size_t offset);
std::uint32_t GetLe32(std::span<const std::byte> bytes, std::size_t offset);
std::uint64_t GetLe64(std::span<const std::byte> bytes, std::size_t offset);

// Bytes that differ for every seed and repeat with no power of two.
void FillPattern(std::span<std::byte> bytes, std::uint64_t seed);

// The first byte in which `actual` differs, as a violation of `req`.
std::optional<protocol::Violation> ComparePattern(
    std::span<const std::byte> actual, std::uint64_t seed, protocol::Req req,
    std::string_view subject, std::string_view field);

inline Segment Readable(const GuestBuffer& buffer) {
  return {buffer.guest_address, static_cast<std::uint32_t>(buffer.bytes.size()),
          false};
}
inline Segment Writable(const GuestBuffer& buffer) {
  return {buffer.guest_address, static_cast<std::uint32_t>(buffer.bytes.size()),
          true};
}

// A new buffer that the device is to fill, posted on `queue`.
Reply<GuestBuffer> PostWritable(IoPort& port, std::uint32_t queue,
                                std::size_t size);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_DEVICE_BUFFERS_H_
