// Fuzzes both sides of the split ring against a hostile other side, whose hand
// in the shared memory moves between any two loads. See split_ring_run.h.
#include <array>

#include "fuzz/operations.h"
#include "fuzz/property.h"
#include "fuzz/record_mutator.h"
#include "fuzz/split_ring_run.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  vuspec::fuzz::CheckSplitRingInput({data, size});
  return 0;
}

#ifdef VU_FUZZ_WITH_MUTATOR
#include "harness/ring/split_device.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size,
                                        std::size_t size_max);

namespace {

constexpr auto Kinds() {
  std::array<std::uint8_t, vuspec::fuzz::kRingStepCount> kinds{};
  for (std::uint8_t i = 0; i < kinds.size(); ++i) kinds[i] = i;
  return kinds;
}

constexpr auto kKinds = Kinds();

}  // namespace

// Without the hook of the loads half of this fuzzer would be asleep, silently.
extern "C" int LLVMFuzzerInitialize(int*, char***) {
  vuspec::fuzz::RingArena arena(4);
  const auto device =
      vuspec::SplitDevice::Create(arena, arena, arena.ring_addresses(), 4, {});
  VU_PROPERTY(device.ok() && arena.load_count() > 0, "loads are seen");
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data,
                                               std::size_t size,
                                               std::size_t size_max,
                                               unsigned seed) {
  return vuspec::fuzz::MutateRecords({vuspec::fuzz::kSplitRingHeadSize, kKinds},
                                     LLVMFuzzerMutate, data, size, size_max,
                                     seed);
}
#endif
