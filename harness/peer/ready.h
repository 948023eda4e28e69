// Learns that a back-end listens, without connecting to it.
//
// A probing connection would use up the only one that some back-ends accept.
// So: inotify says that the socket file appeared, and /proc/net/unix says
// that its socket is in LISTEN (flag __SO_ACCEPTCON).
//
// Contract: blocks until the deadline. Between bind(2), which makes the file,
// and listen(2) there is no event to wait for; that gap is crossed by reading
// /proc again after a short poll on the process.
#ifndef VUSPEC_HARNESS_PEER_READY_H_
#define VUSPEC_HARNESS_PEER_READY_H_

#include <sys/types.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/transport/deadline.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {

// True if `path` is bound to a listening socket in the network namespace of
// `pid` (0: ours). A name that the peer bound relatively counts from the
// working folder of `pid`.
bool IsListening(const std::string& path, pid_t pid);

class ReadyWatch {
 public:
  // Begins to watch the folder of `path`. To be made before the peer starts.
  static absl::StatusOr<ReadyWatch> Begin(const std::string& path);

  // Errors: kDeadlineExceeded (says whether the file exists);
  // kFailedPrecondition when the process behind `pidfd` exited first.
  // A socket file with the inode `but_not` is none yet.
  absl::Status Await(pid_t pid, int pidfd, Deadline deadline,
                     ino_t but_not = 0);

 private:
  ReadyWatch(std::string path, UniqueFd inotify);
  absl::Status PollOnce(int pidfd, int timeout_ms);

  std::string path_;
  UniqueFd inotify_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_PEER_READY_H_
