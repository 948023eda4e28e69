// SIGINT and SIGTERM as something to poll for.
//
// Contract: takes both signals over while it lives and restores what was
// there; one object at a time. Does not restart system calls of this process.
#ifndef VUSPEC_HARNESS_SUITE_INTERRUPTS_H_
#define VUSPEC_HARNESS_SUITE_INTERRUPTS_H_

#include <signal.h>

#include "harness/transport/unique_fd.h"

namespace vuspec {

class Interrupts {
 public:
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  // Readable once a signal has come.
  int PollFd() const { return read_end_.get(); }

  // The number of signals since the last call.
  int Take();

 private:
  UniqueFd read_end_;
  UniqueFd write_end_;
  struct sigaction old_int_ = {};
  struct sigaction old_term_ = {};
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_SUITE_INTERRUPTS_H_
