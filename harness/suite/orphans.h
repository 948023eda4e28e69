// Ends what a worker that was killed leaves behind: the peers that it started,
// and what those started.
//
// Contract: while one exists, orphans among our descendants become our
// children; its destructor kills and reaps every child that the constructor
// did not find. Call from the main thread. Where the kernel does not list
// children (CONFIG_PROC_CHILDREN), orphans are left to init as before.
#ifndef VUSPEC_HARNESS_SUITE_ORPHANS_H_
#define VUSPEC_HARNESS_SUITE_ORPHANS_H_

#include <sys/types.h>

#include <set>

namespace vuspec {

class OrphanKeeper {
 public:
  OrphanKeeper();
  ~OrphanKeeper();
  OrphanKeeper(const OrphanKeeper&) = delete;
  OrphanKeeper& operator=(const OrphanKeeper&) = delete;

 private:
  const std::set<pid_t> children_before_;
  int was_subreaper_ = 0;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_SUITE_ORPHANS_H_
