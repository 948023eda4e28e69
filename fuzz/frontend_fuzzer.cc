// Fuzzes the Frontend: any operations, in any order, against a back-end that
// answers anything, in memory. See frontend_input.h and operations.h for the
// input and frontend_run.h for what must hold.
#include <array>

#include "fuzz/frontend_run.h"
#include "fuzz/record_mutator.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  vuspec::fuzz::CheckFrontendInput({data, size});
  return 0;
}

#ifdef VU_FUZZ_WITH_MUTATOR
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size,
                                        std::size_t size_max);

namespace {

using vuspec::fuzz::kDeliveryBit;
using vuspec::fuzz::kDeliveryCount;
using vuspec::fuzz::kFrontendOperationCount;

constexpr auto Kinds() {
  std::array<std::uint8_t, kFrontendOperationCount + kDeliveryCount> kinds{};
  std::uint8_t at = 0;
  for (; at < kFrontendOperationCount; ++at) kinds[at] = at;
  for (std::uint8_t i = 0; i < kDeliveryCount; ++i, ++at) {
    kinds[at] = static_cast<std::uint8_t>(kDeliveryBit | i);
  }
  return kinds;
}

constexpr auto kKinds = Kinds();

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data,
                                               std::size_t size,
                                               std::size_t size_max,
                                               unsigned seed) {
  return vuspec::fuzz::MutateRecords({vuspec::fuzz::kFrontendHeadSize, kKinds},
                                     LLVMFuzzerMutate, data, size, size_max,
                                     seed);
}
#endif
