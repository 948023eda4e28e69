#include "harness/backend/session.h"

#include <cstdlib>
#include <utility>

#include "harness/backend/defects.h"
#include "harness/backend/misbehaviour.h"
#include "protocol/validator.h"

namespace vuspec {

using protocol::Header;
using protocol::Message;
using protocol::Request;
using protocol::Violation;

MockSession::MockSession(const Environment& environment,
                         std::unique_ptr<UnixChannel> channel,
                         const protocol::SessionModel* predecessor)
    : environment_(environment),
      fault_(environment.fault),
      connection_(std::move(channel)),
      answers_(connection_, environment.fault),
      control_(environment, fd(), predecessor) {}

MockSession::~MockSession() { environment_.loop.Forget(fd()); }

bool MockSession::Turn(bool readable) {
  RunRings();
  control_.state_transfer().Pump();
  if (!AnswerLate()) return false;
  if (readable && reads() && !ReceiveOne()) return false;
  RunRings();
  if (control_.in_trouble() && (fault_(Fault::kChannelTroubleEndsSession) ||
                                fault_(Fault::kChannelRefusalEndsSession))) {
    return false;
  }
  return !(control_.rings().any_broken() && fault_(Fault::kBadRingEndsSession));
}

// CHECK_DEVICE_STATE is answered once the outcome is known.
bool MockSession::AnswerLate() {
  if (reads() || control_.state_transfer().running()) return true;
  const Header header = *std::exchange(unanswered_, std::nullopt);
  return answers_.Reply(header, control_.StateVerdict()).ok();
}

void MockSession::RunRings() {
  busy_ = control_.rings().Run();
  control_.AfterRun();
}

bool MockSession::ReceiveOne() {
  if (deaf_) return true;
  Received received = connection_.Receive(Deadline::Now());
  if (received.ok()) {
    return Handle(received.message()) && !fault_(Fault::kClosesAfterMessage);
  }
  if (received.violation() != nullptr) {
    SufferOversize(fault_);
    // The stream cannot be followed any more.
    if (!fault_(Fault::kOversizeIgnored)) return false;
    environment_.loop.Forget(fd());
    deaf_ = true;
    return true;
  }
  const bool incomplete = absl::IsDeadlineExceeded(received.status());
  if (incomplete && connection_.MidMessage()) {
    return !fault_(Fault::kSplitMessageRefused);
  }
  return incomplete;
}

bool MockSession::Handle(ReceivedMessage& message) {
  CarryDeferred();
  SufferMessage(fault_, message, control_.model());
  protocol::WireContext context = control_.model().context();
  if (context.xen_mmap && fault_(Fault::kXenFieldsNotExpected)) {
    context.xen_mmap = false;
  }
  OverlookDefects(fault_, message, context, environment_.hoard);
  const protocol::Frame frame = {message.header, message.payload,
                                 message.fds.size()};
  const protocol::Result<Message> request =
      ValidateRequest(frame, protocol::Channel::kMain, context);
  const bool over = request.ok()
                        ? !Carry(message.header, *request, message.fds)
                        : !AnswerMalformed(message.header, request.violation());
  if (fault_(Fault::kUnusedFdsLeaked)) environment_.hoard.Keep(message.fds);
  return !over;
}

bool MockSession::Carry(const Header& header, const Message& request,
                        std::vector<UniqueFd>& fds) {
  SufferRequest(fault_, request);
  const auto& mishap = environment_.mishap;
  if (mishap && mishap->request == request.spec) Befall(mishap->kind);
  if (fault_(Fault::kAckBeforeEffect) &&
      request.spec->answer == protocol::Answer::kAck) {
    deferred_.emplace(Deferred{request, std::move(fds)});
    fds.clear();
    return Acknowledge(header);
  }
  // Before the request takes effect: it may negotiate REPLY_ACK away.
  const protocol::WireContext context = control_.model().context();
  Handled outcome = control_.Handle(request, fds);
  switch (outcome.kind) {
    case Handled::Kind::kRefused:
      return Refuse(header);
    case Handled::Kind::kClosed:
      return false;
    case Handled::Kind::kReply:
      return answers_.Reply(header, outcome.body, outcome.fd).ok();
    case Handled::Kind::kLater:
      unanswered_ = header;
      return true;
    case Handled::Kind::kDone:
      break;
  }
  const bool expected = context.reply_ack && request.need_reply();
  const bool is_owner = request.spec == &Spec(Request::SET_OWNER);
  if (expected || (is_owner && fault_(Fault::kOwnerAnswered)) ||
      (request.need_reply() && fault_(Fault::kAckWithoutNegotiation)) ||
      (context.reply_ack && fault_(Fault::kAckWithoutNeedReply))) {
    return answers_.Ack(header, 0).ok();
  }
  return true;
}

bool MockSession::Acknowledge(const Header& header) {
  const bool asked = (header.flags & protocol::kNeedReplyFlag) != 0;
  if (!asked || !control_.model().context().reply_ack) return true;
  return answers_.Ack(header, 0).ok();
}

void MockSession::CarryDeferred() {
  if (!deferred_) return;
  Deferred deferred = *std::exchange(deferred_, std::nullopt);
  (void)control_.Handle(deferred.request, deferred.fds);
}

bool MockSession::AnswerMalformed(const Header& header,
                                  const Violation& violation) {
  const bool unknown =
      FindMessage(protocol::Channel::kMain, header.request) == nullptr;
  if (unknown) {
    SufferUnknownRequest(fault_);
    if (fault_(Fault::kUnknownRequestAcked)) return Acknowledge(header);
    if (fault_(Fault::kUnknownRequestIgnored)) return true;
  }
  if (fault_(Fault::kMissingFdAccepted) && violation.field == "descriptors" &&
      violation.relation == protocol::Relation::kAtLeast) {
    return Acknowledge(header);
  }
  return Refuse(header);
}

// The reply by which the document lets such a request fail, if it does.
std::optional<protocol::Body> MockSession::FailureOf(
    const protocol::MessageSpec& spec) const {
  const bool ungated = control_.model().CheckGate(spec).has_value();
  switch (static_cast<Request>(spec.id)) {
    case Request::GET_CONFIG:
      return protocol::Empty{};
    case Request::SET_DEVICE_STATE_FD:
      if (ungated) return std::nullopt;
      return protocol::U64{
          (fault_(Fault::kStateErrorSaysFd) ? 0 : protocol::kNoFdBit) | 1};
    case Request::CHECK_DEVICE_STATE:
      if (ungated) return std::nullopt;
      return protocol::U64{1};
    default:
      return std::nullopt;
  }
}

bool MockSession::Refuse(const Header& header) {
  SufferRefusal(fault_);
  if (fault_(Fault::kRefusalUnanswered)) return true;
  const bool is_request =
      (header.flags & (protocol::kVersionMask | protocol::kReplyFlag)) ==
      protocol::kVersion;
  const protocol::MessageSpec* spec =
      FindMessage(protocol::Channel::kMain, header.request);
  if (is_request && spec != nullptr) {
    if (const auto body = FailureOf(*spec)) {
      return answers_.Reply(header, *body).ok();
    }
  }
  const bool has_ack =
      spec == nullptr || spec->answer != protocol::Answer::kReply;
  const bool asked = (header.flags & protocol::kNeedReplyFlag) != 0;
  if (is_request && has_ack && asked && control_.model().context().reply_ack) {
    return answers_.Ack(header, 1).ok();
  }
  return false;
}

}  // namespace vuspec
