// VU_CHECK: aborts with a message when vuspec itself is wrong.
//
// Never for what a peer or the system does: those are Violations and Statuses.
#ifndef VUSPEC_HARNESS_TRANSPORT_CHECK_H_
#define VUSPEC_HARNESS_TRANSPORT_CHECK_H_

#include <cstdio>
#include <cstdlib>

#define VU_CHECK(condition, message)                                      \
  do {                                                                    \
    if (!(condition)) {                                                   \
      std::fprintf(stderr, "%s:%d: vuspec is wrong: %s (%s)\n", __FILE__, \
                   __LINE__, message, #condition);                        \
      std::abort();                                                       \
    }                                                                     \
  } while (false)

#endif  // VUSPEC_HARNESS_TRANSPORT_CHECK_H_
