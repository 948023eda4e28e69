#include "harness/peer/config.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "harness/transport/check.h"

namespace vuspec {
namespace {

const char* KindName(const ConfigValue& value) {
  static constexpr const char* kNames[] = {
      "a value of another kind", "a string", "an integer", "a boolean",
      "a floating-point number", "a date",   "an array",   "a table"};
  return kNames[value.data.index()];
}

}  // namespace

ConfigTable::ConfigTable(const std::string& file, const std::string& path,
                         const ConfigValue& table)
    : file_(file), path_(path), table_(&table) {
  VU_CHECK(std::holds_alternative<ConfigEntries>(table.data),
           "a ConfigTable reads a table");
}

std::string ConfigTable::KeyPath(const std::string& key) const {
  return path_.empty() ? key : absl::StrCat(path_, ".", key);
}

std::string ConfigTable::WhereIs(ConfigPosition position) const {
  return absl::StrCat(file_, ":", position.line, ":", position.column);
}

std::string ConfigTable::Where() const { return WhereIs(table_->position); }

std::string ConfigTable::WhereItem(const std::string& key,
                                   std::size_t index) const {
  const auto& entries = std::get<ConfigEntries>(table_->data);
  const auto& items = std::get<ConfigArray>(entries.at(key).value.data);
  return WhereIs(items.at(index).position);
}

void ConfigTable::FailAt(ConfigPosition position, const std::string& key,
                         const std::string& message) {
  Absorb(absl::InvalidArgumentError(
      absl::StrCat(WhereIs(position), ": ", KeyPath(key), ": ", message)));
}

void ConfigTable::Fail(const std::string& key, const std::string& message) {
  const auto& entries = std::get<ConfigEntries>(table_->data);
  const auto found = entries.find(key);
  FailAt(
      found == entries.end() ? table_->position : found->second.value.position,
      key, message);
}

void ConfigTable::Forbid(const std::string& key, const std::string& message) {
  const auto& entries = std::get<ConfigEntries>(table_->data);
  const auto found = entries.find(key);
  if (found == entries.end()) return;
  FailAt(found->second.key_position, key, message);
}

void ConfigTable::Absorb(const absl::Status& status) {
  if (status_.ok()) status_ = status;
}

const ConfigValue* ConfigTable::Find(const std::string& key) {
  asked_.push_back(key);
  if (!status_.ok()) return nullptr;
  const auto& entries = std::get<ConfigEntries>(table_->data);
  const auto found = entries.find(key);
  return found == entries.end() ? nullptr : &found->second.value;
}

template <typename T>
std::optional<T> ConfigTable::Get(const std::string& key, const char* wanted) {
  const ConfigValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (const T* data = std::get_if<T>(&value->data)) return *data;
  Fail(key, absl::StrCat("must be ", wanted, ", is ", KindName(*value)));
  return std::nullopt;
}

std::optional<std::string> ConfigTable::String(const std::string& key) {
  return Get<std::string>(key, "a string");
}

std::optional<bool> ConfigTable::Bool(const std::string& key) {
  return Get<bool>(key, "a boolean");
}

std::optional<ConfigDate> ConfigTable::Date(const std::string& key) {
  return Get<ConfigDate>(key, "a date such as 2027-01-31");
}

std::optional<std::int64_t> ConfigTable::Integer(const std::string& key,
                                                 std::int64_t low,
                                                 std::int64_t high) {
  const auto value = Get<std::int64_t>(key, "an integer");
  if (value && (*value < low || *value > high)) {
    Fail(key,
         absl::StrCat("must be from ", low, " to ", high, ", is ", *value));
    return std::nullopt;
  }
  return value;
}

std::optional<std::vector<std::string>> ConfigTable::Strings(
    const std::string& key) {
  const auto array = Get<ConfigArray>(key, "an array of strings");
  if (!array) return std::nullopt;
  std::vector<std::string> strings;
  for (const ConfigValue& item : *array) {
    const auto* text = std::get_if<std::string>(&item.data);
    if (text == nullptr) {
      FailAt(
          item.position, key,
          absl::StrCat("must be an array of strings, holds ", KindName(item)));
      return std::nullopt;
    }
    strings.push_back(*text);
  }
  return strings;
}

std::optional<std::size_t> ConfigTable::Choice(
    const std::string& key, const std::vector<std::string>& allowed) {
  const auto text = String(key);
  if (!text) return std::nullopt;
  const auto found = std::find(allowed.begin(), allowed.end(), *text);
  if (found == allowed.end()) {
    Fail(key, absl::StrCat("must be one of ", absl::StrJoin(allowed, ", "),
                           "; is \"", *text, "\""));
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - allowed.begin());
}

std::optional<std::vector<std::pair<std::string, std::string>>>
ConfigTable::StringMap(const std::string& key) {
  const auto entries = Get<ConfigEntries>(key, "a table of strings");
  if (!entries) return std::nullopt;
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& [name, entry] : *entries) {
    const auto* text = std::get_if<std::string>(&entry.value.data);
    if (text == nullptr) {
      FailAt(entry.value.position, absl::StrCat(key, ".", name),
             absl::StrCat("must be a string, is ", KindName(entry.value)));
      return std::nullopt;
    }
    pairs.emplace_back(name, *text);
  }
  return pairs;
}

std::optional<ConfigTable> ConfigTable::Table(const std::string& key) {
  const ConfigValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  if (!std::holds_alternative<ConfigEntries>(value->data)) {
    Fail(key, absl::StrCat("must be a table, is ", KindName(*value)));
    return std::nullopt;
  }
  return ConfigTable(file_, KeyPath(key), *value);
}

std::optional<std::vector<ConfigTable>> ConfigTable::Tables(
    const std::string& key) {
  const ConfigValue* value = Find(key);
  if (value == nullptr) return std::nullopt;
  const auto* array = std::get_if<ConfigArray>(&value->data);
  std::vector<ConfigTable> tables;
  for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
    const ConfigValue& item = (*array)[i];
    if (!std::holds_alternative<ConfigEntries>(item.data)) array = nullptr;
    if (array != nullptr) tables.emplace_back(file_, KeyPath(key), item);
  }
  if (array == nullptr) {
    Fail(key, absl::StrCat("must be written as [[", KeyPath(key), "]]"));
    return std::nullopt;
  }
  return tables;
}

absl::Status ConfigTable::Finish() {
  if (!status_.ok()) return status_;
  for (const auto& [key, entry] : std::get<ConfigEntries>(table_->data)) {
    if (std::find(asked_.begin(), asked_.end(), key) != asked_.end()) continue;
    std::sort(asked_.begin(), asked_.end());
    FailAt(
        entry.key_position, key,
        absl::StrCat("unknown key; known here: ", absl::StrJoin(asked_, ", ")));
    break;
  }
  return status_;
}

}  // namespace vuspec
