#include "harness/cli/selection.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "harness/cli/suggest.h"
#include "harness/suite/apply_expectations.h"
#include "harness/transport/check.h"

namespace vuspec {
namespace {

std::optional<std::size_t> ParseCount(std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

const char* FromEnvironment(const std::string& name) {
  const char* value = std::getenv(("GTEST_" + name).c_str());
  return value != nullptr ? value : std::getenv(("TEST_" + name).c_str());
}

bool InGate(protocol::Level level, protocol::Level gate) {
  return level <= gate || gate == protocol::Level::kRobust;
}

bool Chosen(const CaseInfo& info, const std::vector<std::string>& filters) {
  return filters.empty() || std::any_of(filters.begin(), filters.end(),
                                        [&info](const std::string& filter) {
                                          return MatchesGlob(filter, info.id);
                                        });
}

}  // namespace

absl::StatusOr<Shard> ParseShard(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash != std::string::npos) {
    const std::string_view view(text);
    const auto index = ParseCount(view.substr(0, slash));
    const auto count = ParseCount(view.substr(slash + 1));
    if (index.has_value() && count.has_value() && *index >= 1 &&
        *index <= *count) {
      return Shard{*index - 1, *count};
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "--shard ", text, ": write I/N with I from 1 to N, as in --shard 2/4"));
}

absl::StatusOr<Shard> ShardFromEnvironment() {
  const char* total = FromEnvironment("TOTAL_SHARDS");
  const char* index = FromEnvironment("SHARD_INDEX");
  if (total == nullptr && index == nullptr) return Shard{};
  if (const char* file = FromEnvironment("SHARD_STATUS_FILE")) {
    std::ofstream touched(file, std::ios::app);
  }
  const auto count = ParseCount(total == nullptr ? "" : total);
  const auto place = ParseCount(index == nullptr ? "" : index);
  if (!count.has_value() || !place.has_value() || *place >= *count) {
    return absl::InvalidArgumentError(
        "the shard in the environment makes no sense: set both "
        "TEST_TOTAL_SHARDS and TEST_SHARD_INDEX (from 0), or neither");
  }
  return Shard{*place, *count};
}

protocol::Level ParseLevel(const std::string& name) {
  for (const protocol::Level level :
       {protocol::Level::kMust, protocol::Level::kShould,
        protocol::Level::kDefacto, protocol::Level::kRobust}) {
    if (protocol::ToString(level) == name) return level;
  }
  VU_CHECK(name.empty(), "a level that nobody checked");
  return protocol::Level::kRobust;
}

std::vector<std::string> SelectCases(const std::vector<CaseInfo>& cases,
                                     const Selection& selection) {
  std::vector<std::string> ids;
  std::size_t position = 0;
  for (const CaseInfo& info : cases) {
    if (!InGate(info.level(), selection.level)) continue;
    if (!Chosen(info, selection.filters)) continue;
    if (position++ % selection.shard.count == selection.shard.index) {
      ids.push_back(info.id);
    }
  }
  return ids;
}

std::string WhyNothing(const std::vector<CaseInfo>& cases,
                       const Selection& selection) {
  if (cases.empty()) return "this program was built without cases";
  Selection whole = selection;
  whole.shard = {};
  if (const std::size_t count = SelectCases(cases, whole).size()) {
    return absl::StrCat("shard ", selection.shard.index + 1, "/",
                        selection.shard.count, " of ", count,
                        " cases is empty: use fewer shards");
  }
  std::vector<std::string> ids;
  for (const CaseInfo& info : cases) ids.push_back(info.id);
  std::string why = "no case was selected";
  for (const std::string& filter : selection.filters) {
    const bool fits = std::any_of(ids.begin(), ids.end(), [&](const auto& id) {
      return MatchesGlob(filter, id);
    });
    absl::StrAppend(
        &why, "\n  ", filter,
        fits ? ": its cases are beyond this --level"
             : absl::StrCat(": no such case", DidYouMean(filter, ids)));
  }
  return why + "\n  `vuspec list` lists the names";
}

}  // namespace vuspec
