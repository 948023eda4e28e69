#include "conformance/kit/fixture.h"

#include <utility>

#include "conformance/kit/matchers.h"
#include "conformance/kit/run_driver.h"
#include "conformance/kit/unmet_needs.h"
#include "harness/suite/catalog.h"
#include "harness/transport/mutation.h"
#include "harness/transport/unix_channel.h"

namespace vuspec {
namespace {

// Enough turns for a peer that serves rings and socket from one loop, and many
// scheduler slices for one that does not.
constexpr int kTurns = 8;

}  // namespace

void ConformanceCase::SetUp() {
  has_io_ = MakeRunDriver() != nullptr;
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

bool ConformanceCase::SkipWhereOffered(protocol::ProtocolFeature feature) {
  if (!Offers(feature)) return false;
  const std::string reason =
      std::string(protocol::ToString(feature)) + " is offered";
  CurrentCase().SkipCase(reason, false);
  [&reason] { GTEST_SKIP() << reason; }();
  return true;
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
  options.transcript = std::make_shared<Transcript>();
  auto session = Session::Start(Connect(), MakeRunDriver(), options);
  if (!session.ok()) {
    unstarted_ = options.transcript;
    CurrentCase().AttachTranscript(unstarted_->ToVu());
  }
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

void ConformanceCase::ExpectNotified(Session& session, SessionRing& ring) {
  Settle(session, ring);
  PostOne(session);
  EXPECT_TRUE(ring.call().Wait(CurrentRun().ForAnswer()).ok())
      << "the call descriptor was not signalled";
  Require(ring.Await());
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

void ConformanceCase::ConnectAgain(Session& session) {
  session.Close();
  Require(session.Resume(Connect()));
}

}  // namespace vuspec
