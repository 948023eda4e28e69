// A benchmark beside its raw baseline, measured in the same run.
//
// Machines are noisy and differ; a ratio moves much less than a rate. The
// baseline is measured before and after the benchmark, and the mean is used.
//
// Example:
//   Comparison comparison([&] { return RawLoop(); });
//   for (auto _ : state) count += Work();
//   comparison.Report(state, count);
#ifndef VUSPEC_BENCH_COMPARISON_H_
#define VUSPEC_BENCH_COMPARISON_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

#include "benchmark/benchmark.h"

namespace vuspec::bench {

class Comparison {
 public:
  // Does some operations of the raw kind and returns how many.
  using Raw = std::function<std::uint64_t()>;

  explicit Comparison(Raw raw)
      : raw_(std::move(raw)), before_(RawRate()), start_(Clock::now()) {}

  // Right after the loop. Counters: ops_per_second, baseline_per_second, and
  // ratio, the first divided by the second.
  void Report(benchmark::State& state, std::uint64_t count) {
    const double rate = static_cast<double>(count) / Seconds(start_);
    const double baseline = (before_ + RawRate()) / 2;
    state.SetItemsProcessed(static_cast<std::int64_t>(count));
    state.counters["ops_per_second"] = rate;
    state.counters["baseline_per_second"] = baseline;
    state.counters["ratio"] = rate / baseline;
  }

 private:
  using Clock = std::chrono::steady_clock;

  static double Seconds(Clock::time_point since) {
    return std::chrono::duration<double>(Clock::now() - since).count();
  }

  double RawRate() const {
    constexpr double kSeconds = 0.02;
    const Clock::time_point start = Clock::now();
    std::uint64_t count = 0;
    do {
      count += raw_();
    } while (Seconds(start) < kSeconds);
    return static_cast<double>(count) / Seconds(start);
  }

  const Raw raw_;
  const double before_;
  const Clock::time_point start_;
};

}  // namespace vuspec::bench

#endif  // VUSPEC_BENCH_COMPARISON_H_
