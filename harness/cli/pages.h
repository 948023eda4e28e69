// The pages that are made of the tables: `vuspec list --page`, and golden files
// of the repository, which scripts/golden rewrites.
//
// Contract: pure. Markdown; the same tables give the same bytes.
#ifndef VUSPEC_HARNESS_CLI_PAGES_H_
#define VUSPEC_HARNESS_CLI_PAGES_H_

#include <string>

namespace vuspec {

// conformance/REQUIREMENTS.md: every requirement with its rules, cases and
// defects, or the reason why it has no case.
std::string RequirementsPage();

// docs/ambiguities.md.
std::string AmbiguitiesPage();

// docs/coverage.md: every message and protocol feature with its cases.
std::string CoveragePage();

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_CLI_PAGES_H_
