#include "harness/peer/expectations.h"

#include <fnmatch.h>
#include <time.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

namespace vuspec {
namespace {

bool Fits(const Xfail& xfail, const std::string& case_name) {
  return ::fnmatch(xfail.case_pattern.c_str(), case_name.c_str(), 0) == 0;
}

std::string RequiredText(ConfigTable& table, const std::string& key) {
  std::string text = table.String(key).value_or("");
  if (text.empty()) table.Fail(key, "is required and may not be empty");
  return text;
}

std::vector<std::string> RequiredTexts(ConfigTable& table,
                                       const std::string& key) {
  const auto texts = table.Strings(key).value_or(std::vector<std::string>());
  if (texts.empty() ||
      std::find(texts.begin(), texts.end(), "") != texts.end()) {
    table.Fail(key, "must hold at least one text, and no empty one");
  }
  return texts;
}

}  // namespace

absl::StatusOr<Expectations> Expectations::Load(const std::string& path,
                                                const ConfigDate& today) {
  absl::StatusOr<ConfigFile> file = ConfigFile::Load(path);
  if (!file.ok()) return file.status();
  return Read(*file, today);
}

absl::StatusOr<Expectations> Expectations::Parse(const std::string& text,
                                                 const std::string& name,
                                                 const ConfigDate& today) {
  absl::StatusOr<ConfigFile> file = ConfigFile::Parse(text, name);
  if (!file.ok()) return file.status();
  return Read(*file, today);
}

absl::StatusOr<Expectations> Expectations::Read(const ConfigFile& file,
                                                const ConfigDate& today) {
  ConfigTable root = file.Root();
  Expectations result;
  if (auto tables = root.Tables("xfail")) {
    for (std::size_t i = 0; i < tables->size(); ++i) {
      result.Add((*tables)[i], i, today);
      root.Absorb((*tables)[i].Finish());
    }
  }
  if (absl::Status status = root.Finish(); !status.ok()) return status;
  return result;
}

void Expectations::Add(ConfigTable& table, std::size_t entry,
                       const ConfigDate& today) {
  table.Forbid("case", "is a list now: write cases = [\"Suite.Name\"]");
  const std::vector<std::string> patterns = RequiredTexts(table, "cases");
  Expected expected;
  Xfail& xfail = expected.xfail;
  xfail.match = RequiredText(table, "match");
  xfail.reason = RequiredText(table, "reason");
  xfail.url = table.String("url").value_or("");
  xfail.until = table.Date("until");
  xfail.sometimes = table.Bool("sometimes").value_or(false);
  xfail.entry = entry;
  expected.expired = xfail.until && xfail.until->ToString() < today.ToString();
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    xfail.case_pattern = patterns[i];
    xfail.where = table.WhereItem("cases", i);
    expected_.push_back(expected);
  }
}

const Xfail* Expectations::Match(const std::string& case_name,
                                 const std::string& observed) {
  for (Expected& expected : expected_) {
    if (expected.expired || !Fits(expected.xfail, case_name)) continue;
    if (observed.find(expected.xfail.match) == std::string::npos) continue;
    expected.used = true;
    return &expected.xfail;
  }
  return nullptr;
}

std::vector<const Xfail*> Expectations::ForCase(
    const std::string& case_name) const {
  std::vector<const Xfail*> found;
  for (const Expected& expected : expected_) {
    if (!expected.expired && !expected.xfail.sometimes &&
        Fits(expected.xfail, case_name)) {
      found.push_back(&expected.xfail);
    }
  }
  return found;
}

std::vector<const Xfail*> Expectations::All() const {
  std::vector<const Xfail*> all;
  for (const Expected& expected : expected_) all.push_back(&expected.xfail);
  return all;
}

std::vector<const Xfail*> Expectations::Unmatched() const {
  std::vector<const Xfail*> unmatched;
  for (const Expected& expected : expected_) {
    if (!expected.expired && !expected.used && !expected.xfail.sometimes) {
      unmatched.push_back(&expected.xfail);
    }
  }
  return unmatched;
}

std::vector<const Xfail*> Expectations::Expired() const {
  std::vector<const Xfail*> expired;
  for (const Expected& expected : expected_) {
    if (expected.expired) expired.push_back(&expected.xfail);
  }
  return expired;
}

ConfigDate TodayUtc() {
  const time_t now = ::time(nullptr);
  tm fields = {};
  ::gmtime_r(&now, &fields);
  return {.year = fields.tm_year + 1900,
          .month = fields.tm_mon + 1,
          .day = fields.tm_mday};
}

}  // namespace vuspec
