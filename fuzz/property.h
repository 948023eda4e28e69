// VU_PROPERTY: ends the run when something that must hold for every input does
// not.
//
// The name is what a finding is known by; the self-tests expect it.
#ifndef VUSPEC_FUZZ_PROPERTY_H_
#define VUSPEC_FUZZ_PROPERTY_H_

#include <cstdio>
#include <cstdlib>

#define VU_PROPERTY(condition, name)                                      \
  do {                                                                    \
    if (!(condition)) {                                                   \
      std::fprintf(stderr, "%s:%d: property broken: %s (%s)\n", __FILE__, \
                   __LINE__, name, #condition);                           \
      std::abort();                                                       \
    }                                                                     \
  } while (false)

#endif  // VUSPEC_FUZZ_PROPERTY_H_
