// The value, or the end of the program with the reason: a benchmark has no
// use for a failure.
#ifndef VUSPEC_BENCH_MUST_H_
#define VUSPEC_BENCH_MUST_H_

#include <utility>

#include "absl/status/statusor.h"
#include "harness/frontend/reply.h"
#include "harness/transport/check.h"
#include "protocol/result.h"

namespace vuspec::bench {

template <typename T>
T Must(absl::StatusOr<T> value) {
  VU_CHECK(value.ok(), value.status().ToString().c_str());
  return *std::move(value);
}

template <typename T>
T Must(Reply<T> reply) {
  VU_CHECK(reply.ok(), reply.Describe().c_str());
  return *std::move(reply);
}

template <typename T>
T Must(protocol::Result<T> result) {
  VU_CHECK(result.ok(), protocol::ToString(result.violation()).c_str());
  return std::move(*result);
}

}  // namespace vuspec::bench

#endif  // VUSPEC_BENCH_MUST_H_
