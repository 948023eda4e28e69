// The end of a case: what became of the peer, and what it kept.
#include <memory>
#include <optional>
#include <utility>

#include "conformance/kit/fixture.h"
#include "conformance/kit/matchers.h"
#include "conformance/kit/raw_connection.h"
#include "gmock/gmock.h"
#include "harness/suite/context.h"
#include "harness/transport/mutation.h"
#include "harness/transport/unix_channel.h"

namespace vuspec {
namespace {

// What the peer held with an idle session open, after a first request warmed it
// up: libraries loaded late, caches and pools of threads are not leaks.
struct Baseline {
  int restart_count = -1;
  ResourceUse use;
  // Idle sessions leave something behind, too. That is told once, and in full
  // by Leak; no later case is to blame.
  bool every_session_leaks = false;
};
Baseline& TheBaseline() {
  static Baseline baseline;
  return baseline;
}

// Connections of a case whose messages are shown when it fails: the one at
// fault may be followed by one that asked what became of it.
constexpr std::size_t kRememberedMax = 4;

// A pool of threads grows with the load and shrinks in its own time; the cases
// of Leak, which repeat, count more closely.
constexpr int kPoolThreads = 64;

// A peer whose sessions all leak is started anew before it runs out of
// descriptors: a quarter of what a process may have open by default.
constexpr int kLeakedDescriptorsMax = 256;

bool MoreThan(const ResourceUse& now, const ResourceUse& before) {
  return now.fd_count > before.fd_count ||
         now.shared_mapping_count > before.shared_mapping_count ||
         now.thread_count > before.thread_count + kPoolThreads;
}

// Whether whoever connects now is answered.
bool AnswersAnybody() {
  auto fd = CurrentRun().peer().Connect(CurrentRun().ForAnswer());
  if (!fd.ok()) return false;
  RawConnection raw(std::make_unique<UnixChannel>(*std::move(fd)));
  const Outcome outcome =
      raw->ExchangeNoFence(MakeRequest(protocol::Request::GET_FEATURES), {},
                           CurrentRun().ForAnswer());
  return outcome.kind == Outcome::kReplied;
}

}  // namespace

void ConformanceCase::Disconnect() {
  if (sessions_.empty() && raws_.empty()) return;
  // No transport excuses a write outside of every buffer.
  CurrentCase().Excuse(false);
  CheckCanaries();
  CurrentCase().Excuse(Excused());
  for (const auto& session : sessions_) Remember(session->transcript());
  for (const auto& raw : raws_) Remember(raw->transcript());
  // Only what led to a failure: not the sessions that came after it and were
  // in order.
  const int part_count = testing::UnitTest::GetInstance()
                             ->current_test_info()
                             ->result()
                             ->total_part_count();
  if (HasFailure() && part_count != parts_attached_) AttachTranscripts();
  parts_attached_ = part_count;
  for (const auto& session : sessions_) {
    CurrentCase().AddCoverage(session->coverage());
  }
  for (const auto& raw : raws_) CurrentCase().AddCoverage(raw->coverage());
  sessions_.clear();
  raws_.clear();
}

bool ConformanceCase::Excused() const {
  return !asking_ && !Describe(CurrentRun().mutation()).legal;
}

void ConformanceCase::CheckSurplusFds() {
  if (!surplus_) return;
  surplus_->CloseWriteEnd();
  if (!surplus_->WaitHangUp(CurrentRun().ForAnswer()).ok()) {
    CurrentCase().SetVerdict(Verdict::kLeak,
                             "the peer keeps a descriptor that came with a "
                             "message which carries none, or fewer");
  }
  surplus_.reset();
}

void ConformanceCase::ExpectAnswers(RawFrontend& raw) {
  const Outcome outcome = raw.Fence({}, {}, CurrentRun().ForAnswer());
  EXPECT_TRUE(outcome.kind == Outcome::kSilent || outcome.closed)
      << "the connection is open and does not answer any more: " << outcome;
}

void ConformanceCase::AskTheThreeQuestions() {
  asking_ = true;
  CurrentCase().Excuse(Excused());
  AskAll();
  asking_ = false;
  CurrentCase().Excuse(Excused());
}

void ConformanceCase::AskAll() {
  for (const auto& session : sessions_) {
    if (session->frontend().LinkUp()) ExpectAnswers(session->raw());
  }
  AccountForTheCase();
  Session& session = *sessions_.back();
  Require(session.frontend().SetMemTable(session.memory().regions()));
  if (has_io_) {
    EXPECT_THAT(session.VerifiedIo(seed()), Succeeds())
        << "on a fresh connection, after the case";
  }
  Disconnect();
}

void ConformanceCase::AccountForTheCase() {
  Disconnect();
  CheckSurplusFds();
  // What is dying is not asked: its next life is.
  Judge(CurrentRun().peer().Settle());
  StartIdleSession();
  CheckResources();
}

void ConformanceCase::StartIdleSession() {
  sessions_.clear();
  // Without acks, as most front-ends do it, and in a third of the round trips.
  // Without memory, so that all it takes is taken once it is answered.
  StartSession({.acks = Acks::kNever, .share_memory = false});
}

void ConformanceCase::CheckCanaries() {
  for (const auto& session : sessions_) {
    if (session->memory().truncated()) {
      ADD_FAILURE() << "the peer cut a file of guest memory short: what lay "
                       "behind its new end reads as zeroes";
      continue;
    }
    for (const CanaryDamage& damage : session->memory().CheckCanaries()) {
      ADD_FAILURE() << "VS-13: guest memory outside every buffer was written "
                    << "at guest address 0x" << std::hex << damage.guest_address
                    << ": 0x" << int{damage.actual} << ", expected 0x"
                    << int{damage.expected};
    }
  }
}

// Once an idle session is answered, a peer that serves one at a time has let go
// of the last one: to count before would count what it still closes.
void ConformanceCase::CheckResources() {
  Peer& peer = CurrentRun().peer();
  Baseline& baseline = TheBaseline();
  std::optional<ResourceUse> latest = peer.Resources(baseline.use);
  // A death is told once.
  const PeerHealth health = peer.Check();
  Judge(health);
  if (!latest) return;
  if (baseline.every_session_leaks) {
    if (latest->fd_count > baseline.use.fd_count + kLeakedDescriptorsMax) {
      sessions_.clear();
      peer.Kill();
      StartIdleSession();
    }
    return;
  }
  if (baseline.restart_count != health.restart_count) {
    const Life life = peer.manifest().after_disconnect;
    if (has_io_ && life != Life::kExits) {
      sessions_.clear();
      (void)StartSession({.acks = Acks::kNever}).VerifiedIo(seed());
      StartIdleSession();
      latest = peer.Resources();
    }
    if (latest) baseline = {health.restart_count, *latest};
    return;
  }
  // A peer with threads of its own closes a session a moment after we did:
  // each further session gives it a turn.
  const auto still_holds_more_than = [&](const ResourceUse before) {
    const Deadline deadline = CurrentRun().ForAnswer();
    while (latest && MoreThan(*latest, before) && !deadline.Reached()) {
      StartIdleSession();
      latest = peer.Resources();
    }
    return latest && MoreThan(*latest, before);
  };
  if (!still_holds_more_than(baseline.use)) return;
  const ResourceUse held = *latest;
  StartIdleSession();
  latest = peer.Resources();
  baseline.every_session_leaks = still_holds_more_than(held);
  const std::string whose = baseline.every_session_leaks
                                ? "every session leaves something behind: "
                                : "";
  CurrentCase().SetVerdict(Verdict::kLeak,
                           whose + "the peer holds " + held.ToString() +
                               " with an idle session open; before: " +
                               baseline.use.ToString() + AfterMessages());
  AttachTranscripts();
  baseline.use = held;
}

void ConformanceCase::Judge(const PeerHealth& health) {
  if (health.ok()) return;
  Verdict verdict = Verdict::kCrash;
  switch (health.verdict) {
    case PeerHealth::Verdict::kFine:
      return;
    case PeerHealth::Verdict::kCpuLimit:
    case PeerHealth::Verdict::kDidNotExit:
      verdict = Verdict::kHang;
      break;
    case PeerHealth::Verdict::kUnexpectedExit:
      // Where a process lives for one session, to end it with an exit code is
      // how the session is refused.
      if (negative_ &&
          CurrentRun().peer().manifest().after_disconnect == Life::kExits) {
        return;
      }
      break;
    case PeerHealth::Verdict::kCrashed:
    case PeerHealth::Verdict::kSanitizer:
    case PeerHealth::Verdict::kMemoryLimit:
      break;
  }
  CurrentCase().SetVerdict(verdict, health.detail + AfterMessages());
  AttachTranscripts();
  CurrentCase().AttachPeerStderr(CurrentRun().peer().StderrTail());
}

void ConformanceCase::Remember(std::shared_ptr<const Transcript> transcript) {
  if (transcript->empty()) return;
  if (ended_.size() == kRememberedMax) ended_.pop_front();
  ended_.push_back({std::move(transcript)});
}

void ConformanceCase::AttachTranscripts() {
  for (Ended& ended : ended_) {
    if (std::exchange(ended.attached, true)) continue;
    CurrentCase().AttachTranscript(ended.transcript->ToVu());
  }
}

std::string ConformanceCase::AfterMessages() const {
  std::string text;
  if (!ended_.empty()) text = ended_.back().transcript->LastSent();
  if (unstarted_ != nullptr && !unstarted_->empty()) {
    if (!text.empty()) text += "; then, on a new connection: ";
    text += unstarted_->LastSent();
  }
  return text.empty() ? "" : "; last sent: " + text;
}

void ConformanceCase::TearDown() {
  if (!IsSkipped()) {
    try {
      if (negative_ || HasFailure()) {
        AskTheThreeQuestions();
      } else {
        AccountForTheCase();
      }
    } catch (...) {
      // A peer that dies takes the question along: its death is this case's.
      Disconnect();
      const PeerHealth health = CurrentRun().peer().Settle();
      Judge(health);
      // One that lives and answers nobody would fail every case to come.
      if (health.ok()) {
        if (!AnswersAnybody()) {
          CurrentCase().SetVerdict(
              Verdict::kHang,
              "the peer lives and answers nobody" + AfterMessages());
          AttachTranscripts();
        }
        CurrentRun().peer().Kill();
      }
      throw;
    }
  }
  Disconnect();
  if (!IsSkipped()) Judge(CurrentRun().peer().Settle());
  if (HasFailure()) {
    CurrentCase().AttachPeerStderr(CurrentRun().peer().StderrTail());
  }
}

}  // namespace vuspec
