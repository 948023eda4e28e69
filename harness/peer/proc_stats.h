// What a process holds, read from /proc/PID.
//
// Contract: each reader opens, reads and closes; nullopt when the process is
// gone or not readable for us. A zombie counts as gone.
#ifndef VUSPEC_HARNESS_PEER_PROC_STATS_H_
#define VUSPEC_HARNESS_PEER_PROC_STATS_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace vuspec {

struct ResourceUse {
  int fd_count = 0;
  int mapping_count = 0;         // all; an allocator makes and joins some
  int shared_mapping_count = 0;  // MAP_SHARED only: guest memory shows here
  int thread_count = 0;
  std::uint64_t size_kib = 0;  // VmSize: of the whole address space
  std::uint64_t rss_kib = 0;
  std::uint64_t data_kib = 0;  // VmData: what RLIMIT_DATA counts

  // "fds 12, mappings 40 (2 shared), threads 3, RSS 8123 KiB"
  std::string ToString() const;
};

// The list of mappings is long: while the address space has the size that it
// had for `known`, an earlier result, so does that list.
std::optional<ResourceUse> ReadResourceUse(pid_t pid,
                                           const ResourceUse& known = {});

// Only the sizes and thread_count: one short file, for frequent use.
std::optional<ResourceUse> ReadMemoryUse(pid_t pid);

// Of all threads, user and system.
std::optional<std::chrono::nanoseconds> ReadCpuTime(pid_t pid);

// True when nothing but a zombie of the process group is left.
bool ProcessGroupIsGone(pid_t group);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_PEER_PROC_STATS_H_
