#include "conformance/program/fault_columns.h"

#include <fnmatch.h>

#include <algorithm>

namespace vuspec {
namespace {

Names Split(std::string_view words) {
  Names names;
  std::size_t start = 0;
  while (start < words.size()) {
    const std::size_t end = std::min(words.find(' ', start), words.size());
    if (end != start) names.emplace(words.substr(start, end - start));
    start = end + 1;
  }
  return names;
}

}  // namespace

Names CasesThatMustCatch(const FaultRow& row) { return Split(row.must); }

bool IsWide(const FaultRow& row) { return row.may.starts_with('*'); }

bool IsListed(const FaultRow& row, const std::string& id) {
  const Names may = Split(row.may);
  return id == "*" || CasesThatMustCatch(row).contains(id) ||
         std::any_of(may.begin(), may.end(), [&](const std::string& pattern) {
           return fnmatch(pattern.c_str(), id.c_str(), 0) == 0;
         });
}

std::vector<std::string> DifferencesFrom(const FaultRow& row,
                                         const Names& caught_by) {
  std::vector<std::string> lines;
  for (const std::string& id : CasesThatMustCatch(row)) {
    if (!caught_by.contains(id)) lines.push_back(id + " did not catch it");
  }
  for (const std::string& id : caught_by) {
    if (!IsListed(row, id)) lines.push_back(id + " failed and is not listed");
  }
  if (caught_by.empty() && row.allowed_by.empty()) {
    lines.push_back("nothing catches it");
  }
  return lines;
}

}  // namespace vuspec
