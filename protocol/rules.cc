#include "protocol/rules.h"

#include "protocol/message_spec.h"

namespace vuspec::protocol {
namespace {

constexpr RuleCitation kCitations[] = {
#define VU_RULE(file, req) {file, Req::req},
#include "protocol/rules.def"
#undef VU_RULE
};

}  // namespace

std::span<const RuleCitation> AllRuleCitations() { return kCitations; }

std::vector<std::string> RulesFor(Req req) {
  std::vector<std::string> rules;
  for (const Channel channel : {Channel::kMain, Channel::kBackend}) {
    for (const MessageSpec& message : AllMessages(channel)) {
      if (req == message.cites || req == message.gate_cites ||
          req == message.reply_cites || req == message.fds.cites) {
        rules.push_back("messages.def " + std::string(message.name));
      }
    }
  }
  for (const RuleCitation& citation : kCitations) {
    if (citation.req == req) rules.emplace_back(citation.file);
  }
  return rules;
}

}  // namespace vuspec::protocol
