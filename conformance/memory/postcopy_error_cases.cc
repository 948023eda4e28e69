// Postcopy that goes wrong: messages out of order, and the end of a session in
// the middle of it.
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"
#include "conformance/memory/memory_verbs.h"
#include "conformance/memory/postcopy_case.h"

namespace vuspec {
namespace {

using protocol::Ambiguity;
using protocol::MakeRequest;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;

constexpr Needs kOffered = {.protocol = kPagefault};
constexpr Needs kOfferedWithAcks = {
    .protocol = kPagefault | Mask(ProtocolFeature::REPLY_ACK)};
constexpr Needs kOfferedAndIo = {.protocol = kPagefault, .io = true};

class PostcopyErrors : public PostcopyCase {};

CONFORMANCE_CASE(PostcopyErrors, ListenWithoutAdviceIsRefusedOrHarmless,
                 .cites = {Req::PC_06}, .needs = kOfferedWithAcks) {
  EXPECT_THAT(Provoke(StartUnshared(), MakeRequest(Request::POSTCOPY_LISTEN)),
              IsDecided());
}

CONFORMANCE_CASE(PostcopyErrors, EndWithoutAdviceIsRefusedOrHarmless,
                 .cites = {Req::PC_06}, .needs = kOffered) {
  EXPECT_THAT(Ask(Raw(StartUnshared()), MakeRequest(Request::POSTCOPY_END)),
              IsAnswered());
}

CONFORMANCE_CASE(PostcopyErrors, EndWithoutListenIsRefusedOrHarmless,
                 .cites = {Req::PC_06}, .needs = kOffered) {
  Session& session = StartUnshared();
  Advise(session);
  EXPECT_THAT(Ask(Raw(session), MakeRequest(Request::POSTCOPY_END)),
              IsAnswered());
}

CONFORMANCE_CASE(PostcopyErrors, ASecondAdviceIsAnsweredOrRefused,
                 .cites = {Req::PC_01}, .needs = kOffered,
                 .open = {Ambiguity::kSecondAdvice}) {
  Session& session = StartUnshared();
  Advise(session);
  const Outcome outcome =
      Ask(Raw(session), MakeRequest(Request::POSTCOPY_ADVISE));
  ASSERT_THAT(outcome, IsAnswered());
  CurrentCase().AmbigCase("a second POSTCOPY_ADVISE: " + ToString(outcome));
  // A refusal, as PC-03 has it, brings none.
  if (outcome.closed || outcome.reply->fds.empty()) return;
  ASSERT_EQ(outcome.reply->fds.size(), 1u);
  EXPECT_TRUE(Userfault::IsOne(outcome.reply->fds[0]));
}

CONFORMANCE_CASE(PostcopyErrors, ListenWithMemoryIsTakenOrRefused,
                 .cites = {Req::PC_04, Req::PC_06}, .needs = kOfferedWithAcks,
                 .open = {Ambiguity::kListenWithMemory}) {
  Session& session = StartUnshared();
  Require(session.frontend().SetMemTable(session.memory().regions()));
  Advise(session);
  const Outcome outcome =
      Provoke(session, MakeRequest(Request::POSTCOPY_LISTEN));
  EXPECT_THAT(outcome, IsDecided());
  CurrentCase().AmbigCase("POSTCOPY_LISTEN with memory: " + ToString(outcome));
}

CONFORMANCE_CASE(PostcopyErrors, ATableInPlaceOfTheAcknowledgementIsSurvived,
                 .cites = {Req::PC_08}, .needs = kOffered) {
  Session& session = StartListening();
  TellMemory(session);
  const RawTable table(session.memory().regions());
  EXPECT_THAT(Raw(session).Exchange(table.message(), table.fds,
                                    CurrentRun().ForAnswer()),
              IsSurvived());
}

CONFORMANCE_CASE(PostcopyErrors, ASessionMayEndBeforeTheAcknowledgement,
                 .cites = {Req::HDR_25, Req::PC_08}, .needs = kOffered) {
  Session& session = StartListening();
  TellMemory(session);
  MarkNegative();
  EndSession(session);
}

CONFORMANCE_CASE(PostcopyErrors, ASessionMayEndInPostcopy,
                 .cites = {Req::HDR_25, Req::PC_04}, .needs = kOfferedAndIo) {
  Session& session = StartLateDevice();
  CompleteLate(session, MakeLateRequest(session));
  MarkNegative();
  EndSession(session);
}

CONFORMANCE_CASE(PostcopyErrors, ASessionMayEndWhileAPageIsAwaited,
                 .cites = {Req::HDR_25}, .needs = kOfferedAndIo) {
  Session& session = StartLateDevice();
  PostHeld(session, MakeLateRequest(session));
  MarkNegative();
  pages().Die();
  EndSession(session);
}

}  // namespace
}  // namespace vuspec
