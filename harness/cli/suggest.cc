#include "harness/cli/suggest.h"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <utility>

namespace vuspec {
namespace {

constexpr std::size_t kMost = 3;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return lower;
}

}  // namespace

std::size_t EditDistance(std::string_view a, std::string_view b) {
  const std::string left = Lower(a);
  const std::string right = Lower(b);
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::size_t replaced = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::vector<std::string> NearMisses(const std::string& name,
                                    const std::vector<std::string>& known) {
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const std::string& candidate : known) {
    const bool contains =
        name.size() >= 3 &&
        Lower(candidate).find(Lower(name)) != std::string::npos;
    const std::size_t distance = EditDistance(name, candidate);
    if (contains || 3 * distance < std::max(name.size(), candidate.size())) {
      near.emplace_back(contains ? 0 : distance, candidate);
    }
  }
  std::stable_sort(near.begin(), near.end(), [](const auto& a, const auto& b) {
    return a.first < b.first;
  });
  std::vector<std::string> names;
  for (const auto& [distance, candidate] : near) {
    if (names.size() < kMost) names.push_back(candidate);
  }
  return names;
}

std::string DidYouMean(const std::string& name,
                       const std::vector<std::string>& known) {
  const std::vector<std::string> names = NearMisses(name, known);
  if (names.empty()) return "";
  std::string text = "; did you mean " + names[0];
  for (std::size_t i = 1; i < names.size(); ++i) {
    text += (i + 1 == names.size() ? " or " : ", ") + names[i];
  }
  return text + "?";
}

}  // namespace vuspec
