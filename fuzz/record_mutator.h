// Mutates inputs that are lists of records: half of the time as records, half
// of the time as bytes.
//
// Contract: the seed decides everything, so that a run can be repeated; the
// result is never longer than `size_max`. Mutating only records would never
// break their frames, and mutating only bytes seldom keeps them.
#ifndef VUSPEC_FUZZ_RECORD_MUTATOR_H_
#define VUSPEC_FUZZ_RECORD_MUTATOR_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace vuspec::fuzz {

// Changes up to `size_max` bytes at `data`, of which `size` are used; returns
// the new size. LLVMFuzzerMutate is one.
using ByteMutator = std::size_t (*)(std::uint8_t* data, std::size_t size,
                                    std::size_t size_max);

struct RecordGrammar {
  // Bytes before the first record.
  std::size_t head_size = 0;
  // The kinds that mean something different.
  std::span<const std::uint8_t> kinds = {};
};

std::size_t MutateRecords(const RecordGrammar& grammar, ByteMutator mutate,
                          std::uint8_t* data, std::size_t size,
                          std::size_t size_max, unsigned seed);

}  // namespace vuspec::fuzz

#endif  // VUSPEC_FUZZ_RECORD_MUTATOR_H_
