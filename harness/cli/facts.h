// What the tables say of one another: which cases, defects and rules belong to
// a requirement or an ambiguity.
//
// Contract: pure; views into the tables, which live for ever.
#ifndef VUSPEC_HARNESS_CLI_FACTS_H_
#define VUSPEC_HARNESS_CLI_FACTS_H_

#include <string_view>
#include <vector>

#include "harness/suite/catalog.h"
#include "protocol/ambiguity.h"
#include "protocol/requirement.h"

namespace vuspec {

using CaseList = std::vector<const CaseInfo*>;

CaseList CasesCiting(protocol::Req req);
CaseList CasesThatLeaveOpen(protocol::Ambiguity ambiguity);

// Names of the defects that one of the cases has to catch.
std::vector<std::string_view> FaultsCaughtBy(const CaseList& cases);
// Names of the legal behaviours that the clause or ambiguity allows.
std::vector<std::string_view> BehavioursAllowedBy(std::string_view id);

// To be seen by a front-end, of a back-end.
bool IsDirectlyObservable(const protocol::Requirement& requirement);

std::string_view ToString(protocol::Who who);
std::string_view ToString(protocol::Observability observability);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_CLI_FACTS_H_
