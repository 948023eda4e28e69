// The middle of what was measured.
#ifndef VUSPEC_HARNESS_REPORT_MEDIAN_H_
#define VUSPEC_HARNESS_REPORT_MEDIAN_H_

#include <algorithm>
#include <cstddef>
#include <vector>

namespace vuspec {

// REQUIRES: `values` is not empty. Of an even count the upper one.
template <typename T>
T Median(std::vector<T> values) {
  const auto middle =
      values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_REPORT_MEDIAN_H_
