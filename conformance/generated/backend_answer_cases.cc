// Every message of the back-end, answered as it asks for and in every way that
// a front-end must not: the session goes on in any case.
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "conformance/generated/generated.h"
#include "conformance/kit/case.h"
#include "conformance/memory/iova_verbs.h"
#include "harness/ring/hostile_ring.h"

namespace vuspec {
namespace {

using protocol::BackendRequest;
using protocol::Header;
using protocol::MessageSpec;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::VirtioFeature;

enum class Flaw {
  kNone,
  kRefused,
  kOtherRequest,
  kEmpty,
  kTooLong,
  kWithoutReplyFlag,
  kClosed,
};

struct FlawRow {
  Flaw flaw;
  const char* name;
  const char* text;
};
constexpr FlawRow kFlaws[] = {
    {Flaw::kNone, "Legal", "as it asks for"},
    {Flaw::kRefused, "Refused", "by a failure"},
    {Flaw::kOtherRequest, "OtherRequest", "under the name of another one"},
    {Flaw::kEmpty, "Empty", "by no payload"},
    {Flaw::kTooLong, "TooLong", "by a payload that is too long"},
    {Flaw::kWithoutReplyFlag, "WithoutReplyFlag", "without the reply flag"},
    {Flaw::kClosed, "Closed", "by the end of the channel"},
};

constexpr std::uint32_t kReply = protocol::kVersion | protocol::kReplyFlag;
// No message has this number.
constexpr std::uint32_t kOther = 77;

constexpr std::uint64_t kChannel = Mask(ProtocolFeature::BACKEND_REQ);
constexpr std::uint64_t kChannelWithFds =
    kChannel | Mask(ProtocolFeature::BACKEND_SEND_FD);
constexpr std::uint64_t kInband =
    kChannel |
    Mask(ProtocolFeature::INBAND_NOTIFICATIONS, ProtocolFeature::REPLY_ACK);
constexpr std::uint64_t kObjects =
    kChannel | Mask(ProtocolFeature::SHARED_OBJECT);

Needs NeedsOf(BackendRequest request) {
  switch (request) {
    case BackendRequest::BACKEND_IOTLB_MSG:
      return {.virtio = Mask(VirtioFeature::ACCESS_PLATFORM),
              .protocol = kChannel,
              .io = true};
    case BackendRequest::BACKEND_CONFIG_CHANGE_MSG:
      return {.protocol = kChannel | Mask(ProtocolFeature::CONFIG),
              .device = "blk"};
    case BackendRequest::BACKEND_VRING_HOST_NOTIFIER_MSG:
      return {
          .protocol = kChannelWithFds | Mask(ProtocolFeature::HOST_NOTIFIER),
          .io = true};
    case BackendRequest::BACKEND_VRING_CALL:
    case BackendRequest::BACKEND_VRING_ERR:
      return {.protocol = kInband, .io = true};
    case BackendRequest::BACKEND_SHARED_OBJECT_ADD:
    case BackendRequest::BACKEND_SHARED_OBJECT_LOOKUP:
      return {.protocol = kObjects, .io = true};
    case BackendRequest::BACKEND_SHARED_OBJECT_REMOVE:
      return {.protocol = kObjects | Mask(ProtocolFeature::RESET_DEVICE),
              .io = true};
    case BackendRequest::BACKEND_SHMEM_MAP:
    case BackendRequest::BACKEND_SHMEM_UNMAP:
      return {.protocol = kChannelWithFds | Mask(ProtocolFeature::SHMEM_MAP),
              .io = true};
  }
  return {};
}

class BackendAnswer : public IommuCase {
 public:
  BackendAnswer(const MessageSpec& spec, Flaw flaw)
      : spec_(spec),
        request_(static_cast<BackendRequest>(spec.id)),
        flaw_(flaw) {}

  void TestBody() override {
    Session& session = Begin();
    Cause(session);
    const auto message = Awaited();
    if (!message) GTEST_SKIP() << "the device does not say it by itself";
    AnswerIt(*message);
    for (int i = 0; i < 2; ++i) {
      EXPECT_THAT(session.frontend().Fence(), Succeeds());
    }
  }

 private:
  Session& Begin();
  void Cause(Session& session);
  void MissAPage(Session& session);
  std::optional<BackendMessage> Awaited();
  void AnswerIt(const BackendMessage& message);
  void Send(const Header& header, std::uint64_t value = 0,
            std::span<const int> fds = {});

  const MessageSpec& spec_;
  const BackendRequest request_;
  const Flaw flaw_;
};

// A session with its channel, and rings that run.
Session& BackendAnswer::Begin() {
  if (flaw_ != Flaw::kNone) MarkNegative();
  if (request_ == BackendRequest::BACKEND_IOTLB_MSG) return StartTranslated();
  const std::uint64_t features = NeedsOf(request_).protocol;
  Session& session = StartSession({.protocol = kPlainProtocol | features});
  channel_.emplace(Require(session.frontend().OpenBackendChannel()));
  if (features == kInband) {
    StartRingsByMessage(session);
  } else {
    Require(session.BringDevice());
  }
  return session;
}

void BackendAnswer::MissAPage(Session& session) {
  const IoRequest request = Require(session.MakeRequest());
  const std::uint64_t page = PageOf(request.segments[0].guest_address);
  Require(session.frontend().IotlbMsg(Invalidation(page, kPageSize)));
  PostOnIova(session, request);
}

// What makes a device say it; some things it says as soon as it runs.
void BackendAnswer::Cause(Session& session) {
  SessionRing& ring = IoRing(session);
  switch (request_) {
    case BackendRequest::BACKEND_IOTLB_MSG:
      return MissAPage(session);
    case BackendRequest::BACKEND_CONFIG_CHANGE_MSG:
      (void)ChangeConfig(session);
      return;
    case BackendRequest::BACKEND_VRING_CALL: {
      const IoRequest request = Require(session.MakeRequest());
      Require(ring.PostQuietly(request.segments));
      Require(session.frontend().VringKick(ring.index()));
      return;
    }
    case BackendRequest::BACKEND_VRING_ERR:
      MarkNegative();
      Require(PostHostileRing(HostileRing::kHeadBeyondSize, ring.driver(),
                              session.memory(), {}));
      Require(session.frontend().VringKick(ring.index()));
      return;
    case BackendRequest::BACKEND_SHARED_OBJECT_REMOVE:
      Require(session.frontend().Fence());
      Require(session.frontend().ResetDevice());
      return;
    case BackendRequest::BACKEND_SHMEM_UNMAP: {
      const auto map = Overheard(*channel_);
      if (!map) return;
      Answer(*channel_, *map);
      for (const std::uint32_t queue : session.driver()->profile().queues) {
        Require(session.frontend().SetVringEnable(queue, false));
      }
      return;
    }
    default:
      return;
  }
}

// What comes before it is answered rightly; nothing is looked up.
std::optional<BackendMessage> BackendAnswer::Awaited() {
  for (int count = 0; count < kHeardCountMax; ++count) {
    auto message = Overheard(*channel_);
    if (!message || Is(*message, request_)) return message;
    Answer(*channel_, *message,
           Is(*message, BackendRequest::BACKEND_SHARED_OBJECT_LOOKUP));
  }
  return std::nullopt;
}

void BackendAnswer::Send(const Header& header, std::uint64_t value,
                         std::span<const int> fds) {
  std::array<std::byte, 16> payload{};
  payload[0] = static_cast<std::byte>(value);
  const absl::Status sent = channel_->connection().SendMessage(
      header, std::span(payload).first(header.size), fds,
      CurrentRun().ForAnswer());
  EXPECT_TRUE(sent.ok()) << sent;
}

void BackendAnswer::AnswerIt(const BackendMessage& message) {
  switch (flaw_) {
    case Flaw::kNone: {
      if (!channel_->WantsAnswer(message.message)) return;
      // What is looked up is found.
      const Event object = Require(Event::Create());
      const int fd = object.fd();
      const bool found =
          request_ == BackendRequest::BACKEND_SHARED_OBJECT_LOOKUP;
      return Send({spec_.id, kReply, 8}, 0, std::span(&fd, found ? 1u : 0u));
    }
    case Flaw::kRefused:
      return Send({spec_.id, kReply, 8}, 1);
    case Flaw::kOtherRequest:
      return Send({kOther, kReply, 8});
    case Flaw::kEmpty:
      return Send({spec_.id, kReply, 0});
    case Flaw::kTooLong:
      return Send({spec_.id, kReply, 16});
    case Flaw::kWithoutReplyFlag:
      return Send({spec_.id, protocol::kVersion, 8});
    case Flaw::kClosed:
      channel_.reset();
      return;
  }
}

std::vector<Req> Cites(Flaw flaw, const MessageSpec& spec) {
  if (flaw == Flaw::kClosed) return {Req::BCH_11};
  if (flaw != Flaw::kNone) return {Req::BCH_09};
  std::vector<Req> cites = {spec.cites};
  if (spec.reply_cites) cites.push_back(*spec.reply_cites);
  return cites;
}

int RegisterAnswers() {
  for (const MessageSpec& spec : AllMessages(protocol::Channel::kBackend)) {
    for (const FlawRow& row : kFlaws) {
      const std::string name(spec.name);
      RegisterGenerated({.id = "BackendAnswer." + name + "_" + row.name,
                         .cites = Cites(row.flaw, spec),
                         .needs = NeedsOf(static_cast<BackendRequest>(spec.id)),
                         .summary = name + " is answered " + row.text},
                        __FILE__, __LINE__, [&spec, &row] {
                          return new BackendAnswer(spec, row.flaw);
                        });
    }
  }
  return 0;
}

[[maybe_unused]] const int registered = RegisterAnswers();

}  // namespace
}  // namespace vuspec
