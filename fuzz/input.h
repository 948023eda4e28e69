// Takes numbers and pieces off the front of a fuzz input.
//
// Contract: borrows the bytes. Past their end everything is zero and every
// piece is empty, so that each input means something and a shorter one means
// less.
#ifndef VUSPEC_FUZZ_INPUT_H_
#define VUSPEC_FUZZ_INPUT_H_

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace vuspec::fuzz {

using Bytes = std::span<const std::uint8_t>;

class Input {
 public:
  explicit Input(Bytes bytes) : rest_(bytes) {}

  bool empty() const { return rest_.empty(); }

  template <std::unsigned_integral T>
  T Take() {
    T value = 0;
    const Bytes piece = TakeBytes(sizeof value);
    if (!piece.empty()) std::memcpy(&value, piece.data(), piece.size());
    return value;
  }

  Bytes TakeBytes(std::size_t size) {
    const Bytes piece = rest_.first(std::min(size, rest_.size()));
    rest_ = rest_.subspan(piece.size());
    return piece;
  }

  Bytes TakeRest() { return TakeBytes(rest_.size()); }

 private:
  Bytes rest_;
};

}  // namespace vuspec::fuzz

#endif  // VUSPEC_FUZZ_INPUT_H_
