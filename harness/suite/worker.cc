#include "harness/suite/worker.h"

#include <signal.h>
#include <sys/prctl.h>

#include <cstdlib>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/report/json_report.h"
#include "harness/suite/context.h"
#include "harness/suite/engine.h"
#include "harness/suite/health_verdict.h"
#include "harness/suite/worker_link.h"
#include "harness/transport/unix_channel.h"

namespace vuspec {
namespace {

// The runner decides about interruptions; a terminal sends them to all of us.
void LeaveInterruptsToRunner() {
  struct sigaction action = {};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

std::string DownText(Verdict verdict, const std::string& reason) {
  return std::string(ToString(verdict)) + " " + reason;
}

class Worker {
 public:
  Worker(const RunPlan& plan, const ProbeResult& probe, int socket,
         std::unique_ptr<Peer> peer)
      : plan_(plan), socket_(socket), peer_(std::move(peer)) {
    UseProbe(probe);
  }

  // Until the runner has no more to ask.
  void Serve() {
    while (const std::optional<Record> record = AwaitRecord(socket_)) {
      if (record->kind == RecordKind::kPreflight) {
        SendRecord(socket_, Look());
      } else {
        CaseResult result = engine_.Run(record->text);
        if (plan_.round_trip) result.round_trip = plan_.round_trip(*context_);
        SendRecord(socket_, {RecordKind::kCaseDone, EncodeCaseResult(result)});
      }
    }
    const PeerHealth health = peer_->Stop();
    SendRecord(socket_,
               {RecordKind::kFarewell,
                health.ok() ? std::string()
                            : DownText(VerdictOf(health), ReasonOf(health))});
  }

 private:
  void UseProbe(const ProbeResult& probe) {
    scope_.reset();
    context_.emplace(*peer_, plan_.settings, probe);
    scope_.emplace(*context_);
  }

  Record Look() {
    const Preflight preflight = plan_.preflight(*context_);
    if (preflight.verdict != Verdict::kPass) {
      const std::string text = DownText(preflight.verdict, preflight.reason);
      if (!preflight.go_on) return {RecordKind::kPeerDown, text};
      SendRecord(socket_, {RecordKind::kPeerTrouble, text});
    }
    UseProbe(preflight.probe);
    return {RecordKind::kProbe, EncodeProbeResult(preflight.probe)};
  }

  const RunPlan& plan_;
  const int socket_;
  std::unique_ptr<Peer> peer_;
  std::optional<RunContext> context_;
  std::optional<ScopedRun> scope_;
  Engine engine_;
};

}  // namespace

void RunWorker(const RunPlan& plan, int number, const ProbeResult& probe,
               UniqueFd socket) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  LeaveInterruptsToRunner();
  UnixChannel::ReserveDescriptors();
  {
    absl::StatusOr<std::unique_ptr<Peer>> peer = plan.make_peer(number);
    if (!peer.ok()) {
      SendRecord(socket.get(),
                 {RecordKind::kTrouble, std::string(peer.status().message())});
      std::exit(0);
    }
    SendRecord(socket.get(), {RecordKind::kReady, ""});
    Worker(plan, probe, socket.get(), *std::move(peer)).Serve();
  }
  std::exit(0);
}

}  // namespace vuspec
