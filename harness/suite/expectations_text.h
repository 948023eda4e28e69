// An expectations file as the lines that a person wrote.
//
// Contract: pure. Knows as much of TOML as the layout that is documented in
// harness/peer/expectations.h needs: tables [[xfail]], each with a list of
// one-line strings. What it does not touch stays byte by byte.
#ifndef VUSPEC_HARNESS_SUITE_EXPECTATIONS_TEXT_H_
#define VUSPEC_HARNESS_SUITE_EXPECTATIONS_TEXT_H_

#include <optional>
#include <string>
#include <vector>

namespace vuspec {

using Lines = std::vector<std::string>;
using Cases = std::vector<std::string>;  // or patterns of them

// The file as the lines before the first entry, and those of each entry with
// the comment above it.
std::vector<Lines> EntryBlocks(const std::string& text);

// The block with another list of cases: instead of its i-th one those of
// `instead[i]`, which may be none. A comment that has a line of its own stays;
// one behind cases goes with the last of them. nullopt: the list cannot be
// read, or has another size.
std::optional<Lines> WithCases(const Lines& block,
                               const std::vector<Cases>& instead);

// An entry that nobody has written a reason for.
Lines NewEntryBlock(const Cases& cases, const std::string& match);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_SUITE_EXPECTATIONS_TEXT_H_
