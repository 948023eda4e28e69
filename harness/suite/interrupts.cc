#include "harness/suite/interrupts.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "harness/transport/check.h"

namespace vuspec {
namespace {

// Written by the signal handler, so a plain int that changes only while the
// signals have their old handlers.
volatile sig_atomic_t pipe_for_handler = -1;

void OnSignal(int) {
  const int saved_errno = errno;
  const char byte = 1;
  // A full pipe holds more interrupts than anybody counts.
  [[maybe_unused]] const ssize_t written = ::write(pipe_for_handler, &byte, 1);
  errno = saved_errno;
}

}  // namespace

Interrupts::Interrupts() {
  std::array<int, 2> ends = {-1, -1};
  VU_CHECK(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0,
           "no descriptors left for a pipe");
  read_end_.reset(ends[0]);
  write_end_.reset(ends[1]);
  pipe_for_handler = ends[1];
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  ::sigaction(SIGINT, &action, &old_int_);
  ::sigaction(SIGTERM, &action, &old_term_);
}

Interrupts::~Interrupts() {
  ::sigaction(SIGINT, &old_int_, nullptr);
  ::sigaction(SIGTERM, &old_term_, nullptr);
}

int Interrupts::Take() {
  std::array<char, 64> bytes;
  const ssize_t got = ::read(read_end_.get(), bytes.data(), bytes.size());
  return got > 0 ? static_cast<int>(got) : 0;
}

}  // namespace vuspec
