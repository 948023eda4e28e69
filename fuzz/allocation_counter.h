// Counts the allocations of this process, for code that promises none.
//
// Linking allocation_counter.cc replaces operator new, so it works in every
// build, with and without sanitizers.
#ifndef VUSPEC_FUZZ_ALLOCATION_COUNTER_H_
#define VUSPEC_FUZZ_ALLOCATION_COUNTER_H_

#include <cstdint>

namespace vuspec::fuzz {

// By operator new, of the calling thread, so far.
std::uint64_t AllocationCount();

}  // namespace vuspec::fuzz

#endif  // VUSPEC_FUZZ_ALLOCATION_COUNTER_H_
