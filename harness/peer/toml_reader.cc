// The only file that sees the TOML library.
#define TOML_HEADER_ONLY 1
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/peer/config.h"

namespace vuspec {
namespace {

ConfigPosition PositionOf(const toml::source_region& source) {
  return {.line = static_cast<int>(source.begin.line),
          .column = static_cast<int>(source.begin.column)};
}

ConfigValue Convert(const toml::node& node) {
  ConfigValue value;
  value.position = PositionOf(node.source());
  if (const toml::table* table = node.as_table()) {
    ConfigEntries entries;
    for (const auto& [key, child] : *table) {
      entries.emplace(std::string(key.str()),
                      ConfigEntry{.key_position = PositionOf(key.source()),
                                  .value = Convert(child)});
    }
    value.data = std::move(entries);
  } else if (const toml::array* array = node.as_array()) {
    ConfigArray items;
    for (const toml::node& child : *array) items.push_back(Convert(child));
    value.data = std::move(items);
  } else if (const auto* text = node.as_string()) {
    value.data = text->get();
  } else if (const auto* integer = node.as_integer()) {
    value.data = integer->get();
  } else if (const auto* flag = node.as_boolean()) {
    value.data = flag->get();
  } else if (const auto* number = node.as_floating_point()) {
    value.data = number->get();
  } else if (const auto* date = node.as_date()) {
    value.data = ConfigDate{.year = static_cast<int>(date->get().year),
                            .month = static_cast<int>(date->get().month),
                            .day = static_cast<int>(date->get().day)};
  }
  return value;
}

}  // namespace

std::string ConfigDate::ToString() const {
  return absl::StrFormat("%04d-%02d-%02d", year, month, day);
}

absl::StatusOr<ConfigFile> ConfigFile::Load(const std::string& path) {
  std::error_code error;
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path, error)) {
    return absl::NotFoundError(absl::StrCat(path, ": cannot be opened"));
  }
  std::ostringstream text;
  text << in.rdbuf();
  return Parse(text.str(), path);
}

absl::StatusOr<ConfigFile> ConfigFile::Parse(const std::string& text,
                                             const std::string& name) {
  toml::parse_result result = toml::parse(text, name);
  if (!result) {
    const ConfigPosition at = PositionOf(result.error().source());
    return absl::InvalidArgumentError(absl::StrCat(
        name, ":", at.line, ":", at.column,
        ": not TOML: ", std::string(result.error().description())));
  }
  ConfigFile file;
  file.name_ = name;
  file.root_ = std::make_unique<ConfigValue>(Convert(result.table()));
  return file;
}

ConfigTable ConfigFile::Root() const { return ConfigTable(name_, "", *root_); }

}  // namespace vuspec
