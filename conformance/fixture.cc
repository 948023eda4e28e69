#include "conformance/fixture.h"

#include <utility>

#include "conformance/matchers.h"
#include "conformance/unmet_needs.h"
#include "harness/device/device_driver.h"
#include "harness/suite/catalog.h"
#include "harness/transport/mutation.h"
#include "harness/transport/unix_channel.h"

namespace vuspec {
namespace {

// Enough turns for a peer that serves rings and socket from one loop, and many
// scheduler slices for one that does not.
constexpr int kTurns = 8;

// What the peer held when no session was open, after a first one warmed it up:
// libraries loaded late and caches are not leaks.
struct Baseline {
  int restart_count = -1;
  ResourceUse use;
};
Baseline& TheBaseline() {
  static Baseline baseline;
  return baseline;
}

// A pool of threads grows with the load and shrinks in its own time; the cases
// of Leak, which repeat, count more closely.
constexpr int kPoolThreads = 64;

bool MoreThan(const ResourceUse& now, const ResourceUse& before) {
  return now.fd_count > before.fd_count ||
         now.shared_mapping_count > before.shared_mapping_count ||
         now.thread_count > before.thread_count + kPoolThreads;
}

}  // namespace

void ConformanceCase::SetUp() {
  has_io_ = MakeDeviceDriver(CurrentRun().device()) != nullptr;
  SkipUnlessOffered();
  if (Excused()) MarkNegative();
  CurrentCase().Excuse(Excused());
}

void ConformanceCase::SkipUnlessOffered() {
  const CaseInfo* info = FindCase(CurrentCase().id());
  if (info == nullptr) {
    FAIL() << "the case is not in the catalogue: write it as CONFORMANCE_CASE";
  }
  const std::optional<UnmetNeed> unmet = FindUnmetNeed(info->needs);
  if (!unmet) return;
  CurrentCase().SkipCase(unmet->text, unmet->claimed);
  GTEST_SKIP() << unmet->text;
}

std::unique_ptr<Channel> ConformanceCase::Connect() {
  auto fd = CurrentRun().peer().Connect(
      Deadline::After(CurrentRun().peer().manifest().limits.start));
  if (!fd.ok()) {
    const PeerHealth health = CurrentRun().peer().Check();
    Judge(health);
    if (health.ok()) {
      CurrentCase().SetVerdict(Verdict::kHang,
                               "no connection: " + fd.status().ToString());
    }
    [&] { FAIL() << "connect: " << fd.status().ToString(); }();
  }
  return Delivering(*std::move(fd));
}

std::unique_ptr<Channel> ConformanceCase::Delivering(UniqueFd fd) {
  auto channel = std::make_unique<UnixChannel>(std::move(fd));
  const Mutation mutation = CurrentRun().mutation();
  if (asking_ || mutation == Mutation::kNone) return channel;
  if (!surplus_ && mutation == Mutation::kSurplusFds) {
    surplus_ = Require(Pipe::Create());
  }
  return Mutate(
      std::move(channel), mutation,
      {.seed = seed(), .surplus_fd = surplus_ ? surplus_->write_fd() : -1});
}

Session& ConformanceCase::StartSession(SessionOptions options) {
  options.budget = CurrentRun().answer_budget();
  auto session = Session::Start(
      Connect(), MakeDeviceDriver(CurrentRun().device()), options);
  sessions_.push_back(Require(std::move(session)));
  return *sessions_.back();
}

Session& ConformanceCase::StartDevice(SessionOptions options,
                                      RingOptions rings) {
  Session& session = StartSession(std::move(options));
  Require(session.BringDevice(rings));
  return session;
}

SessionRing& ConformanceCase::IoRing(Session& session) {
  return session.ring(session.driver()->profile().io_queue);
}

void ConformanceCase::PostOne(Session& session) {
  const IoRequest request = Require(session.MakeRequest());
  Require(IoRing(session).Post(request.segments));
}

void ConformanceCase::CompleteOne(Session& session) {
  const IoRequest request = Require(session.MakeRequest());
  Require(Perform(session, session.driver()->profile().io_queue, request));
}

void ConformanceCase::ExpectVerifiedIo(Session& session) {
  EXPECT_THAT(session.VerifiedIo(seed()), Succeeds());
}

RawConnection& ConformanceCase::ConnectRaw() {
  MarkNegative();
  raws_.push_back(std::make_unique<RawConnection>(Connect()));
  return *raws_.back();
}

std::unique_ptr<RawConnection> ConformanceCase::ConnectBeside() {
  auto fd = CurrentRun().peer().ConnectBeside(CurrentRun().ForAnswer());
  if (!fd.ok()) return nullptr;
  return std::make_unique<RawConnection>(Delivering(*std::move(fd)));
}

RawFrontend& ConformanceCase::Raw(Session& session) {
  MarkNegative();
  return session.raw();
}

Outcome ConformanceCase::Provoke(Session& session, protocol::Message message,
                                 std::span<const int> fds) {
  if (session.frontend().model().context().reply_ack) {
    message.flags |= protocol::kNeedReplyFlag;
  }
  return Raw(session).Exchange(message, fds, CurrentRun().ForAnswer());
}

void ConformanceCase::Settle(Session& session, SessionRing& ring) {
  for (int turn = 0; turn < kTurns; ++turn) Require(session.frontend().Fence());
  ring.call().TryConsume();
}

void ConformanceCase::ExpectNotNotified(Session& session, SessionRing& ring) {
  for (int turn = 0; turn < kTurns; ++turn) Require(session.frontend().Fence());
  EXPECT_EQ(ring.call().TryConsume(), 0u)
      << "the call descriptor was signalled although nothing was to be said";
}

void ConformanceCase::ExpectIdle(Session& session, SessionRing& ring) {
  Settle(session, ring);
  for (int turn = 0; turn < kTurns; ++turn) Require(session.frontend().Fence());
  const auto completion = Require(ring.Poll());
  EXPECT_FALSE(completion.has_value())
      << "the ring completed head " << completion->head
      << " although it must stay idle";
  EXPECT_EQ(ring.call().TryConsume(), 0u)
      << "the call descriptor was signalled although the ring must stay idle";
}

bool ConformanceCase::Excused() const {
  return !asking_ && !Describe(CurrentRun().mutation()).legal;
}

void ConformanceCase::Disconnect() {
  // No transport excuses a write outside of every buffer.
  CurrentCase().Excuse(false);
  CheckCanaries();
  CurrentCase().Excuse(Excused());
  AttachTranscripts();
  for (const auto& session : sessions_) {
    CurrentCase().AddCoverage(session->coverage());
  }
  for (const auto& raw : raws_) CurrentCase().AddCoverage(raw->coverage());
  sessions_.clear();
  raws_.clear();
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
  Disconnect();
  CheckSurplusFds();
  // What is dying is not asked: its next life is.
  Judge(CurrentRun().peer().Settle());
  StartIdleSession();
  CheckResources();
  Session& session = *sessions_.back();
  Require(session.frontend().SetMemTable(session.memory().regions()));
  if (has_io_) {
    EXPECT_THAT(session.VerifiedIo(seed()), Succeeds())
        << "on a fresh connection, after the case";
  }
  Disconnect();
}

void ConformanceCase::StartIdleSession() {
  Disconnect();
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
  if (baseline.restart_count != health.restart_count) {
    baseline = {health.restart_count, *latest};
    return;
  }
  // A peer with threads of its own closes a session a moment after we did:
  // each further session gives it a turn.
  const Deadline deadline = CurrentRun().ForAnswer();
  while (latest && MoreThan(*latest, baseline.use) && !deadline.Reached()) {
    StartIdleSession();
    latest = peer.Resources();
  }
  if (!latest || !MoreThan(*latest, baseline.use)) return;
  CurrentCase().SetVerdict(
      Verdict::kLeak,
      "the peer holds " + latest->ToString() +
          " with an idle session open; before: " + baseline.use.ToString());
  baseline.use = *latest;
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
  CurrentCase().SetVerdict(verdict, health.detail);
  CurrentCase().AttachPeerStderr(CurrentRun().peer().StderrTail());
}

void ConformanceCase::AttachTranscripts() {
  // Only what led to a failure: not the sessions that came after it and were
  // in order.
  const int part_count = testing::UnitTest::GetInstance()
                             ->current_test_info()
                             ->result()
                             ->total_part_count();
  if (!HasFailure() || part_count == parts_attached_) return;
  parts_attached_ = part_count;
  for (const auto& session : sessions_) {
    CurrentCase().AttachTranscript(session->transcript().ToVu());
  }
  for (const auto& raw : raws_) {
    CurrentCase().AttachTranscript(raw->transcript().ToVu());
  }
}

void ConformanceCase::TearDown() {
  if (!IsSkipped() && (negative_ || HasFailure())) {
    try {
      AskTheThreeQuestions();
    } catch (...) {
      // A peer that dies takes the question along: its death is this case's.
      Disconnect();
      const PeerHealth health = CurrentRun().peer().Settle();
      Judge(health);
      // One that lives and answers nobody would fail every case to come.
      if (health.ok()) CurrentRun().peer().Kill();
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
