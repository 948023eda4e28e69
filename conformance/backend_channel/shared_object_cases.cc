// Objects that a back-end exports: asked for by the front-end, announced and
// withdrawn by the back-end.
#include <array>
#include <optional>
#include <string>

#include "conformance/backend_channel/channel_verbs.h"
#include "conformance/kit/bait.h"
#include "conformance/kit/case.h"

namespace vuspec {
namespace {

using protocol::BackendRequest;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Uuid;

constexpr std::uint64_t kSharedObject = Mask(ProtocolFeature::SHARED_OBJECT);
constexpr std::uint64_t kBackendReq = Mask(ProtocolFeature::BACKEND_REQ);
constexpr std::uint64_t kReset = Mask(ProtocolFeature::RESET_DEVICE);

class SharedObject : public ConformanceCase {
 protected:
  // With a channel that is open before any ring starts.
  BackendChannel StartExporter(std::uint64_t more = 0) {
    Session& session = StartSession(
        {.protocol = kPlainProtocol | kSharedObject | kBackendReq | more});
    session_ = &session;
    BackendChannel channel = Require(session.frontend().OpenBackendChannel());
    Require(session.BringDevice());
    Require(session.frontend().Fence());
    return channel;
  }
  Frontend& frontend() { return session_->frontend(); }

  // The message of this kind that the back-end sent already; nullopt (and the
  // case is ambiguous) without one, since it need not export anything.
  std::optional<BackendMessage> News(
      BackendChannel& channel,
      BackendRequest kind = BackendRequest::BACKEND_SHARED_OBJECT_ADD) {
    for (int count = 0; count < kHeardCountMax; ++count) {
      auto message = SaidSoFar(*session_, channel);
      if (!message) break;
      constexpr auto kLookup = BackendRequest::BACKEND_SHARED_OBJECT_LOOKUP;
      const bool found = Is(*message, kind);
      // A lookup that is waited for is for the case to answer.
      if (found && kind == kLookup) return message;
      Answer(channel, *message, Is(*message, kLookup) ? 1 : 0);
      if (found) return message;
    }
    CurrentCase().AmbigCase("no " + std::string(Spec(kind).name));
    return std::nullopt;
  }
  static Uuid UuidOf(const BackendMessage& news) {
    return std::get<Uuid>(news.message.body);
  }

 private:
  Session* session_ = nullptr;
};

CONFORMANCE_CASE(SharedObject, ThatIsUnknownIsAnsweredWithoutADescriptor,
                 .cites = {Req::SHO_01}, .needs = {.protocol = kSharedObject},
                 .open = {protocol::Ambiguity::kSharedObjectReply}) {
  Session& session = StartSession({.protocol = kPlainProtocol | kSharedObject});
  // Some export an object once they run.
  if (has_io()) Require(session.BringDevice());
  MarkNegative();
  for (const std::uint8_t first :
       std::array<std::uint8_t, 3>{0x00, 0x5a, 0xff}) {
    const Uuid uuid = {{first, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}};
    EXPECT_FALSE(Require(session.frontend().GetSharedObject(uuid)));
  }
  EXPECT_THAT(session.frontend().Fence(), Succeeds());
}

CONFORMANCE_CASE(SharedObject, ThatWasAnnouncedIsHandedOut,
                 .cites = {Req::SHO_01, Req::BCH_16},
                 .needs = {.protocol = kSharedObject | kBackendReq, .io = true},
                 .open = {protocol::Ambiguity::kSharedObjectExport}) {
  BackendChannel channel = StartExporter();
  const auto news = News(channel);
  if (!news) return;
  EXPECT_TRUE(Require(frontend().GetSharedObject(UuidOf(*news))));
  EXPECT_TRUE(Require(frontend().GetSharedObject(UuidOf(*news))));
}

CONFORMANCE_CASE(SharedObject, ThatIsNextToAnotherIsAnother,
                 .cites = {Req::SHO_01},
                 .needs = {.protocol = kSharedObject | kBackendReq,
                           .io = true}) {
  BackendChannel channel = StartExporter();
  const auto news = News(channel);
  if (!news) return;
  Uuid next = UuidOf(*news);
  next.bytes.back() ^= 1;
  EXPECT_FALSE(Require(frontend().GetSharedObject(next)));
}

CONFORMANCE_CASE(SharedObject, ThatWasRemovedIsNotHandedOut,
                 .cites = {Req::SHO_05, Req::BCH_16},
                 .needs = {.protocol = kSharedObject | kBackendReq | kReset,
                           .io = true}) {
  BackendChannel channel = StartExporter(kReset);
  if (!News(channel)) return;
  Require(frontend().ResetDevice());
  Require(frontend().Fence());
  const auto news = News(channel, BackendRequest::BACKEND_SHARED_OBJECT_REMOVE);
  if (!news) return;
  EXPECT_FALSE(Require(frontend().GetSharedObject(UuidOf(*news))));
}

CONFORMANCE_CASE(SharedObject, OfAnotherIsLetGoWithTheSession,
                 .cites = {Req::BCH_18, Req::FD_19},
                 .needs = {.protocol = kSharedObject | kBackendReq, .io = true},
                 .open = {protocol::Ambiguity::kSharedObjectExport}) {
  BackendChannel channel = StartExporter();
  const auto lookup =
      News(channel, BackendRequest::BACKEND_SHARED_OBJECT_LOOKUP);
  if (!lookup) return;
  Bait object;
  const absl::Status sent = channel.Answer(
      lookup->message, 0, CurrentRun().ForAnswer(), object.fds());
  ASSERT_TRUE(sent.ok()) << sent;
  Require(frontend().Fence());
  Disconnect();
  EXPECT_TRUE(object.Released());
}

// A front-end that answers so is wrong; what it sent is still to be closed.
CONFORMANCE_CASE(SharedObject, OfARefusalIsNotKept,
                 .cites = {Req::BCH_18, Req::BCH_09, Req::FD_18},
                 .needs = {.protocol = kSharedObject | kBackendReq,
                           .io = true}) {
  BackendChannel channel = StartExporter();
  const auto lookup =
      News(channel, BackendRequest::BACKEND_SHARED_OBJECT_LOOKUP);
  if (!lookup) return;
  MarkNegative();
  Bait object;
  const absl::Status sent = channel.Answer(
      lookup->message, 1, CurrentRun().ForAnswer(), object.fds());
  ASSERT_TRUE(sent.ok()) << sent;
  Require(frontend().Fence());
  EXPECT_TRUE(object.Released());
  EXPECT_THAT(frontend().Fence(), Succeeds());
}

}  // namespace
}  // namespace vuspec
