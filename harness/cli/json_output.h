// What list and probe print with --json.
//
// Contract: pure. Fields may be added; a reader ignores what it does not know.
#ifndef VUSPEC_HARNESS_CLI_JSON_OUTPUT_H_
#define VUSPEC_HARNESS_CLI_JSON_OUTPUT_H_

#include <span>
#include <string>
#include <vector>

#include "harness/backend/fault.h"
#include "harness/cli/prober.h"
#include "harness/suite/catalog.h"

namespace vuspec {

std::string CasesJson(const std::vector<CaseInfo>& cases);
std::string FaultsJson(std::span<const FaultRow> faults);
// With the rules, cases and defects of each, or the reason of those without.
std::string RequirementsJson();
std::string AmbiguitiesJson();
std::string ProbeJson(const ProbeReport& report);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_CLI_JSON_OUTPUT_H_
