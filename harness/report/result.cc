#include "harness/report/result.h"

#include <array>
#include <cstddef>

namespace vuspec {
namespace {

// In the order of the enum.
constexpr std::array<std::string_view, 10> kNames = {
    "PASS",  "FAIL",  "CRASH", "HANG",  "LEAK",
    "XFAIL", "XPASS", "SKIP",  "AMBIG", "BROKEN"};

}  // namespace

std::string_view ToString(Verdict verdict) {
  return kNames.at(static_cast<std::size_t>(verdict));
}

std::optional<Verdict> FindVerdict(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Verdict>(i);
  }
  return std::nullopt;
}

}  // namespace vuspec
