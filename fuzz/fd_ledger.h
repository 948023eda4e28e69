// Sees descriptors that were opened and not closed, at the price of two system
// calls: the lowest free number rises.
#ifndef VUSPEC_FUZZ_FD_LEDGER_H_
#define VUSPEC_FUZZ_FD_LEDGER_H_

#include <fcntl.h>

#include "fuzz/property.h"
#include "harness/transport/unique_fd.h"

namespace vuspec::fuzz {

// A descriptor to lend and to copy, for the life of the process.
inline int NullFd() {
  static const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return null.get();
}

class FdLedger {
 public:
  FdLedger() : lowest_(LowestFree()) {}

  void Check() const {
    VU_PROPERTY(LowestFree() == lowest_, "no descriptor is leaked");
  }

 private:
  static int LowestFree() {
    return UniqueFd(::fcntl(NullFd(), F_DUPFD_CLOEXEC, 0)).get();
  }

  const int lowest_;
};

}  // namespace vuspec::fuzz

#endif  // VUSPEC_FUZZ_FD_LEDGER_H_
