// An input as a list of records: what the fuzzers that run a story read, what
// the mutator changes and what the seed maker writes.
//
//   record  u8 kind, u8 size, then so many bytes
//
// Contract: borrows the bytes. Every input is a list; the last record may be
// shorter than it says, and what comes after kRecordCountMax is not read.
#ifndef VUSPEC_FUZZ_RECORDS_H_
#define VUSPEC_FUZZ_RECORDS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "fuzz/input.h"

namespace vuspec::fuzz {

struct Record {
  std::uint8_t kind = 0;
  Bytes payload = {};
};

inline constexpr std::size_t kRecordCountMax = 16;
inline constexpr std::size_t kRecordSizeMax = 255;

class Records {
 public:
  explicit Records(Bytes bytes) {
    Input input(bytes);
    while (!input.empty() && count_ < kRecordCountMax) {
      const auto kind = input.Take<std::uint8_t>();
      records_[count_++] = {kind, input.TakeBytes(input.Take<std::uint8_t>())};
    }
  }

  std::span<const Record> all() const {
    return std::span(records_).first(count_);
  }

 private:
  std::array<Record, kRecordCountMax> records_;
  std::size_t count_ = 0;
};

// REQUIRES: payload.size() <= kRecordSizeMax.
inline void AppendRecord(std::vector<std::uint8_t>& input, std::uint8_t kind,
                         Bytes payload) {
  input.push_back(kind);
  input.push_back(static_cast<std::uint8_t>(payload.size()));
  input.insert(input.end(), payload.begin(), payload.end());
}

}  // namespace vuspec::fuzz

#endif  // VUSPEC_FUZZ_RECORDS_H_
