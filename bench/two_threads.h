// Two threads on two processors, and the ping-pongs that bound what they can
// do: over a cache line, over eventfds, over a socket.
//
// Contract: an Opponent runs `serve` in a thread, on the last processor that
// this process may use; the thread of the benchmark moves to the first. With a
// single processor both share it, and spinning threads yield.
#ifndef VUSPEC_BENCH_TWO_THREADS_H_
#define VUSPEC_BENCH_TWO_THREADS_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "harness/transport/event_fd.h"
#include "harness/transport/unique_fd.h"

namespace vuspec::bench {

enum class Place { kFirst, kLast };
void MoveThisThread(Place place);

// Waits for a moment; lets another thread run now and then.
class Spinner {
 public:
  void Spin() {
    if (++count_ % 4096 == 0) std::this_thread::yield();
  }

 private:
  std::uint32_t count_ = 0;
};

class Opponent {
 public:
  using Stopped = std::atomic<bool>;

  // `serve` returns soon after the flag was set; `wake` helps it to see that.
  Opponent(
      std::function<void(const Stopped&)> serve,
      std::function<void()> wake = [] {});
  ~Opponent();

 private:
  Stopped stopped_{false};
  const std::function<void()> wake_;
  std::thread thread_;
};

// Each Play is a number of round trips and returns how many.
class CacheLinePingPong {
 public:
  CacheLinePingPong();
  std::uint64_t Play();

 private:
  struct alignas(128) Line {
    std::atomic<std::uint64_t> value{0};
  };
  Line ping_;
  Line pong_;
  std::uint64_t round_ = 0;
  Opponent opponent_;
};

class EventPingPong {
 public:
  EventPingPong();
  std::uint64_t Play();

 private:
  Event ping_;
  Event pong_;
  Opponent opponent_;
};

// As large as the shortest message.
class SocketPingPong {
 public:
  SocketPingPong();
  std::uint64_t Play();

 private:
  explicit SocketPingPong(std::pair<UniqueFd, UniqueFd> pair);

  UniqueFd ours_;
  UniqueFd theirs_;
  Opponent opponent_;
};

// Both ends of a blocking stream socket.
std::pair<UniqueFd, UniqueFd> MakeSocketPair();

}  // namespace vuspec::bench

#endif  // VUSPEC_BENCH_TWO_THREADS_H_
