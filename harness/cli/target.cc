#include "harness/cli/target.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/backend/device.h"
#include "harness/backend/mock_peer.h"
#include "harness/cli/suggest.h"
#include "harness/peer/process_peer.h"
#include "harness/peer/socket_peer.h"
#include "harness/report/summary.h"

namespace vuspec {
namespace {

// The program that runs now, as the mock in a process of its own.
constexpr const char* kOurselves = "/proc/self/exe";

absl::StatusOr<std::unique_ptr<Peer>> MakeProcess(const Manifest& manifest) {
  absl::StatusOr<std::unique_ptr<ProcessPeer>> peer =
      ProcessPeer::Make(manifest);
  if (!peer.ok()) return peer.status();
  return std::unique_ptr<Peer>(*std::move(peer));
}

PeerFactory ProcessFactory(const Manifest& manifest) {
  return [manifest](int) { return MakeProcess(manifest); };
}

absl::Status CheckCombination(const TargetOptions& options) {
  const int named = (options.peer_file.empty() ? 0 : 1) +
                    (options.socket.empty() ? 0 : 1) +
                    (options.has_command ? 1 : 0);
  if (named > 1) {
    return absl::InvalidArgumentError(
        "more than one target: give --peer, --socket or -- COMMAND");
  }
  if (named == 1 && !options.faults.empty()) {
    return absl::InvalidArgumentError(
        "--fault is for the built-in mock: leave --peer, --socket and -- "
        "COMMAND away");
  }
  if (options.has_command && options.command.empty()) {
    return absl::InvalidArgumentError(
        "no command after --: write -- COMMAND ... with {socket} where the "
        "path of its socket goes");
  }
  return absl::OkStatus();
}

// A defect that ends or blocks its process needs one of its own.
absl::StatusOr<Target> MockInProcess(const TargetOptions& options,
                                     const MockOptions& mock) {
  std::vector<std::string> command = {kOurselves, "serve",    "--socket",
                                      "{socket}", "--device", mock.device};
  for (const std::string& fault : options.faults) {
    command.insert(command.end(), {"--fault", fault});
  }
  absl::StatusOr<Manifest> manifest = ManifestFromCommand(command);
  if (!manifest.ok()) return manifest.status();
  Target target;
  target.manifest = *std::move(manifest);
  target.manifest.after_disconnect = Life::kStays;
  target.manifest.device = mock.device;
  target.make_peer = ProcessFactory(target.manifest);
  return target;
}

absl::StatusOr<Target> Mock(const TargetOptions& options) {
  MockOptions mock;
  if (!options.device.empty()) mock.device = options.device;
  const auto& names = MockDeviceNames();
  if (std::find(names.begin(), names.end(), mock.device) == names.end()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the built-in mock cannot be a ", mock.device,
        " device: use --device blk, net or gpu, or name a target"));
  }
  absl::StatusOr<FaultSet> faults = ParseFaults(options.faults);
  if (!faults.ok()) return faults.status();
  mock.faults = *faults;
  if (mock.faults.process_only()) return MockInProcess(options, mock);
  Target target;
  target.manifest.name = "mock";
  target.manifest.device = mock.device;
  target.make_peer = [mock](int) -> absl::StatusOr<std::unique_ptr<Peer>> {
    absl::StatusOr<std::unique_ptr<MockPeer>> peer = MockPeer::Create(mock);
    if (!peer.ok()) return peer.status();
    return std::unique_ptr<Peer>(*std::move(peer));
  };
  return target;
}

absl::StatusOr<Target> FromManifest(absl::StatusOr<Manifest> manifest,
                                    std::string text) {
  if (!manifest.ok()) return manifest.status();
  if (manifest->role != "backend") {
    return absl::InvalidArgumentError(absl::StrCat(
        manifest->name, " is a front-end: this version judges back-ends only"));
  }
  Target target;
  target.manifest = *std::move(manifest);
  target.make_peer = ProcessFactory(target.manifest);
  target.text = std::move(text);
  return target;
}

absl::StatusOr<Target> Named(const TargetOptions& options) {
  if (!options.peer_file.empty()) {
    return FromManifest(LoadManifest(options.peer_file),
                        absl::StrCat("--peer ", ShellQuote(options.peer_file)));
  }
  if (options.has_command) {
    std::string text = "--";
    for (const std::string& word : options.command) {
      absl::StrAppend(&text, " ", ShellQuote(word));
    }
    return FromManifest(ManifestFromCommand(options.command), text);
  }
  if (options.socket.empty()) return Mock(options);
  Target target;
  target.manifest = ManifestForSocket(options.socket);
  target.make_peer =
      [path = options.socket](int) -> absl::StatusOr<std::unique_ptr<Peer>> {
    return std::make_unique<SocketPeer>(path);
  };
  target.text = absl::StrCat("--socket ", ShellQuote(options.socket));
  target.shared = true;
  return target;
}

}  // namespace

absl::StatusOr<FaultSet> ParseFaults(const std::vector<std::string>& names) {
  FaultSet faults;
  for (const std::string& name : names) {
    const std::optional<Fault> fault = FindFault(name);
    if (!fault.has_value()) {
      std::vector<std::string> known;
      for (const FaultRow& row : AllFaults()) known.emplace_back(row.name);
      return absl::InvalidArgumentError(
          absl::StrCat("no defect is called ", name, DidYouMean(name, known),
                       "; `vuspec list --faults` lists them"));
    }
    faults.Add(*fault);
  }
  return faults;
}

absl::StatusOr<Target> ResolveTarget(const TargetOptions& options) {
  if (absl::Status status = CheckCombination(options); !status.ok()) {
    return status;
  }
  absl::StatusOr<Target> target = Named(options);
  if (!target.ok()) return target;
  std::vector<std::string> repeat;
  if (!options.device.empty()) {
    target->manifest.device = options.device;
    repeat.push_back("--device " + options.device);
  }
  if (options.deadline_ms.has_value()) {
    target->manifest.limits.deadline =
        std::chrono::milliseconds(*options.deadline_ms);
    repeat.push_back(absl::StrCat("--deadline-ms ", *options.deadline_ms));
  }
  for (const std::string& fault : options.faults) {
    repeat.push_back("--fault " + fault);
  }
  for (const std::string& option : repeat) {
    absl::StrAppend(&target->options, target->options.empty() ? "" : " ",
                    option);
  }
  target->settings.device = target->manifest.device;
  target->settings.deadline = target->manifest.limits.deadline;
  target->defective = !options.faults.empty();
  return target;
}

}  // namespace vuspec
