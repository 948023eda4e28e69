#include "harness/peer/expectations.h"

#include <fnmatch.h>
#include <time.h>

#include <string>
#include <utility>
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
  auto tables = root.Tables("xfail");
  if (tables) {
    for (ConfigTable& table : *tables) {
      Entry entry;
      Xfail& xfail = entry.xfail;
      xfail.case_pattern = RequiredText(table, "case");
      xfail.match = RequiredText(table, "match");
      xfail.reason = RequiredText(table, "reason");
      xfail.url = table.String("url").value_or("");
      xfail.until = table.Date("until");
      xfail.sometimes = table.Bool("sometimes").value_or(false);
      xfail.where = table.Where();
      entry.expired = xfail.until && xfail.until->ToString() < today.ToString();
      root.Absorb(table.Finish());
      result.entries_.push_back(std::move(entry));
    }
  }
  if (absl::Status status = root.Finish(); !status.ok()) return status;
  return result;
}

const Xfail* Expectations::Match(const std::string& case_name,
                                 const std::string& observed) {
  for (Entry& entry : entries_) {
    if (entry.expired || !Fits(entry.xfail, case_name)) continue;
    if (observed.find(entry.xfail.match) == std::string::npos) continue;
    entry.used = true;
    return &entry.xfail;
  }
  return nullptr;
}

std::vector<const Xfail*> Expectations::ForCase(
    const std::string& case_name) const {
  std::vector<const Xfail*> found;
  for (const Entry& entry : entries_) {
    if (!entry.expired && !entry.xfail.sometimes &&
        Fits(entry.xfail, case_name)) {
      found.push_back(&entry.xfail);
    }
  }
  return found;
}

std::vector<const Xfail*> Expectations::All() const {
  std::vector<const Xfail*> all;
  for (const Entry& entry : entries_) all.push_back(&entry.xfail);
  return all;
}

std::vector<const Xfail*> Expectations::Unmatched() const {
  std::vector<const Xfail*> unmatched;
  for (const Entry& entry : entries_) {
    if (!entry.expired && !entry.used && !entry.xfail.sometimes) {
      unmatched.push_back(&entry.xfail);
    }
  }
  return unmatched;
}

std::vector<const Xfail*> Expectations::Expired() const {
  std::vector<const Xfail*> expired;
  for (const Entry& entry : entries_) {
    if (entry.expired) expired.push_back(&entry.xfail);
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
