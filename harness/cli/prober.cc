#include "harness/cli/prober.h"

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "harness/device/device_driver.h"
#include "harness/report/median.h"
#include "harness/suite/health_verdict.h"
#include "harness/transport/connection.h"
#include "harness/transport/unix_channel.h"
#include "protocol/byte_cursor.h"
#include "protocol/codec.h"
#include "protocol/features.h"
#include "protocol/message.h"

namespace vuspec {
namespace {

using Clock = std::chrono::steady_clock;
using protocol::Body;
using protocol::ProtocolFeature;
using protocol::Request;
using protocol::VirtioFeature;

// Enough for a median; one will do for a peer that is slow to come back.
constexpr int kBaselineRounds = 9;
constexpr std::chrono::milliseconds kSlowRound{50};

// What a probe negotiates: nothing that changes how it is answered.
constexpr std::uint64_t kWanted =
    Mask(ProtocolFeature::MQ, ProtocolFeature::CONFIG,
         ProtocolFeature::CONFIGURE_MEM_SLOTS);

class Asker {
 public:
  Asker(UniqueFd socket, const RunContext& context)
      : connection_(std::make_unique<UnixChannel>(std::move(socket))),
        context_(context) {}

  // The payload of the next message that comes back, whatever it is; nullopt
  // if none does. `body` is sent as it is.
  std::optional<std::vector<std::byte>> Ask(Request request,
                                            const Body& body = {}) {
    if (!Tell(request, body)) return std::nullopt;
    Received answer = connection_.Receive(context_.ForAnswer());
    status_ = answer.status();
    answered_ = answer.ok() || answer.violation() != nullptr ||
                connection_.MidMessage();
    if (!answer.ok()) return std::nullopt;
    return std::move(answer.message().payload);
  }

  std::optional<std::uint64_t> AskU64(Request request) {
    const auto payload = Ask(request);
    if (!payload.has_value()) return std::nullopt;
    const auto body = protocol::DecodeBody(protocol::Payload::kU64, *payload,
                                           {"probe", protocol::Req::HDR_01});
    if (!body.ok()) return std::nullopt;
    return std::get<protocol::U64>(*body).value;
  }

  bool Tell(Request request, const Body& body = {}) {
    std::vector<std::byte> payload(protocol::EncodedSize(body));
    protocol::EncodeBody(body, payload);
    const protocol::Header header{static_cast<std::uint32_t>(request),
                                  protocol::kVersion,
                                  static_cast<std::uint32_t>(payload.size())};
    status_ =
        connection_.SendMessage(header, payload, {}, context_.ForAnswer());
    return status_.ok();
  }

  // Whether anything came back for the last question.
  bool answered() const { return answered_; }
  const absl::Status& status() const { return status_; }

 private:
  Connection connection_;
  const RunContext& context_;
  absl::Status status_;
  bool answered_ = false;
};

std::chrono::microseconds Since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() -
                                                               start);
}

Preflight Down(Verdict verdict, std::string reason) {
  Preflight preflight;
  preflight.verdict = verdict;
  preflight.reason = std::move(reason);
  return preflight;
}

// Why GET_FEATURES had no answer: dead, hung, or a malformed reply, which is
// for the cases.
std::optional<Preflight> DiagnoseSilence(const RunContext& context,
                                         const Asker& asker) {
  const PeerHealth health = context.peer().Check();
  if (!health.ok()) {
    std::string reason = "down at the first GET_FEATURES: " + ReasonOf(health);
    const std::string tail = context.peer().StderrTail();
    if (!tail.empty()) absl::StrAppend(&reason, "\n", tail);
    return Down(VerdictOf(health), std::move(reason));
  }
  if (asker.answered()) return std::nullopt;
  if (absl::IsDeadlineExceeded(asker.status())) {
    return Down(Verdict::kHang,
                absl::StrCat("no answer to GET_FEATURES in ",
                             context.answer_budget().count(), " ms"));
  }
  return Down(Verdict::kCrash,
              absl::StrCat("closes the connection instead of answering "
                           "GET_FEATURES: ",
                           std::string(asker.status().message())));
}

// connect + GET_FEATURES + close, over and over; fills the virtio features.
std::optional<Preflight> MeasureBaseline(const RunContext& context,
                                         ProbeResult& probe) {
  std::vector<std::chrono::microseconds> rounds;
  std::vector<std::chrono::microseconds> answers;
  for (int i = 0; i < kBaselineRounds; ++i) {
    const Clock::time_point start = Clock::now();
    absl::StatusOr<UniqueFd> socket =
        context.peer().Connect(context.ForAnswer());
    if (!socket.ok()) {
      return Down(Verdict::kBroken,
                  absl::StrCat("the peer cannot be reached: ",
                               std::string(socket.status().message())));
    }
    {
      Asker asker(*std::move(socket), context);
      const Clock::time_point asked = Clock::now();
      const auto features = asker.AskU64(Request::GET_FEATURES);
      answers.push_back(Since(asked));
      if (!features.has_value()) return DiagnoseSilence(context, asker);
      probe.virtio_features = *features;
    }
    rounds.push_back(Since(start));
    // The first round of a process includes its start.
    const bool slow = rounds.back() > kSlowRound;
    if (i > 0 && slow) break;
  }
  probe.round_trip = Median(rounds);
  probe.answer = Median(answers);
  return std::nullopt;
}

// Negotiates on a fresh connection; nullopt if there is none.
std::optional<Asker> Negotiate(const RunContext& context, ProbeResult& probe) {
  absl::StatusOr<UniqueFd> socket = context.peer().Connect(context.ForAnswer());
  if (!socket.ok()) return std::nullopt;
  Asker asker(*std::move(socket), context);
  asker.Tell(Request::SET_OWNER);
  asker.AskU64(Request::GET_FEATURES);
  if (!Has(probe.virtio_features, VirtioFeature::PROTOCOL_FEATURES)) {
    return asker;
  }
  probe.protocol_features =
      asker.AskU64(Request::GET_PROTOCOL_FEATURES).value_or(0);
  asker.Tell(Request::SET_PROTOCOL_FEATURES,
             protocol::U64{probe.protocol_features & kWanted});
  return asker;
}

void AskLimits(Asker& asker, ProbeResult& probe) {
  if (Has(probe.protocol_features, ProtocolFeature::MQ)) {
    probe.queue_count = asker.AskU64(Request::GET_QUEUE_NUM).value_or(0);
  }
  if (Has(probe.protocol_features, ProtocolFeature::CONFIGURE_MEM_SLOTS)) {
    probe.memory_slots = asker.AskU64(Request::GET_MAX_MEM_SLOTS).value_or(0);
  }
}

void AskConfig(const RunContext& context, Asker& asker, ProbeReport& report) {
  const ProbeResult& probe = report.preflight.probe;
  if (!Has(probe.protocol_features, ProtocolFeature::CONFIG)) {
    report.config_note = "CONFIG is not offered";
    return;
  }
  const auto driver = MakeDeviceDriver(context.device());
  if (driver == nullptr) {
    report.config_note =
        "no layout is known for a device of kind " + context.device();
    return;
  }
  protocol::Config wanted;
  wanted.size = driver->profile().config_size;
  const auto payload = asker.Ask(Request::GET_CONFIG, wanted);
  if (!payload.has_value()) {
    report.config_note = "no answer to GET_CONFIG";
    return;
  }
  const auto body = protocol::DecodeBody(protocol::Payload::kConfig, *payload,
                                         {"probe", protocol::Req::HDR_01});
  if (!body.ok()) {
    report.config_note = "GET_CONFIG is refused, or its reply is malformed";
    return;
  }
  const auto& config = std::get<protocol::Config>(*body);
  report.config.assign(config.bytes.begin(),
                       config.bytes.begin() + config.size);
}

// With a first connection up.
std::string DescribeSecond(const RunContext& context) {
  absl::StatusOr<UniqueFd> second =
      context.peer().ConnectBeside(context.ForAnswer());
  if (!second.ok()) {
    return absl::StrCat("refused: ", std::string(second.status().message()));
  }
  // A peer that queues it does not answer while the first one is up.
  const RunContext hurried(
      context.peer(),
      {context.seed(), context.quiet_budget(), context.device()},
      context.probe());
  Asker asker(*std::move(second), hurried);
  if (asker.AskU64(Request::GET_FEATURES).has_value()) return "served at once";
  return absl::IsDeadlineExceeded(asker.status()) ? "queued" : "closed";
}

std::string DescribeAfterDisconnect(const RunContext& context,
                                    ProbeReport& report) {
  const PeerHealth health = context.peer().Settle();
  if (!health.ok()) report.health = ReasonOf(health);
  const std::string state =
      health.state == PeerHealth::State::kAlive ? "stays"
      : health.state == PeerHealth::State::kNotOwned
          ? "not our process"
          : "exits, and is started for the next connection";
  const bool again = context.peer().Connect(context.ForAnswer()).ok();
  return state + (again ? ", serves again" : ", does not serve again");
}

}  // namespace

Preflight Probe(const RunContext& context) {
  Preflight preflight;
  if (auto down = MeasureBaseline(context, preflight.probe)) {
    return *std::move(down);
  }
  if (std::optional<Asker> asker = Negotiate(context, preflight.probe)) {
    AskLimits(*asker, preflight.probe);
  }
  // Looked at here, so that no case is blamed for it. The cases go on: one of
  // them will tell which message it is.
  const PeerHealth health = context.peer().Settle();
  if (!health.ok()) {
    preflight.verdict = VerdictOf(health);
    preflight.reason =
        "down when asked for features and limits: " + ReasonOf(health);
    preflight.go_on = true;
  }
  return preflight;
}

std::chrono::microseconds MeasureRoundTrip(const RunContext& context) {
  const Clock::time_point start = Clock::now();
  absl::StatusOr<UniqueFd> socket = context.peer().Connect(context.ForAnswer());
  if (!socket.ok()) return {};
  {
    Asker asker(*std::move(socket), context);
    if (!asker.AskU64(Request::GET_FEATURES).has_value()) return {};
  }
  return Since(start);
}

ProbeReport ProbeAtLength(const RunContext& context) {
  ProbeReport report;
  ProbeResult& probe = report.preflight.probe;
  if (auto down = MeasureBaseline(context, probe)) {
    report.preflight = *std::move(down);
    return report;
  }
  if (std::optional<Asker> asker = Negotiate(context, probe)) {
    AskLimits(*asker, probe);
    AskConfig(context, *asker, report);
    report.second_connection = DescribeSecond(context);
  }
  report.after_disconnect = DescribeAfterDisconnect(context, report);
  return report;
}

}  // namespace vuspec
