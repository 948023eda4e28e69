// The columns of faults.def, read as what they say of a measurement.
#ifndef VUSPEC_CONFORMANCE_PROGRAM_FAULT_COLUMNS_H_
#define VUSPEC_CONFORMANCE_PROGRAM_FAULT_COLUMNS_H_

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/backend/fault.h"

namespace vuspec {

using Names = std::set<std::string, std::less<>>;

// What stands for the probe in a column: the fault shows before any case.
inline constexpr std::string_view kPreflight = "Preflight";

// The ids of a `must` column.
Names CasesThatMustCatch(const FaultRow& row);

// Whether it fails so many cases that only `must` is held against it.
bool IsWide(const FaultRow& row);

// Whether the case may fail with the fault.
bool IsListed(const FaultRow& row, const std::string& id);

// What differs between the row and those who caught it, a line each.
std::vector<std::string> DifferencesFrom(const FaultRow& row,
                                         const Names& caught_by);

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_PROGRAM_FAULT_COLUMNS_H_
