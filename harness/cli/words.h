// Small questions that several commands ask of the tables.
//
// Contract: pure.
#ifndef VUSPEC_HARNESS_CLI_WORDS_H_
#define VUSPEC_HARNESS_CLI_WORDS_H_

#include <string>
#include <string_view>
#include <vector>

namespace vuspec {

// What stands between spaces.
std::vector<std::string> Words(std::string_view text);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_CLI_WORDS_H_
