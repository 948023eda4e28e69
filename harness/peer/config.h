// A TOML file as a tree of plain values, and a reader that forgives nothing.
//
// The TOML library stays behind config.cc. A ConfigTable remembers which keys
// were asked for: Finish() turns every other key of the file into an error
// that names file, line, column, the key and the keys that exist there. So a
// list of known keys is never written down a second time.
//
// Contract: values are owned by the ConfigFile and live as long as it does;
// the first error is kept (status()), later ones are dropped, and a getter
// after an error returns "absent". Not thread-safe. Nothing blocks but the
// reading of the file.
//
// Example:
//   ASSIGN file = ConfigFile::Load(path);
//   ConfigTable root = file.Root();
//   std::string name = root.String("name").value_or("");
//   if (absl::Status status = root.Finish(); !status.ok()) return status;
#ifndef VUSPEC_HARNESS_PEER_CONFIG_H_
#define VUSPEC_HARNESS_PEER_CONFIG_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace vuspec {

struct ConfigPosition {
  int line = 0;
  int column = 0;
};

struct ConfigDate {
  int year = 0;
  int month = 0;
  int day = 0;

  // 2027-01-31; such texts compare as the dates do.
  std::string ToString() const;
};

struct ConfigValue;
struct ConfigEntry;
using ConfigArray = std::vector<ConfigValue>;
using ConfigEntries = std::map<std::string, ConfigEntry>;

struct ConfigValue {
  ConfigPosition position;
  std::variant<std::monostate, std::string, std::int64_t, bool, double,
               ConfigDate, ConfigArray, ConfigEntries>
      data;
};

struct ConfigEntry {
  ConfigPosition key_position;
  ConfigValue value;
};

class ConfigTable;

class ConfigFile {
 public:
  // Errors: kNotFound, kInvalidArgument (not TOML; says where).
  static absl::StatusOr<ConfigFile> Load(const std::string& path);
  // `name` stands for the path in error messages.
  static absl::StatusOr<ConfigFile> Parse(const std::string& text,
                                          const std::string& name);

  // The top-level table. REQUIRES: the file outlives the table.
  ConfigTable Root() const;

 private:
  ConfigFile() = default;

  std::string name_;
  std::unique_ptr<ConfigValue> root_;
};

class ConfigTable {
 public:
  ConfigTable(const std::string& file, const std::string& path,
              const ConfigValue& table);

  // Each getter: nullopt when the key is absent or an error was found.
  std::optional<std::string> String(const std::string& key);
  std::optional<bool> Bool(const std::string& key);
  // An integer from `low` to `high`, both included.
  std::optional<std::int64_t> Integer(const std::string& key, std::int64_t low,
                                      std::int64_t high);
  std::optional<ConfigDate> Date(const std::string& key);
  std::optional<std::vector<std::string>> Strings(const std::string& key);
  // One of `allowed`; returns its index.
  std::optional<std::size_t> Choice(const std::string& key,
                                    const std::vector<std::string>& allowed);
  // A table whose keys are free, such as environment variables.
  std::optional<std::vector<std::pair<std::string, std::string>>> StringMap(
      const std::string& key);
  std::optional<ConfigTable> Table(const std::string& key);
  std::optional<std::vector<ConfigTable>> Tables(const std::string& key);

  // Records kInvalidArgument "file:line:column: key: message" at the value of
  // `key`, or at the table itself where the key is absent.
  void Fail(const std::string& key, const std::string& message);

  // Fails if `key` is there; it does not become a known one.
  void Forbid(const std::string& key, const std::string& message);

  // Keeps the first error of a nested table.
  void Absorb(const absl::Status& status);

  // The first error, or an error for the first key that nobody asked for.
  absl::Status Finish();

  // Where this table stands: "file:line:column".
  std::string Where() const;
  // Where an item of the array `key` stands. REQUIRES: it has that item.
  std::string WhereItem(const std::string& key, std::size_t index) const;

 private:
  const ConfigValue* Find(const std::string& key);
  template <typename T>
  std::optional<T> Get(const std::string& key, const char* wanted);
  std::string KeyPath(const std::string& key) const;
  std::string WhereIs(ConfigPosition position) const;
  void FailAt(ConfigPosition position, const std::string& key,
              const std::string& message);

  std::string file_;
  std::string path_;
  const ConfigValue* table_;
  std::vector<std::string> asked_;
  absl::Status status_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_PEER_CONFIG_H_
