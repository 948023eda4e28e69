// Before each load of the ring code (compiled with trace-loads, see
// CMakeLists.txt) the peer may change what is loaded: single-threaded, so that
// a finding replays.
#include "fuzz/ring_arena.h"

#define VU_FUZZ_LOAD_HOOK(size)                                     \
  extern "C" void __sanitizer_cov_load##size(const void* address);  \
  extern "C" void __sanitizer_cov_load##size(const void* address) { \
    vuspec::fuzz::RingArena::OnLoad(address);                       \
  }

VU_FUZZ_LOAD_HOOK(1)
VU_FUZZ_LOAD_HOOK(2)
VU_FUZZ_LOAD_HOOK(4)
VU_FUZZ_LOAD_HOOK(8)
VU_FUZZ_LOAD_HOOK(16)
