// A front-end that is killed in the middle of what it does.
#ifndef VUSPEC_CONFORMANCE_GENERATED_KILLED_FRONT_END_H_
#define VUSPEC_CONFORMANCE_GENERATED_KILLED_FRONT_END_H_

#include <functional>

namespace vuspec {

// Forks a copy of this process, lets go of ours by `leave`, and has the copy
// do its `last_act` and be killed by SIGKILL right after it: whatever was open
// is then closed by the kernel. Returns when the copy is gone. `last_act` runs
// in a process with one thread: it may send, and little else.
void BeKilledAfter(const std::function<void()>& last_act,
                   const std::function<void()>& leave);

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_GENERATED_KILLED_FRONT_END_H_
