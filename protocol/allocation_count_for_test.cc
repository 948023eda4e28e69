#include "protocol/allocation_count_for_test.h"

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::size_t> g_count = 0;
}

// A file of its own: inlined beside a caller, g++ takes malloc and free here
// for a mismatched pair.
void* operator new(std::size_t size) {
  ++g_count;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace vuspec::protocol {

std::size_t AllocationCount() { return g_count; }

}  // namespace vuspec::protocol
