// The path that all operations take; the operations are in
// frontend_operations.cc.
#include "harness/frontend/frontend.h"

#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/frontend/wire_frame.h"
#include "harness/transport/check.h"
#include "harness/transport/unix_socket.h"
#include "protocol/validator.h"

namespace vuspec {

using protocol::AnswerKind;
using protocol::Message;

namespace {

bool AsksForAck(Acks acks, const Message& request,
                protocol::WireContext context) {
  // Tables must not ask in postcopy, not even the empty one (PC-09).
  if (context.postcopy_listening &&
      request.spec->answer == protocol::Answer::kPostcopyReply) {
    return false;
  }
  // A message with a reply of its own gains nothing from an ack (ACK-06).
  if (ExpectedAnswer(*request.spec, true, context) != AnswerKind::kAck) {
    return false;
  }
  switch (acks) {
    case Acks::kNever:
      return false;
    case Acks::kWherePossible:
      return true;
    case Acks::kSeed: {
      const auto id = static_cast<protocol::Request>(request.spec->id);
      return id == protocol::Request::SET_MEM_TABLE ||
             id == protocol::Request::SET_STATUS;
    }
  }
  return false;
}

protocol::DeviceLimits LimitsOf(protocol::DeviceKind device) {
  protocol::DeviceLimits limits;
  limits.device = device;
  return limits;
}

}  // namespace

Frontend::Frontend(std::unique_ptr<Channel> channel, FrontendOptions options)
    : connection_(
          std::make_unique<Connection>(std::move(channel), options.observer)),
      model_(
          std::make_unique<protocol::SessionModel>(LimitsOf(options.device))),
      options_(options) {}

Frontend::Frontend(std::unique_ptr<Channel> channel, FrontendOptions options,
                   const protocol::SessionModel& model)
    : connection_(
          std::make_unique<Connection>(std::move(channel), options.observer)),
      model_(std::make_unique<protocol::SessionModel>(model)),
      options_(options) {}

Reply<Answered> Frontend::Exchange(Message request, std::span<const int> fds) {
  if (!broken_.ok()) return broken_;
  const protocol::WireContext context = model_->context();
  if (AsksForAck(options_.acks, request, context)) {
    request.flags |= protocol::kNeedReplyFlag;
  }
  request.fd_count = fds.size();
  // The model first: a closed gate says more than a wrong shape.
  if (const auto wrong = WireFrame::CheckCounts(request)) {
    return Refusal{*wrong};
  }
  if (const auto wrong = model_->CheckRequest(request)) return Refusal{*wrong};
  WireFrame frame;
  if (const auto wrong = frame.Encode(request, context)) {
    return Refusal{*wrong};
  }

  const Deadline deadline = Deadline::After(options_.deadline);
  if (absl::Status sent = connection_->SendMessage(
          frame.header(), frame.payload(), fds, deadline);
      !sent.ok()) {
    return Break(std::move(sent), request);
  }
  if (ExpectedAnswer(*request.spec, request.need_reply(), context) ==
      AnswerKind::kNothing) {
    model_->ApplyRequest(request);
    return Answered{};
  }
  return AwaitAnswer(request, context, deadline);
}

Reply<Answered> Frontend::AwaitAnswer(const Message& request,
                                      protocol::WireContext context,
                                      Deadline deadline) {
  Received received = connection_->Receive(deadline);
  if (received.violation() != nullptr) {
    return Break(*received.violation(), request);
  }
  if (!received.ok()) return Break(received.status(), request);
  ReceivedMessage& message = received.message();
  protocol::Result<Message> reply = ValidateReply(
      {message.header, message.payload, message.fds.size()}, request, context);
  if (!reply.ok()) return Break(reply.violation(), request);
  if (ExpectedAnswer(*request.spec, request.need_reply(), context) ==
      AnswerKind::kAck) {
    const std::uint64_t ack = std::get<protocol::U64>(reply->body).value;
    if (ack != 0) return Nack{ack};
  } else if (const auto wrong = model_->CheckReply(request, *reply)) {
    return Break(*wrong, request);
  }
  model_->ApplyRequest(request);
  model_->ApplyReply(request, *reply);
  return Answered{std::move(*reply), std::move(message.fds)};
}

Failure Frontend::Break(Failure failure, const Message& request) {
  const std::string why =
      absl::StrCat("since ", std::string(request.spec->name), ": ",
                   DescribeFailure(failure));
  const auto* status = std::get_if<absl::Status>(&failure);
  broken_ = status != nullptr && absl::IsUnavailable(*status)
                ? absl::UnavailableError(why)
                : absl::FailedPreconditionError(
                      absl::StrCat("requests and replies do not match ", why));
  return failure;
}

Reply<Done> Frontend::Fence() {
  const Reply<std::uint64_t> features = GetFeatures();
  if (!features) return features.failure();
  return Done{};
}

Reply<Negotiated> Frontend::Negotiate(std::uint64_t wanted_virtio,
                                      std::uint64_t wanted_protocol) {
  using protocol::ProtocolFeature;
  using protocol::VirtioFeature;
  constexpr std::uint64_t kBit30 = Mask(VirtioFeature::PROTOCOL_FEATURES);
  // Bit 22 of the network device; no other device gives it a meaning.
  constexpr std::uint64_t kNetMq = std::uint64_t{1} << 22;

  if (!model_->owned()) {
    if (Reply<Done> owner = SetOwner(); !owner) return owner.failure();
  }
  Negotiated result;
  const Reply<std::uint64_t> virtio = GetFeatures();
  if (!virtio) return virtio.failure();
  result.virtio_offered = *virtio;
  if ((*virtio & kBit30) != 0) {
    const Reply<std::uint64_t> offered = GetProtocolFeatures();
    if (!offered) return offered.failure();
    result.protocol_offered = *offered;
    result.protocol = WithPrerequisites(*offered & wanted_protocol &
                                        protocol::kDefinedProtocolFeatures);
    if (Reply<Done> set = SetProtocolFeatures(result.protocol); !set) {
      return set.failure();
    }
  }
  result.virtio = (wanted_virtio | kBit30) & *virtio;
  if (Has(result.protocol, ProtocolFeature::MQ)) {
    result.queue_count = protocol::kVringCountMax;
  } else {
    result.virtio &= ~kNetMq;
  }
  if (Reply<Done> set = SetFeatures(result.virtio); !set) return set.failure();
  return result;
}

std::uint64_t WithPrerequisites(std::uint64_t features) {
  while (const auto unmet = protocol::FindUnmet(features)) {
    features &= ~Mask(*unmet);
  }
  return features;
}

Connection& Frontend::connection() {
  VU_CHECK(connection_ != nullptr, "the connection was closed");
  return *connection_;
}

bool Frontend::LinkUp() const {
  if (connection_ == nullptr) return false;
  const int fd = connection_->PollFd();
  // Without a socket there is nothing to peek at.
  return fd < 0 ? broken_.ok() : vuspec::LinkUp(fd);
}

void Frontend::Close() {
  connection_.reset();
  broken_ = absl::UnavailableError("we closed the connection");
}

}  // namespace vuspec
