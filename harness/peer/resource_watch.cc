#include "harness/peer/resource_watch.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "harness/peer/proc_stats.h"
#include "harness/transport/check.h"

namespace vuspec {
namespace {

// Between two samples a peer that touches new pages as fast as memory allows
// gains some 100 MiB: little beside any sensible limit.
constexpr int kSampleMs = 20;
constexpr off_t kLogBytesMax = 64 << 20;
constexpr off_t kLogBytesKept = 1 << 20;

}  // namespace

ResourceWatch::ResourceWatch(pid_t pid, int pidfd, int log,
                             std::uint64_t memory_mib)
    : pid_(pid),
      pidfd_(pidfd),
      log_(log),
      memory_kib_(memory_mib * 1024),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  VU_CHECK(stop_.valid(), "an eventfd for the watch of a peer");
  // The thread takes no signals: those belong to the program's own threads.
  sigset_t all;
  sigset_t old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  thread_ = std::thread([this] { Run(); });
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
}

ResourceWatch::~ResourceWatch() {
  eventfd_write(stop_.get(), 1);
  thread_.join();
}

void ResourceWatch::Run() {
  for (;;) {
    pollfd waits[] = {{.fd = pidfd_, .events = POLLIN, .revents = 0},
                      {.fd = stop_.get(), .events = POLLIN, .revents = 0}};
    // A timeout is the sampling tick; EINTR cannot happen, and would only be
    // an early sample.
    if (::poll(waits, 2, kSampleMs) > 0) return;
    const auto use = ReadMemoryUse(pid_);
    if (use && memory_kib_ != 0 && use->rss_kib > memory_kib_) {
      fired_.store(true);
      ::kill(-pid_, SIGKILL);
      return;
    }
    TrimLog();
  }
}

void ResourceWatch::TrimLog() const {
  struct stat info = {};
  if (::fstat(log_, &info) != 0) return;
  // st_blocks counts 512-byte units whatever the file system's block is.
  if (info.st_blocks * 512 < kLogBytesMax) return;
  // Where holes are not supported the log just grows: the peer is limited by
  // its deadlines as well.
  static_cast<void>(::fallocate(log_,
                                FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                                info.st_size - kLogBytesKept));
}

}  // namespace vuspec
