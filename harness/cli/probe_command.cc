#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "harness/cli/commands.h"
#include "harness/cli/json_output.h"
#include "harness/cli/prober.h"
#include "harness/cli/target.h"
#include "harness/report/terminal.h"
#include "harness/suite/context.h"
#include "protocol/features.h"

namespace vuspec {
namespace {

std::string Row(const char* name, const std::string& text) {
  if (text.empty()) return "";
  return absl::StrFormat("%-12s%s\n", name, Printable(text));
}

std::string ConfigText(const ProbeReport& report) {
  if (report.config.empty()) return report.config_note;
  std::string text = absl::StrCat(report.config.size(), " bytes:");
  for (const std::uint8_t byte : report.config) {
    absl::StrAppendFormat(&text, " %02x", byte);
  }
  return text;
}

std::string ProbeText(const Target& target, const ProbeReport& report) {
  const Preflight& preflight = report.preflight;
  const ProbeResult& probe = preflight.probe;
  std::string text = Row("peer", target.manifest.name);
  if (preflight.verdict != Verdict::kPass) {
    return text +
           Row("down", absl::StrCat(std::string(ToString(preflight.verdict)),
                                    ": ", preflight.reason));
  }
  const auto number = [](std::uint64_t value) {
    return value == 0 ? std::string("not told") : std::to_string(value);
  };
  absl::StrAppend(
      &text,
      Row("virtio",
          absl::StrFormat("0x%x  %s", probe.virtio_features,
                          protocol::VirtioFeatureNames(probe.virtio_features))),
      Row("protocol", absl::StrFormat("0x%x  %s", probe.protocol_features,
                                      protocol::ProtocolFeatureNames(
                                          probe.protocol_features))),
      Row("queues", number(probe.queue_count)),
      Row("slots", number(probe.memory_slots)),
      Row("config", ConfigText(report)),
      Row("round trip",
          absl::StrFormat("%.3f ms for connect + GET_FEATURES + close, "
                          "%.3f ms for GET_FEATURES alone",
                          static_cast<double>(probe.round_trip.count()) / 1e3,
                          static_cast<double>(probe.answer.count()) / 1e3)),
      Row("disconnect", report.after_disconnect),
      Row("second one", report.second_connection),
      Row("health", report.health));
  return text;
}

ExitCode CodeOf(const ProbeReport& report) {
  switch (report.preflight.verdict) {
    case Verdict::kPass:
      return report.health.empty() ? ExitCode::kAsExpected
                                   : ExitCode::kPeerDown;
    case Verdict::kBroken:
      return ExitCode::kNotTrusted;
    default:
      return ExitCode::kPeerDown;
  }
}

}  // namespace

ExitCode ProbeCommand(const ProbeOptions& options) {
  absl::StatusOr<Target> target = ResolveTarget(options.target);
  if (!target.ok()) return Complain(target.status(), ExitCode::kUsage);
  absl::StatusOr<std::unique_ptr<Peer>> peer = target->make_peer(0);
  if (!peer.ok()) return Complain(peer.status(), ExitCode::kNotTrusted);
  const RunContext context(**peer, target->settings);
  const ProbeReport report = ProbeAtLength(context);
  return Print(options.json ? ProbeJson(report) : ProbeText(*target, report),
               CodeOf(report));
}

}  // namespace vuspec
