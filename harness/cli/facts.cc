#include "harness/cli/facts.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "harness/backend/fault.h"
#include "harness/cli/words.h"

namespace vuspec {
namespace {

template <typename T>
bool Has(const std::vector<T>& values, const T& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// The defects that each case has to catch, by its id.
using CaughtBy = std::map<std::string, std::vector<std::string_view>>;

const CaughtBy& TheCaught() {
  static const CaughtBy& caught = *[] {
    auto* map = new CaughtBy();
    for (const FaultRow& row : AllFaults()) {
      for (const std::string& id : Words(row.must)) {
        (*map)[id].push_back(row.name);
      }
    }
    return map;
  }();
  return caught;
}

}  // namespace

CaseList CasesCiting(protocol::Req req) {
  CaseList cases;
  for (const CaseInfo& info : AllCases()) {
    if (Has(info.cites, req)) cases.push_back(&info);
  }
  return cases;
}

CaseList CasesThatLeaveOpen(protocol::Ambiguity ambiguity) {
  CaseList cases;
  for (const CaseInfo& info : AllCases()) {
    if (Has(info.open, ambiguity)) cases.push_back(&info);
  }
  return cases;
}

std::vector<std::string_view> FaultsCaughtBy(const CaseList& cases) {
  std::set<std::string_view> names;
  for (const CaseInfo* info : cases) {
    const auto found = TheCaught().find(info->id);
    if (found == TheCaught().end()) continue;
    names.insert(found->second.begin(), found->second.end());
  }
  return {names.begin(), names.end()};
}

std::vector<std::string_view> BehavioursAllowedBy(std::string_view id) {
  std::vector<std::string_view> names;
  for (const FaultRow& row : AllFaults()) {
    if (row.allowed_by == id) names.push_back(row.name);
  }
  return names;
}

bool IsDirectlyObservable(const protocol::Requirement& requirement) {
  return requirement.observability == protocol::Observability::kDirect &&
         requirement.who != protocol::Who::kFrontend;
}

std::string_view ToString(protocol::Who who) {
  switch (who) {
    case protocol::Who::kBackend:
      return "the back-end";
    case protocol::Who::kFrontend:
      return "the front-end";
    case protocol::Who::kBoth:
      return "both sides";
  }
  return "";
}

std::string_view ToString(protocol::Observability observability) {
  switch (observability) {
    case protocol::Observability::kDirect:
      return "directly";
    case protocol::Observability::kIndirect:
      return "by its effects only";
    case protocol::Observability::kNone:
      return "not at all";
  }
  return "";
}

}  // namespace vuspec
