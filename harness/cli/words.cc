#include "harness/cli/words.h"

#include <algorithm>

namespace vuspec {

std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    if (end > 0) words.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

std::vector<std::string> CasesCiting(const std::vector<CaseInfo>& cases,
                                     protocol::Req req) {
  std::vector<std::string> ids;
  for (const CaseInfo& info : cases) {
    if (std::find(info.cites.begin(), info.cites.end(), req) !=
        info.cites.end()) {
      ids.push_back(info.id);
    }
  }
  return ids;
}

}  // namespace vuspec
