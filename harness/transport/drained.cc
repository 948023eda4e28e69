#include "harness/transport/drained.h"

#include <linux/sockios.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "harness/transport/held_back.h"

namespace vuspec {

bool AwaitDrained(int fd, Deadline deadline) {
  LetGoOfAll();
  int unread = 0;
  while (::ioctl(fd, SIOCOUTQ, &unread) == 0 && unread != 0) {
    if (deadline.Reached()) return false;
    ::sched_yield();
  }
  return true;
}

}  // namespace vuspec
