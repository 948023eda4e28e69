// Sole owner of a file descriptor.
//
// Contract: closes at destruction; move-only. Every descriptor of the harness
// is put into a UniqueFd on the line after the system call that made it.
// close() is never retried: on Linux the number is free even after EINTR.
//
// Not for: descriptors that someone else owns; pass those as int.
#ifndef VUSPEC_HARNESS_TRANSPORT_UNIQUE_FD_H_
#define VUSPEC_HARNESS_TRANSPORT_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace vuspec {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  explicit operator bool() const { return valid(); }

  // Gives the descriptor away: the caller owns it from now on.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }

  void reset(int fd = -1) {
    const int old = std::exchange(fd_, fd);
    if (old >= 0) ::close(old);
  }

 private:
  int fd_ = -1;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_TRANSPORT_UNIQUE_FD_H_
