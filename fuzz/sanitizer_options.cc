// What AddressSanitizer does less of in the fuzzers, so that they run faster:
// a fuzzer allocates little, but does so very often. The stack of a bad access
// is still whole; only those of allocations are short.
extern "C" const char* __asan_default_options();

extern "C" const char* __asan_default_options() {
  return "malloc_context_size=1:max_malloc_fill_size=0:quarantine_size_mb=2";
}
