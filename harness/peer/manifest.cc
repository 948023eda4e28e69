#include "harness/peer/manifest.h"

#include <cstddef>
#include <filesystem>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/peer/config.h"
#include "protocol/features.h"

namespace vuspec {
namespace {

constexpr std::int64_t kMaxMillis = 600'000;

// Assigns the chosen enumerator; `names` are in the order of the enum from
// `first` on.
template <typename Enum>
void ReadChoice(ConfigTable& table, const std::string& key,
                const std::vector<std::string>& names, Enum first,
                Enum& target) {
  if (const auto index = table.Choice(key, names)) {
    target = static_cast<Enum>(static_cast<std::size_t>(first) + *index);
  }
}

void ReadMillis(ConfigTable& table, const std::string& key,
                std::chrono::milliseconds& target) {
  if (const auto value = table.Integer(key, 1, kMaxMillis)) {
    target = std::chrono::milliseconds(*value);
  }
}

void ReadFiles(ConfigTable& spawn, std::vector<ScratchFile>& files) {
  auto tables = spawn.Tables("files");
  if (!tables) return;
  for (ConfigTable& table : *tables) {
    ScratchFile file;
    file.path = table.String("path").value_or("");
    file.size = static_cast<std::uint64_t>(
        table.Integer("size", 0, std::numeric_limits<std::int64_t>::max())
            .value_or(0));
    const std::filesystem::path path(file.path);
    bool inside = !file.path.empty() && path.is_relative();
    for (const auto& part : path) inside = inside && part != "..";
    if (!inside) table.Fail("path", "must be a path inside {dir}");
    spawn.Absorb(table.Finish());
    files.push_back(std::move(file));
  }
}

bool Mentions(const std::vector<std::string>& argv, const char* token) {
  for (const std::string& argument : argv) {
    if (argument.find(token) != std::string::npos) return true;
  }
  return false;
}

void ReadSpawn(ConfigTable& root, Manifest& manifest) {
  auto table = root.Table("spawn");
  if (!table) {
    root.Fail("spawn", "is missing: how is the peer started?");
    return;
  }
  SpawnRecipe& spawn = manifest.spawn;
  spawn.argv = table->Strings("argv").value_or(std::vector<std::string>());
  if (spawn.argv.empty()) {
    table->Fail("argv", "must name the program and its arguments");
  } else if (!Mentions(spawn.argv, "{socket}")) {
    table->Fail("argv", "must pass {socket}, the path of the socket");
  }
  spawn.env = table->StringMap("env").value_or(
      std::vector<std::pair<std::string, std::string>>());
  ReadChoice(*table, "ready", {"listening", "dials"}, Ready::kListening,
             spawn.ready);
  ReadChoice(*table, "stdin", {"null", "open"}, StdinMode::kNull,
             spawn.stdin_mode);
  ReadChoice(*table, "after_disconnect",
             {"stays", "exits", "redials", "relistens"}, Life::kStays,
             manifest.after_disconnect);
  ReadChoice(*table, "second_connection",
             {"queued", "refused", "closed", "served"},
             SecondConnection::kQueued, manifest.second_connection);
  ReadFiles(*table, spawn.files);
  const bool dials = spawn.ready == Ready::kDials;
  if (dials && (manifest.after_disconnect == Life::kStays ||
                manifest.after_disconnect == Life::kRelistens)) {
    table->Fail("after_disconnect",
                "a peer that dials either redials or exits");
  }
  if (!dials && manifest.after_disconnect == Life::kRedials) {
    table->Fail("after_disconnect", "only a peer that dials can redial");
  }
  root.Absorb(table->Finish());
}

template <typename Find>
void ReadFeatures(ConfigTable& table, const std::string& key, Find find,
                  std::uint64_t& mask) {
  const auto names = table.Strings(key);
  if (!names) return;
  for (const std::string& name : *names) {
    const auto feature = find(name);
    if (!feature) {
      table.Fail(key, absl::StrCat("no feature is called \"", name, "\""));
      return;
    }
    mask |= protocol::Mask(*feature);
  }
}

void ReadClaims(ConfigTable& root, Claims& claims) {
  auto table = root.Table("claims");
  if (!table) return;
  ReadFeatures(*table, "protocol", protocol::FindProtocolFeature,
               claims.protocol_features);
  ReadFeatures(*table, "virtio", protocol::FindVirtioFeature,
               claims.virtio_features);
  if (const auto count = table->Integer("queues", 1, 65535)) {
    claims.queue_count = static_cast<int>(*count);
  }
  root.Absorb(table->Finish());
}

void ReadLimits(ConfigTable& root, Limits& limits) {
  auto table = root.Table("limits");
  if (!table) return;
  if (const auto mib = table->Integer("memory_mib", 1, 1 << 20)) {
    limits.memory_mib = static_cast<std::uint64_t>(*mib);
  }
  if (const auto seconds = table->Integer("cpu_seconds", 1, 1 << 20)) {
    limits.cpu = std::chrono::seconds(*seconds);
  }
  ReadMillis(*table, "deadline_ms", limits.deadline);
  ReadMillis(*table, "start_ms", limits.start);
  ReadMillis(*table, "stop_ms", limits.stop);
  root.Absorb(table->Finish());
}

void ReadData(ConfigTable& root, DataOptions& data) {
  auto table = root.Table("data");
  if (!table) return;
  data.polled = table->Bool("polled").value_or(false);
  data.io = table->String("io").value_or("");
  root.Absorb(table->Finish());
}

void ReadGate(ConfigTable& root, const std::string& manifest_path, Gate& gate) {
  auto table = root.Table("gate");
  if (!table) return;
  const std::vector<std::string> levels = {"must", "should", "defacto",
                                           "robust"};
  if (const auto level = table->Choice("level", levels)) {
    gate.level = levels[*level];
  }
  if (const auto path = table->String("expectations")) {
    const std::filesystem::path folder =
        std::filesystem::path(manifest_path).parent_path();
    gate.expectations = (folder / *path).string();
  }
  root.Absorb(table->Finish());
}

absl::StatusOr<Manifest> ReadManifest(const ConfigFile& file,
                                      const std::string& path) {
  ConfigTable root = file.Root();
  Manifest manifest;
  manifest.source = path;
  manifest.name = root.String("name").value_or("");
  if (manifest.name.empty()) root.Fail("name", "must name the peer");
  const std::vector<std::string> roles = {"backend", "frontend"};
  if (const auto role = root.Choice("role", roles)) {
    manifest.role = roles[*role];
  }
  if (const auto device = root.Choice("device", DeviceNames())) {
    manifest.device = DeviceNames()[*device];
  }
  ReadSpawn(root, manifest);
  ReadClaims(root, manifest.claims);
  ReadLimits(root, manifest.limits);
  ReadData(root, manifest.data);
  ReadGate(root, path, manifest.gate);
  if (absl::Status status = root.Finish(); !status.ok()) return status;
  return manifest;
}

void ReplaceAll(std::string& text, const std::string& token,
                const std::string& value) {
  for (std::size_t at = 0; (at = text.find(token, at)) != std::string::npos;
       at += value.size()) {
    text.replace(at, token.size(), value);
  }
}

}  // namespace

const std::vector<std::string>& DeviceNames() {
  static const std::vector<std::string> names = {"blk", "net",   "gpu",
                                                 "fs",  "vsock", "generic"};
  return names;
}

absl::StatusOr<Manifest> LoadManifest(const std::string& path) {
  absl::StatusOr<ConfigFile> file = ConfigFile::Load(path);
  if (!file.ok()) return file.status();
  return ReadManifest(*file, path);
}

absl::StatusOr<Manifest> ParseManifest(const std::string& text,
                                       const std::string& path) {
  absl::StatusOr<ConfigFile> file = ConfigFile::Parse(text, path);
  if (!file.ok()) return file.status();
  return ReadManifest(*file, path);
}

absl::StatusOr<Manifest> ManifestFromCommand(
    const std::vector<std::string>& command) {
  if (command.empty()) {
    return absl::InvalidArgumentError("no command after --");
  }
  if (!Mentions(command, "{socket}")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the command lacks {socket}: write it where ", command.front(),
        " takes the path of its socket, as in --socket-path={socket}"));
  }
  Manifest manifest;
  manifest.name = std::filesystem::path(command.front()).filename().string();
  manifest.spawn.argv = command;
  // A program that reads commands would end at the end of a closed input.
  manifest.spawn.stdin_mode = StdinMode::kOpen;
  manifest.after_disconnect = Life::kLearned;
  return manifest;
}

Manifest ManifestForSocket(const std::string& socket_path) {
  Manifest manifest;
  manifest.name = socket_path;
  return manifest;
}

std::string Substitute(const std::string& text, const std::string& socket,
                       const std::string& dir) {
  std::string result = text;
  ReplaceAll(result, "{socket}", socket);
  ReplaceAll(result, "{dir}", dir);
  return result;
}

}  // namespace vuspec
