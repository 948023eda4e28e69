#include "conformance/backend_channel/channel_verbs.h"

#include <array>
#include <utility>

#include "conformance/kit/matchers.h"
#include "harness/transport/poll.h"

namespace vuspec {

using protocol::BackendRequest;
using protocol::VringState;

bool Is(const BackendMessage& message, BackendRequest request) {
  return message.message.spec == &Spec(request);
}

BackendMessage Next(BackendChannel& channel) {
  return Require(channel.Receive(CurrentRun().ForAnswer()));
}

BackendMessage Next(BackendChannel& channel, BackendRequest request) {
  BackendMessage message = Next(channel);
  EXPECT_EQ(message.message.spec->name, Spec(request).name);
  return message;
}

std::optional<BackendMessage> Overheard(BackendChannel& channel) {
  const int fd = channel.connection().PollFd();
  if (!WaitReadable(fd, CurrentRun().ForQuiet()).ok()) return std::nullopt;
  return Next(channel);
}

std::optional<BackendMessage> SaidSoFar(Session& session,
                                        BackendChannel& channel) {
  Require(session.frontend().Fence());
  const int fd = channel.connection().PollFd();
  if (!WaitReadable(fd, Deadline::Now()).ok()) return std::nullopt;
  return Next(channel);
}

void Answer(BackendChannel& channel, const BackendMessage& message,
            std::uint64_t value) {
  if (!channel.WantsAnswer(message.message)) return;
  const absl::Status sent =
      channel.Answer(message.message, value, CurrentRun().ForAnswer());
  EXPECT_TRUE(sent.ok()) << sent;
}

void ExpectSilence(Session& session, BackendChannel& channel) {
  const auto message = SaidSoFar(session, channel);
  EXPECT_FALSE(message.has_value())
      << message->message.spec->name << " was said where silence is due";
}

bool ChangeConfig(Session& session) {
  constexpr std::uint32_t kWritebackOffset = 32;
  const auto before = session.frontend().GetConfig(0, kWritebackOffset + 1);
  if (!before.ok()) return false;
  const std::array<std::uint8_t, 1> other = {
      before->bytes[kWritebackOffset] == 0 ? std::uint8_t{1} : std::uint8_t{0}};
  auto written = session.frontend().SetConfig(kWritebackOffset, other);
  // To refuse is one thing, to hang another.
  if (!written.ok() && !absl::IsDeadlineExceeded(written.status())) {
    return false;
  }
  Require(std::move(written));
  return true;
}

void PrepareByMessage(Session& session, SessionRing& ring, std::uint32_t base) {
  Require(ring.Configure(base));
  Require(session.frontend().SetVringErr(ring.index(), kNoFd));
}

void PrepareRingsByMessage(Session& session) {
  for (const std::uint32_t queue : session.driver()->profile().queues) {
    PrepareByMessage(session, *Require(session.MakeRing(queue, kByMessage)));
    Require(session.frontend().SetVringEnable(queue, true));
  }
}

void StartRingsByMessage(Session& session) {
  PrepareRingsByMessage(session);
  for (const std::uint32_t queue : session.driver()->profile().queues) {
    Require(session.frontend().VringKick(queue));
  }
}

Reply<Done> InbandPort::Post(std::uint32_t queue,
                             std::span<const Segment> segments) {
  SessionRing& ring = session_.ring(queue);
  auto posted = ring.PostQuietly(segments);
  if (!posted.ok() || !ring.driver().NeedsKick()) return posted;
  return session_.frontend().VringKick(queue);
}

Reply<Completion> InbandPort::Await(std::uint32_t queue) {
  for (;;) {
    if (called_.contains(queue)) {
      auto completion = session_.ring(queue).Poll();
      if (!completion.ok()) return completion.failure();
      if (*completion) return **completion;
      called_.erase(queue);
    }
    auto message = channel_.Receive(CurrentRun().ForAnswer());
    if (!message.ok()) return message.failure();
    if (!Is(*message, BackendRequest::BACKEND_VRING_CALL)) {
      return absl::FailedPreconditionError("another message than VRING_CALL");
    }
    Answer(channel_, *message);
    called_.insert(std::get<VringState>(message->message.body).index);
  }
}

}  // namespace vuspec
