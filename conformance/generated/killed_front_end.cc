#include "conformance/generated/killed_front_end.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "conformance/kit/matchers.h"
#include "harness/transport/event_fd.h"
#include "harness/transport/held_back.h"

namespace vuspec {

void BeKilledAfter(const std::function<void()>& last_act,
                   const std::function<void()>& leave) {
  LetGoOfAll();  // or both processes would send it
  Pipe left = Require(Pipe::Create());
  const pid_t copy = ::fork();
  if (copy == 0) {
    left.CloseWriteEnd();
    char none = 0;
    // Until ours is closed: the copy is the last that holds the connection.
    while (::read(left.read_fd(), &none, 1) < 0 && errno == EINTR) {
    }
    last_act();
    LetGoOfAll();
    for (;;) ::kill(::getpid(), SIGKILL);
  }
  leave();
  left.CloseWriteEnd();
  [&] { ASSERT_GT(copy, 0) << "fork failed"; }();
  int status = 0;
  while (::waitpid(copy, &status, 0) < 0 && errno == EINTR) {
  }
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

}  // namespace vuspec
