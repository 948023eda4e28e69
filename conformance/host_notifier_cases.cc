// Host notifiers: pages of the back-end that a driver writes to instead of
// kicking its ring.
#include <sys/mman.h>
#include <unistd.h>

#include <vector>

#include "conformance/case.h"
#include "conformance/channel_verbs.h"
#include "harness/device/buffers.h"

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
  // What it registers for its rings, each answered by `value`.
  std::vector<BackendMessage> Registered(Session& session,
                                         std::uint64_t value = 0) {
    std::vector<BackendMessage> all;
    while (auto news = SaidSoFar(session, *channel_)) {
      Answer(*channel_, *news, value);
      all.push_back(*std::move(news));
    }
    if (all.empty()) {
      [] { GTEST_SKIP() << "the device has no notifier of its own"; }();
    }
    return all;
  }
  static VringArea AreaOf(const BackendMessage& message) {
    EXPECT_TRUE(Is(message, BackendRequest::BACKEND_VRING_HOST_NOTIFIER_MSG));
    return std::get<VringArea>(message.message.body);
  }
  // As a driver does: the index of the ring, into the page.
  static void Ring(const BackendMessage& notifier) {
    const VringArea area = AreaOf(notifier);
    void* const page =
        ::mmap(nullptr, area.size, PROT_READ | PROT_WRITE, MAP_SHARED,
               notifier.fds[0].get(), static_cast<off_t>(area.offset));
    [&] { ASSERT_NE(page, MAP_FAILED); }();
    PutLe16(std::span(static_cast<std::byte*>(page), area.size), 0,
            static_cast<std::uint16_t>(area.index));
    ::munmap(page, area.size);
  }
};

CONFORMANCE_CASE(HostNotifier, IsAPageOfItsDescriptor, .cites = {Req::BCH_14},
                 .needs = kOffered) {
  Session& session = StartWith(kNotifier);
  for (const BackendMessage& notifier : Registered(session)) {
    const VringArea area = AreaOf(notifier);
    EXPECT_EQ(area.size, static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
    EXPECT_EQ(area.offset % area.size, 0u);
    EXPECT_EQ(notifier.fds.size(), 1u);
  }
}

CONFORMANCE_CASE(HostNotifier, ServesItsRing, .cites = {Req::BCH_14},
                 .needs = kOffered) {
  Session& session = StartWith(kNotifier);
  for (const BackendMessage& notifier : Registered(session)) {
    SessionRing& ring = IoRing(session);
    if ((AreaOf(notifier).index & 0xff) != ring.index()) continue;
    const IoRequest request = Require(session.MakeRequest());
    Require(ring.PostQuietly(request.segments));
    Ring(notifier);
    Require(session.frontend().Fence());
    Require(ring.Await());
    return;
  }
  CurrentCase().AmbigCase("the ring of requests has no notifier");
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
