// Host notifiers: pages of the back-end that a driver writes to instead of
// kicking its ring.
#include <unistd.h>

#include <map>
#include <utility>

#include "conformance/backend_channel/channel_verbs.h"
#include "conformance/kit/case.h"
#include "harness/device/buffers.h"
#include "harness/memory/mapping.h"

namespace vuspec {
namespace {

using protocol::BackendRequest;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::VringArea;

constexpr std::uint64_t kChannel =
    Mask(ProtocolFeature::BACKEND_REQ, ProtocolFeature::BACKEND_SEND_FD);
constexpr std::uint64_t kNotifier =
    kChannel | Mask(ProtocolFeature::HOST_NOTIFIER);
constexpr Needs kOffered = {.protocol = kNotifier, .io = true};

class HostNotifier : public ChannelCase {
 protected:
  // A device at work.
  Session& StartWith(std::uint64_t features) {
    Session& session = StartSession({.protocol = kPlainProtocol | features});
    channel_.emplace(Require(session.frontend().OpenBackendChannel()));
    Require(session.BringDevice());
    return session;
  }
  // What it registers, by the index of the ring; each message is answered by
  // `value`.
  std::map<std::uint64_t, BackendMessage> Registered(Session& session,
                                                     std::uint64_t value = 0) {
    std::map<std::uint64_t, BackendMessage> registered;
    for (int count = 0; count < kHeardCountMax; ++count) {
      auto news = SaidSoFar(session, *channel_);
      if (!news) break;
      Answer(*channel_, *news, value);
      if (!Is(*news, BackendRequest::BACKEND_VRING_HOST_NOTIFIER_MSG)) continue;
      const std::uint64_t index = AreaOf(*news).index;
      registered.erase(index & kIndexMask);
      if ((index & protocol::kNoFdBit) != 0) continue;
      registered.emplace(index & kIndexMask, *std::move(news));
    }
    if (registered.empty()) {
      [] { GTEST_SKIP() << "the device has no notifier of its own"; }();
    }
    return registered;
  }
  static VringArea AreaOf(const BackendMessage& message) {
    return std::get<VringArea>(message.message.body);
  }
  static Mapping Map(const BackendMessage& notifier) {
    const VringArea area = AreaOf(notifier);
    return Require(
        Mapping::Create(notifier.fds[0].get(), area.offset, area.size));
  }

 private:
  static constexpr std::uint64_t kIndexMask = 0xff;
};

CONFORMANCE_CASE(HostNotifier, IsAPageOfItsDescriptor, .cites = {Req::BCH_14},
                 .needs = kOffered) {
  Session& session = StartWith(kNotifier);
  for (const auto& [index, notifier] : Registered(session)) {
    const VringArea area = AreaOf(notifier);
    // One page is advice; what is mapped has to be whole pages.
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    EXPECT_GE(area.size, page);
    EXPECT_EQ(area.size % page, 0u) << "size " << area.size;
    EXPECT_EQ(area.offset % page, 0u) << "offset " << area.offset;
    (void)Map(notifier);  // ends the case where there is none
  }
}

CONFORMANCE_CASE(HostNotifier, ServesItsRing, .cites = {Req::BCH_14},
                 .needs = kOffered) {
  Session& session = StartWith(kNotifier);
  SessionRing& ring = IoRing(session);
  const auto registered = Registered(session);
  const auto notifier = registered.find(ring.index());
  if (notifier == registered.end()) {
    CurrentCase().AmbigCase("the ring of requests has no notifier");
    return;
  }
  const IoRequest request = Require(session.MakeRequest());
  Require(ring.PostQuietly(request.segments));
  // As a driver does: the index of the ring, into the page.
  PutLe16(Map(notifier->second).bytes(), 0,
          static_cast<std::uint16_t>(ring.index()));
  Require(session.frontend().Fence());
  Require(ring.Await());
}

CONFORMANCE_CASE(HostNotifier, ThatIsRefusedLeavesTheKickDescriptor,
                 .cites = {Req::BCH_14, Req::BCH_09}, .needs = kOffered) {
  Session& session = StartWith(kNotifier);
  MarkNegative();
  Registered(session, 1);
  CompleteOne(session);
}

CONFORMANCE_CASE(HostNotifier, LeavesTheKickDescriptorBesideIt,
                 .cites = {Req::BCH_14}, .needs = kOffered) {
  Session& session = StartWith(kNotifier);
  Registered(session);
  CompleteOne(session);
}

CONFORMANCE_CASE(HostNotifier, IsNotSentWithoutTheFeature,
                 .cites = {Req::BCH_05, Req::BCH_07, Req::BCH_14},
                 .needs = {.protocol = kChannel, .io = true}) {
  Session& session = StartWith(kChannel);
  CompleteOne(session);
  ExpectSilence(session, *channel_);
}

}  // namespace
}  // namespace vuspec
