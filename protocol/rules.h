// Which source files of this room hold a rule for which requirement.
//
// rules.def is made from the citations (Req::...) in the sources; protocol_test
// compares the two, VUSPEC_UPDATE_GOLDEN=1 protocol_test rewrites it. The rows
// of messages.def are not in it: they say themselves what they cite.
#ifndef VUSPEC_PROTOCOL_RULES_H_
#define VUSPEC_PROTOCOL_RULES_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/requirement.h"

namespace vuspec::protocol {

struct RuleCitation {
  std::string_view file;  // "validator.cc"
  Req req;
};

std::span<const RuleCitation> AllRuleCitations();

// Where the requirement is checked: files, and rows ("messages.def SET_OWNER").
std::vector<std::string> RulesFor(Req req);

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_RULES_H_
