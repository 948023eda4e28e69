// What an input of framer_fuzzer says, read and written.
//
//   count   u8   number of cuts, at most kCutCountMax
//   cut     u8 size, u8 descriptors; per cut: a chunk of so many bytes (0 is
//           256) that brings so many descriptors with its first byte
//   stream  the rest; what the cuts leave of it comes in one chunk
#ifndef VUSPEC_FUZZ_FRAMER_INPUT_H_
#define VUSPEC_FUZZ_FRAMER_INPUT_H_

#include <array>
#include <cstdint>
#include <vector>

#include "fuzz/input.h"

namespace vuspec::fuzz {

struct Cut {
  std::size_t size = 0;
  std::size_t fd_count = 0;
};

struct FramerInput {
  static constexpr std::size_t kCutCountMax = 32;

  std::array<Cut, kCutCountMax> cuts = {};
  std::size_t cut_count = 0;
  Bytes stream = {};
};

inline FramerInput ReadFramerInput(Bytes bytes) {
  Input input(bytes);
  FramerInput read;
  read.cut_count = input.Take<std::uint8_t>() % (FramerInput::kCutCountMax + 1);
  for (std::size_t i = 0; i < read.cut_count; ++i) {
    const auto size = input.Take<std::uint8_t>();
    read.cuts[i] = {size == 0 ? std::size_t{256} : size,
                    input.Take<std::uint8_t>()};
  }
  read.stream = input.TakeRest();
  return read;
}

// REQUIRES: at most kCutCountMax cuts, each of 1 to 256 bytes.
inline std::vector<std::uint8_t> WriteFramerInput(std::span<const Cut> cuts,
                                                  Bytes stream) {
  std::vector<std::uint8_t> bytes = {static_cast<std::uint8_t>(cuts.size())};
  for (const Cut& cut : cuts) {
    bytes.push_back(static_cast<std::uint8_t>(cut.size));
    bytes.push_back(static_cast<std::uint8_t>(cut.fd_count));
  }
  bytes.insert(bytes.end(), stream.begin(), stream.end());
  return bytes;
}

}  // namespace vuspec::fuzz

#endif  // VUSPEC_FUZZ_FRAMER_INPUT_H_
