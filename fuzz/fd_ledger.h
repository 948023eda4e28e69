// Sees descriptors that are not closed, or closed twice.
//
// Scripts hand out tokens: numbers that no kernel gives, so that they cost no
// system call. What uses them is linked with --wrap=close, and so closing one
// comes to the ledger. Descriptors that the code under test opens itself are
// the kernel's; one that stays open raises the lowest number that is free.
//
// Contract: one ledger at a time, in one thread.
#ifndef VUSPEC_FUZZ_FD_LEDGER_H_
#define VUSPEC_FUZZ_FD_LEDGER_H_

#include "harness/transport/unique_fd.h"

namespace vuspec::fuzz {

// A descriptor to lend, for the life of the process.
int NullFd();

// One to give away. REQUIRES: there is a ledger.
UniqueFd NewToken();

class FdLedger {
 public:
  FdLedger();

  // Aborts if anything is open that was not before.
  void Check() const;

 private:
  const int lowest_;
};

}  // namespace vuspec::fuzz

#endif  // VUSPEC_FUZZ_FD_LEDGER_H_
