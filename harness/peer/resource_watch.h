// Watches a process from the side and kills its group when it holds too much.
//
// RLIMIT_DATA stops private memory only, and cannot be used on a program that
// was built with a sanitizer; this watch sees resident memory of any kind. It
// samples: a case may be blocked in a read while the peer eats the machine, so
// nobody else is there to look. It also keeps the log file of a chatty peer
// from filling the disk, by giving back the blocks of its beginning.
//
// Contract: one thread per watch, ended and joined by the destructor. The
// process must not be reaped while the watch exists, so that its id cannot
// mean another process. Neither descriptor is owned.
#ifndef VUSPEC_HARNESS_PEER_RESOURCE_WATCH_H_
#define VUSPEC_HARNESS_PEER_RESOURCE_WATCH_H_

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <thread>

#include "harness/transport/unique_fd.h"

namespace vuspec {

class ResourceWatch {
 public:
  // REQUIRES: `pid` leads a process group; `pidfd` and `log` stay open.
  ResourceWatch(pid_t pid, int pidfd, int log, std::uint64_t memory_mib);
  ~ResourceWatch();

  bool fired() const { return fired_.load(); }

 private:
  void Run();
  void TrimLog() const;

  const pid_t pid_;
  const int pidfd_;
  const int log_;
  const std::uint64_t memory_kib_;
  UniqueFd stop_;
  std::atomic<bool> fired_{false};
  std::thread thread_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_PEER_RESOURCE_WATCH_H_
