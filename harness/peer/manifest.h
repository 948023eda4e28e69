// What vuspec knows about a peer before it starts it: a TOML peer manifest.
//
// Contract: plain data, owned by value. Unknown keys, wrong types and feature
// names that do not exist are errors with file, line and column. Relative
// paths of a manifest count from the folder of the manifest file; the argv of
// a program is looked up as execvp does.
//
// Example: conformance/peers/virtiofsd.toml.
#ifndef VUSPEC_HARNESS_PEER_MANIFEST_H_
#define VUSPEC_HARNESS_PEER_MANIFEST_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace vuspec {

// What the peer does when the front-end closes the connection.
enum class Life {
  kStays,      // the process stays and accepts the next connection
  kExits,      // it exits with 0 and is started anew for the next connection
  kRedials,    // it stays and dials our socket again
  kRelistens,  // it stays, and makes its socket anew for the next connection
  kLearned,    // not stated (a command line): seen at the first disconnect
};

// What happens to a connection made while another one is up.
enum class SecondConnection { kUnknown, kQueued, kRefused, kClosed, kServed };

// How a started peer shows that it is ready.
enum class Ready { kListening, kDials };

enum class StdinMode { kNull, kOpen };

// A file made sparse in the scratch folder before the peer starts.
struct ScratchFile {
  std::string path;  // relative to {dir}; folders are made as needed
  std::uint64_t size = 0;
};

struct SpawnRecipe {
  // {socket} and {dir} stand for the socket path and the scratch folder.
  std::vector<std::string> argv;
  std::vector<std::pair<std::string, std::string>> env;  // added to ours
  Ready ready = Ready::kListening;
  StdinMode stdin_mode = StdinMode::kNull;
  std::vector<ScratchFile> files;
};

// What the peer promises: a case that needs one of these may not skip.
struct Claims {
  std::uint64_t protocol_features = 0;
  std::uint64_t virtio_features = 0;
  std::optional<int> queue_count;
};

struct Limits {
  std::uint64_t memory_mib = 4096;
  std::chrono::seconds cpu{600};             // over one life of the process
  std::chrono::milliseconds deadline{2000};  // for one answer
  std::chrono::milliseconds start{10000};    // from exec to ready
  std::chrono::milliseconds stop{2000};      // for a wished exit
};

struct DataOptions {
  bool polled = false;  // the peer polls its rings, kicks are not needed
  // What lies behind the device, for its verified I/O: see MakeDeviceDriver in
  // harness/device. {socket} and {dir} as in argv.
  std::string io;
};

struct Gate {
  std::string level;         // must, should, defacto, robust; "" = default
  std::string expectations;  // path of the expectations file, "" = none
};

// What the device of a peer may be.
const std::vector<std::string>& DeviceNames();

struct Manifest {
  std::string name;
  std::string role = "backend";    // or "frontend"
  std::string device = "generic";  // one of DeviceNames()
  SpawnRecipe spawn;               // argv empty: vuspec does not start it
  Life after_disconnect = Life::kStays;
  SecondConnection second_connection = SecondConnection::kUnknown;
  Claims claims;
  Limits limits;
  DataOptions data;
  Gate gate;
  std::string source;  // path of the manifest file, "" when made otherwise
};

// Errors: kNotFound; kInvalidArgument "file:line:column: key: what is wrong".
absl::StatusOr<Manifest> LoadManifest(const std::string& path);
absl::StatusOr<Manifest> ParseManifest(const std::string& text,
                                       const std::string& path);

// A manifest for `-- COMMAND ... {socket} ...`: named after the program, every
// limit at its default, the life after a disconnect learned from the peer.
// Errors: kInvalidArgument when the command is empty or lacks {socket}.
absl::StatusOr<Manifest> ManifestFromCommand(
    const std::vector<std::string>& command);

// A manifest for a peer that somebody else runs.
Manifest ManifestForSocket(const std::string& socket_path);

// `text` with every {socket} and {dir} replaced; other braces are kept, since
// JSON is a common argument.
std::string Substitute(const std::string& text, const std::string& socket,
                       const std::string& dir);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_PEER_MANIFEST_H_
