// The side of Process that runs in the child, between fork and exec.
//
// Contract: a ChildPlan is complete before fork, so that Run makes nothing but
// async-signal-safe calls: the parent may have other threads.
// Internal to process.cc.
#ifndef VUSPEC_HARNESS_PEER_PROCESS_CHILD_H_
#define VUSPEC_HARNESS_PEER_PROCESS_CHILD_H_

#include <sys/resource.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/peer/process.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {

// What the child writes to the report pipe when it cannot become the program.
struct ChildFailure {
  char step[16] = {};
  int error = 0;
};

struct ChildStreams {
  UniqueFd child_stdin;
  UniqueFd our_stdin;  // not valid where the child reads /dev/null
  UniqueFd report_read;
  UniqueFd report_write;
};

absl::StatusOr<ChildStreams> OpenChildStreams(StdinMode mode);

class ChildPlan {
 public:
  // REQUIRES: `options` outlives the plan; the descriptors stay open.
  ChildPlan(const std::string& program, const ProcessOptions& options,
            int stdin_fd, int output_fd, int report_fd);

  // In the child: becomes the program, or reports why not and exits.
  [[noreturn]] void Run() const;

 private:
  struct Limit {
    __rlimit_resource_t resource;
    rlimit value;
  };

  [[noreturn]] void Give(const char* step, int error) const;
  void ResetSignals() const;

  std::string program_;
  std::vector<std::string> environment_;
  std::vector<char*> argv_;
  std::vector<char*> envp_;
  std::vector<Limit> limits_;
  pid_t parent_;
  int stdin_fd_;
  int output_fd_;
  int report_fd_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_PEER_PROCESS_CHILD_H_
