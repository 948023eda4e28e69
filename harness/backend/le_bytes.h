// Little-endian numbers in byte arrays of ours.
//
// Contract: REQUIRES that the number lies within the bytes; not for memory
// that another process may write (harness/memory/shared_access.h).
#ifndef VUSPEC_HARNESS_BACKEND_LE_BYTES_H_
#define VUSPEC_HARNESS_BACKEND_LE_BYTES_H_

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace vuspec {

template <std::unsigned_integral T>
void PutLe(std::span<std::uint8_t> bytes, std::size_t offset, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    bytes[offset + i] = static_cast<std::uint8_t>(value >> (8 * i));
  }
}

template <std::unsigned_integral T>
T GetLe(std::span<const std::byte> bytes, std::size_t offset) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value |= std::to_integer<std::uint64_t>(bytes[offset + i]) << (8 * i);
  }
  return static_cast<T>(value);
}

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_LE_BYTES_H_
