// Descriptors that a peer has no use for, and that tell when it let go of them.
//
// All are copies of the write end of one pipe: its read end hangs up when the
// last of them is closed, wherever they are.
//
// Contract: a Bait that cannot be made ends the case. Released() waits for at
// most one answer budget, and only for a peer that keeps a copy.
#ifndef VUSPEC_CONFORMANCE_KIT_BAIT_H_
#define VUSPEC_CONFORMANCE_KIT_BAIT_H_

#include <cstddef>
#include <span>
#include <vector>

#include "harness/transport/event_fd.h"

namespace vuspec {

class Bait {
 public:
  explicit Bait(std::size_t count = 1);

  // To be sent; `count` times the same descriptor.
  std::span<const int> fds() const { return fds_; }
  int fd() const { return pipe_.write_fd(); }

  // Closes ours, and tells whether nobody else holds one.
  // REQUIRES: nothing is sent any more.
  bool Released();

 private:
  Pipe pipe_;
  std::vector<int> fds_;
};

// Descriptors that cannot be mapped as guest memory.
enum class FdKind { kPipe, kSocket, kNullDevice, kDirectory, kReadOnlyFile };
UniqueFd OpenOfKind(FdKind kind);

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_KIT_BAIT_H_
