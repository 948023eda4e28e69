// Runs VUSPEC_PROGRAM, which CMake names: the toy program for the tests of the
// command line, the real one for those of the whole.
#ifndef VUSPEC_HARNESS_CLI_PROGRAM_H_
#define VUSPEC_HARNESS_CLI_PROGRAM_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "harness/transport/unique_fd.h"

namespace vuspec {

struct Ended {
  int code = -1;  // -1: by a signal
  std::string out;
  std::string err;
};

using Environment = std::vector<std::pair<std::string, std::string>>;

class Program {
 public:
  // Started at once; `environment` is added to ours.
  explicit Program(const std::vector<std::string>& arguments,
                   const Environment& environment = {});
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }
  // Blocks until standard error holds `text`, or ends.
  bool AwaitErr(const std::string& text);
  // Blocks until it has ended.
  Ended Wait();

 private:
  pid_t pid_ = -1;
  UniqueFd out_;
  UniqueFd err_;
  Ended ended_;
};

Ended Vuspec(const std::vector<std::string>& arguments,
             const Environment& environment = {});

// With a terminal as standard output and standard error; both as `out`.
Ended VuspecOnTerminal(const std::vector<std::string>& arguments,
                       const Environment& environment = {});

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_CLI_PROGRAM_H_
