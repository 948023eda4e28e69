// A point on the monotonic clock after which a wait gives up.
//
// Every wait of the harness takes a Deadline, so nothing waits for ever and a
// chain of waits shares one budget. A deadline that is reached is a verdict
// (the peer is silent), never a way to synchronise.
#ifndef VUSPEC_HARNESS_TRANSPORT_DEADLINE_H_
#define VUSPEC_HARNESS_TRANSPORT_DEADLINE_H_

#include <algorithm>
#include <chrono>

namespace vuspec {

class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  static Deadline After(Clock::duration budget) {
    return Deadline(Clock::now() + budget);
  }
  // Already reached: turns a wait into a poll.
  static Deadline Now() { return Deadline(Clock::time_point::min()); }

  bool Reached() const { return Clock::now() >= at_; }

  // For poll(2): whole milliseconds left, rounded up, at least 0.
  int PollTimeoutMs() const {
    if (at_ == Clock::time_point::min()) return 0;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(at_ - Clock::now());
    return static_cast<int>(std::clamp<long long>(left.count(), 0, 1 << 30));
  }

 private:
  explicit Deadline(Clock::time_point at) : at_(at) {}
  Clock::time_point at_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_TRANSPORT_DEADLINE_H_
