// Counts the allocations of the test program that links
// allocation_count_for_test.cc, which replaces operator new.
#ifndef VUSPEC_PROTOCOL_ALLOCATION_COUNT_FOR_TEST_H_
#define VUSPEC_PROTOCOL_ALLOCATION_COUNT_FOR_TEST_H_

#include <cstddef>

namespace vuspec::protocol {

// Since the start of the program, by all threads.
std::size_t AllocationCount();

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_ALLOCATION_COUNT_FOR_TEST_H_
