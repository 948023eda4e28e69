#include "harness/frontend/backend_channel.h"

#include <utility>

#include "harness/frontend/wire_frame.h"
#include "harness/transport/check.h"
#include "protocol/validator.h"

namespace vuspec {

using protocol::AnswerKind;

BackendChannel::BackendChannel(std::unique_ptr<Channel> channel,
                               const protocol::SessionModel& model,
                               WireObserver* observer)
    : connection_(std::make_unique<Connection>(std::move(channel), observer)),
      model_(&model) {}

Reply<BackendMessage> BackendChannel::Receive(Deadline deadline) {
  Received received = connection_->Receive(deadline);
  if (received.violation() != nullptr) return *received.violation();
  if (!received.ok()) return received.status();
  ReceivedMessage& frame = received.message();
  protocol::Result<protocol::Message> request =
      ValidateRequest({frame.header, frame.payload, frame.fds.size()},
                      protocol::Channel::kBackend, model_->context());
  if (!request.ok()) return request.violation();
  if (const auto wrong = model_->CheckBackendRequest(*request)) return *wrong;
  return BackendMessage{std::move(*request), std::move(frame.fds)};
}

bool BackendChannel::WantsAnswer(const protocol::Message& request) const {
  return ExpectedAnswer(*request.spec, request.need_reply(),
                        model_->context()) != AnswerKind::kNothing;
}

absl::Status BackendChannel::Answer(const protocol::Message& request,
                                    std::uint64_t value, Deadline deadline,
                                    std::span<const int> fds) {
  VU_CHECK(WantsAnswer(request), "an answer that nobody asked for");
  WireFrame frame;
  frame.EncodeUnchecked(MakeReply(request, protocol::U64{value}, fds.size()));
  return connection_->SendMessage(frame.header(), frame.payload(), fds,
                                  deadline);
}

}  // namespace vuspec
