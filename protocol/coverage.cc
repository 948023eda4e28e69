#include "protocol/coverage.h"

#include <algorithm>
#include <string_view>

#include "protocol/features.h"

namespace vuspec::protocol {
namespace {

struct About {
  std::string_view message;
  std::string_view ids;
};
constexpr About kAbout[] = {
#define VU_ABOUT(message, ids) {#message, ids},
#include "protocol/coverage.def"
#undef VU_ABOUT
};

bool Names(std::string_view ids, std::string_view id) {
  while (!ids.empty()) {
    const std::size_t end = std::min(ids.find(' '), ids.size());
    const std::string_view one = ids.substr(0, end);
    if (one.ends_with('-') ? id.starts_with(one) : id == one) return true;
    ids.remove_prefix(std::min(end + 1, ids.size()));
  }
  return false;
}

bool IsWord(char c) {
  return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
         (c >= 'a' && c <= 'z');
}

bool HasToken(std::string_view text, std::string_view token) {
  for (std::size_t at = text.find(token); at != std::string_view::npos;
       at = text.find(token, at + 1)) {
    const std::size_t end = at + token.size();
    if ((at == 0 || !IsWord(text[at - 1])) &&
        (end == text.size() || !IsWord(text[end]))) {
      return true;
    }
  }
  return false;
}

}  // namespace

bool IsAbout(Req req, const MessageSpec& message) {
  // What a row cites of the header holds for every message, and what it cites
  // of front-ends shows nothing of a back-end.
  const Requirement& row = Describe(req);
  if (row.section != "header" && row.who != Who::kFrontend &&
      (req == message.cites || req == message.fds.cites ||
       req == message.reply_cites)) {
    return true;
  }
  const auto* about = std::ranges::find(kAbout, message.name, &About::message);
  return about != std::end(kAbout) && Names(about->ids, row.id);
}

bool IsAbout(Req req, ProtocolFeature feature) {
  const Requirement& row = Describe(req);
  const std::string_view name = ToString(feature);
  if (HasToken(row.gate, name) || HasToken(row.statement, name)) return true;
  return feature == ProtocolFeature::INBAND_NOTIFICATIONS &&
         HasToken(row.gate, "INBAND");
}

}  // namespace vuspec::protocol
