#include "harness/backend/request_channel.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "harness/backend/misbehaviour.h"
#include "harness/transport/poll.h"
#include "harness/transport/unix_channel.h"
#include "protocol/codec.h"
#include "protocol/validator.h"

namespace vuspec {

using protocol::AnswerKind;
using protocol::BackendRequest;
using protocol::Header;
using protocol::Message;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Violation;

namespace {

// From a front-end that owes more answers none is asked for.
constexpr std::size_t kUnansweredMax = 64;

// What a defective mock says although it may not.
struct Unminded {
  Fault fault;
  Req rule;
};
constexpr Unminded kUnminded[] = {
    {Fault::kSpeaksWhileSuspended, Req::SUSP_03},
    {Fault::kInbandBesideDescriptors, Req::INB_07},
    {Fault::kInbandBesideDescriptors, Req::INB_09},
    {Fault::kBackendAsksWithoutReplyAck, Req::BCH_06},
    {Fault::kBackendMessagesCarryFds, Req::BCH_07},
    {Fault::kBackendMessagesUngated, Req::BCH_05},
    {Fault::kHostNotifierSizeWrong, Req::BCH_14},
};

bool Minds(const FaultSet& fault, const Violation& wrong) {
  return std::none_of(std::begin(kUnminded), std::end(kUnminded),
                      [&](const Unminded& row) {
                        return row.rule == wrong.req && fault(row.fault);
                      });
}

}  // namespace

void RequestChannel::Open(UniqueFd socket) {
  if (open() && fault_(Fault::kFirstBackendChannelKept)) return;
  Close();
  connection_ = std::make_unique<Connection>(
      std::make_unique<UnixChannel>(std::move(socket)));
  // What cannot be waited for is no socket and gives no answers.
  (void)environment_.loop.Watch(connection_->PollFd(), kToken,
                                EventLoop::Trigger::kEdge);
}

void RequestChannel::Close() {
  if (!open()) return;
  environment_.loop.Forget(connection_->PollFd());
  connection_.reset();
  unanswered_.clear();
}

bool RequestChannel::Send(Message request, std::span<const int> fds) {
  if (!open()) return false;
  const bool reply_ack =
      Has(model_.protocol_features(), ProtocolFeature::REPLY_ACK);
  const bool is_call =
      request.spec == &Spec(BackendRequest::BACKEND_VRING_CALL);
  if ((reply_ack && !is_call && unanswered_.size() < kUnansweredMax) ||
      fault_(Fault::kBackendAsksWithoutReplyAck)) {
    request.flags |= protocol::kNeedReplyFlag;
  }
  request.fd_count = fds.size();
  if (const auto wrong = model_.CheckBackendRequest(request);
      wrong && Minds(fault_, *wrong)) {
    return false;
  }
  std::vector<std::byte> payload(protocol::EncodedSize(request.body));
  protocol::EncodeBody(request.body, payload);
  Header header = {request.spec->id, request.flags, 0};
  std::vector<int> numbers(fds.begin(), fds.end());
  Misspeak(header, payload, numbers);
  header.size = static_cast<std::uint32_t>(payload.size());
  const absl::Status sent =
      connection_->SendMessage(header, payload, numbers, Deadline::Now());
  if (!sent.ok()) {
    in_trouble_ = true;
    return false;
  }
  if (ExpectedAnswer(*request.spec, request.need_reply(), model_.context()) !=
      AnswerKind::kNothing) {
    unanswered_.push_back(std::move(request));
    if (fault_(Fault::kBackendAnswersAwaited)) AwaitAnswer();
  }
  return true;
}

// Ways to say it wrong; all but the last change what the message is.
void RequestChannel::Misspeak(Header& header, std::vector<std::byte>& payload,
                              std::vector<int>& fds) const {
  if (fault_(Fault::kBackendMessageUnknown)) header.request = 99;
  if (fault_(Fault::kBackendMessageFlagsWrong)) {
    header.flags |= protocol::kReplyFlag;
  }
  if (fault_(Fault::kBackendMessageTooLong)) {
    payload.resize(payload.size() + 8);
  }
  if (fault_(Fault::kBackendMessagesCarryFds)) {
    fds.push_back(connection_->PollFd());
  }
}

// A defect: whatever the front-end wants meanwhile has to wait.
void RequestChannel::AwaitAnswer() {
  constexpr std::chrono::seconds kPatience{10};
  (void)WaitReadable(connection_->PollFd(), Deadline::After(kPatience));
}

std::vector<RequestChannel::Answer> RequestChannel::Hear() {
  std::vector<Answer> answers;
  while (open()) {
    std::optional<Answer> answer = HearOne();
    if (!answer) break;
    answers.push_back(*std::move(answer));
  }
  return answers;
}

std::optional<RequestChannel::Answer> RequestChannel::HearOne() {
  Received received = connection_->Receive(Deadline::Now());
  if (absl::IsDeadlineExceeded(received.status())) return std::nullopt;
  if (received.ok() && !unanswered_.empty()) {
    ReceivedMessage& message = received.message();
    Message request = std::move(unanswered_.front());
    unanswered_.pop_front();
    const protocol::Frame frame = {message.header, message.payload,
                                   message.fds.size()};
    const auto reply = ValidateReply(frame, request, model_.context());
    if (reply.ok() && !model_.CheckReply(request, *reply)) {
      const std::uint64_t value = std::get<protocol::U64>(reply->body).value;
      in_trouble_ = in_trouble_ ||
                    (value != 0 && fault_(Fault::kChannelRefusalEndsSession));
      return Answer{std::move(request), value, std::move(message.fds)};
    }
  }
  // The end, or nothing that answers what was asked.
  if (received.ok() || received.violation() != nullptr) {
    SufferBadAnswer(fault_);
  }
  in_trouble_ = true;
  Close();
  return std::nullopt;
}

}  // namespace vuspec
