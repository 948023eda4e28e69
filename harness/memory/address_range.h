// A range of guest or user addresses, with arithmetic that cannot overflow.
//
// The peer chooses every number in here, so no sum is formed before it is
// known to fit; a range may end exactly at 2^64.
#ifndef VUSPEC_HARNESS_MEMORY_ADDRESS_RANGE_H_
#define VUSPEC_HARNESS_MEMORY_ADDRESS_RANGE_H_

#include <cstdint>
#include <limits>

namespace vuspec {

struct AddressRange {
  std::uint64_t begin = 0;
  std::uint64_t size = 0;

  bool operator==(const AddressRange&) const = default;

  // True when the last byte would lie above 2^64 - 1.
  constexpr bool Wraps() const {
    return size != 0 &&
           begin > std::numeric_limits<std::uint64_t>::max() - (size - 1);
  }

  // Every byte of [address, address + length) is inside; with length 0 the
  // address itself has to be.
  constexpr bool Contains(std::uint64_t address, std::uint64_t length) const {
    if (address < begin) return false;
    const std::uint64_t offset = address - begin;
    return offset < size && length <= size - offset;
  }

  // REQUIRES: neither wraps.
  constexpr bool Overlaps(const AddressRange& other) const {
    if (size == 0 || other.size == 0) return false;
    return begin <= other.begin ? other.begin - begin < size
                                : begin - other.begin < other.size;
  }
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_MEMORY_ADDRESS_RANGE_H_
