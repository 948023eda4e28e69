#include "harness/suite/orphans.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <vector>

#include "absl/strings/str_cat.h"

namespace vuspec {
namespace {

std::set<pid_t> Children() {
  std::ifstream file(absl::StrCat("/proc/self/task/", ::getpid(), "/children"));
  return {std::istream_iterator<pid_t>(file), std::istream_iterator<pid_t>()};
}

void End(pid_t pid) {
  // The rest of its group would be the next orphans.
  if (::getpgid(pid) == pid) ::kill(-pid, SIGKILL);
  ::kill(pid, SIGKILL);
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

OrphanKeeper::OrphanKeeper() : children_before_(Children()) {
  ::prctl(PR_GET_CHILD_SUBREAPER, &was_subreaper_);
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

OrphanKeeper::~OrphanKeeper() {
  for (;;) {
    const std::set<pid_t> children = Children();
    std::vector<pid_t> orphans;
    std::set_difference(children.begin(), children.end(),
                        children_before_.begin(), children_before_.end(),
                        std::back_inserter(orphans));
    if (orphans.empty()) break;
    // Each end may orphan others.
    std::for_each(orphans.begin(), orphans.end(), End);
  }
  ::prctl(PR_SET_CHILD_SUBREAPER, was_subreaper_);
}

}  // namespace vuspec
