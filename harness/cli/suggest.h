// Near misses: what somebody who mistyped a name may have meant.
#ifndef VUSPEC_HARNESS_CLI_SUGGEST_H_
#define VUSPEC_HARNESS_CLI_SUGGEST_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vuspec {

// Insertions, deletions and replacements between the two, upper and lower case
// being the same.
std::size_t EditDistance(std::string_view a, std::string_view b);

// At most three of `known`, nearest first; those that contain `name`, and
// those that differ in less than a third of it.
std::vector<std::string> NearMisses(const std::string& name,
                                    const std::vector<std::string>& known);

// "; did you mean A or B?", or "".
std::string DidYouMean(const std::string& name,
                       const std::vector<std::string>& known);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_CLI_SUGGEST_H_
