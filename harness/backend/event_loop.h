// What a single-threaded server waits on: epoll(7).
//
// Contract: not thread-safe; owns the epoll descriptor only. A descriptor must
// be forgotten before it is closed, since the peer may hold a copy that would
// keep its entry alive.
//
// Errors: as in errno_status.h.
#ifndef VUSPEC_HARNESS_BACKEND_EVENT_LOOP_H_
#define VUSPEC_HARNESS_BACKEND_EVENT_LOOP_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {

class EventLoop {
 public:
  using Token = std::uint64_t;

  enum class Trigger {
    kLevel,     // reported as long as there is something to read
    kEdge,      // reported once for each arrival: nothing a peer does makes us
                // spin, and a descriptor that hung up is reported once
    kWritable,  // reported as long as there is room to write
    kHangUp,    // reported once the other side has gone, whatever is to read
  };

  static absl::StatusOr<EventLoop> Create();

  // Reports `token` when `fd` is as `trigger` says. An error is kInternal: not
  // every descriptor can be waited for (a regular file cannot).
  absl::Status Watch(int fd, Token token, Trigger trigger);
  void Forget(int fd);

  static constexpr std::chrono::microseconds kForEver{-1};

  // The tokens of what is ready, valid until the next call; empty when the
  // timeout passed or a signal came. 0 asks without waiting.
  absl::StatusOr<std::span<const Token>> Wait(
      std::chrono::microseconds timeout);

 private:
  explicit EventLoop(UniqueFd fd) : fd_(std::move(fd)) {}

  static constexpr int kBatch = 64;
  UniqueFd fd_;
  std::array<Token, kBatch> ready_{};
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_EVENT_LOOP_H_
