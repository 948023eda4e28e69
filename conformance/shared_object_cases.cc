// Objects that a back-end exports: asked for by the front-end, announced and
// withdrawn by the back-end.
#include <array>
#include <optional>

#include "conformance/case.h"
#include "harness/transport/poll.h"

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

  // What the back-end said already; nullopt (and the case is ambiguous) when
  // it said nothing, since it need not export anything.
  static std::optional<BackendMessage> News(BackendChannel& channel) {
    if (!WaitReadable(channel.connection().PollFd(), Deadline::Now()).ok()) {
      CurrentCase().AmbigCase("nothing is exported");
      return std::nullopt;
    }
    return Require(channel.Receive(CurrentRun().ForAnswer()));
  }
  static Uuid UuidOf(const BackendMessage& news) {
    return std::get<Uuid>(news.message.body);
  }

 private:
  Session* session_ = nullptr;
};

CONFORMANCE_CASE(SharedObject, ThatIsUnknownIsAnsweredWithoutADescriptor,
                 .cites = {Req::SHO_01}, .needs = {.protocol = kSharedObject}) {
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
                 .needs = {.protocol = kSharedObject | kBackendReq,
                           .io = true}) {
  BackendChannel channel = StartExporter();
  const auto news = News(channel);
  if (!news) return;
  EXPECT_EQ(news->message.spec,
            &Spec(BackendRequest::BACKEND_SHARED_OBJECT_ADD));
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
  const auto news = News(channel);
  if (!news) return;
  EXPECT_EQ(news->message.spec,
            &Spec(BackendRequest::BACKEND_SHARED_OBJECT_REMOVE));
  EXPECT_FALSE(Require(frontend().GetSharedObject(UuidOf(*news))));
}

}  // namespace
}  // namespace vuspec
