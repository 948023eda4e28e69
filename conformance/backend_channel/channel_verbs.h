// Words for the back-end channel: news for the front-end to provoke, to read
// and to answer; and a ring without descriptors.
//
// Contract: failures end the case. A channel is the case's own.
//
// Spec: "Back-end message types", protocol feature INBAND_NOTIFICATIONS.
#ifndef VUSPEC_CONFORMANCE_BACKEND_CHANNEL_CHANNEL_VERBS_H_
#define VUSPEC_CONFORMANCE_BACKEND_CHANNEL_CHANNEL_VERBS_H_

#include <cstdint>
#include <optional>
#include <set>
#include <span>

#include "conformance/kit/fixture.h"
#include "harness/device/device_driver.h"
#include "harness/frontend/backend_channel.h"
#include "harness/session/session.h"
#include "protocol/message.h"

namespace vuspec {

bool Is(const BackendMessage& message, protocol::BackendRequest request);

// The next message, which has to come.
BackendMessage Next(BackendChannel& channel);
// The same, of this kind.
BackendMessage Next(BackendChannel& channel, protocol::BackendRequest request);
// So many messages a case reads in a row: a peer may ask again whenever it is
// refused.
inline constexpr int kHeardCountMax = 64;

// What a peer that need not say anything says within its quiet budget, or by
// the time of a round trip.
std::optional<BackendMessage> Overheard(BackendChannel& channel);
std::optional<BackendMessage> SaidSoFar(Session& session,
                                        BackendChannel& channel);

// Answers, if the message asks for it.
void Answer(BackendChannel& channel, const BackendMessage& message,
            std::uint64_t value = 0);

// Nothing was said on the channel by the time of a round trip.
void ExpectSilence(Session& session, BackendChannel& channel);

// A change of the configuration, by the only field that drivers of a disk may
// write. False if the peer lets nobody change it.
bool ChangeConfig(Session& session);

// Rings that are kicked, called and found broken by messages only.
inline constexpr RingOptions kByMessage = {.with_call = false,
                                           .with_kick = false};
// All that such a ring needs to be kicked.
void PrepareByMessage(Session& session, SessionRing& ring,
                      std::uint32_t base = 0);
// Every ring of the device, enabled.
void PrepareRingsByMessage(Session& session);
void StartRingsByMessage(Session& session);

class ChannelCase : public ConformanceCase {
 protected:
  void TearDown() override {
    channel_.reset();
    ConformanceCase::TearDown();
  }

  std::optional<BackendChannel> channel_;
};

// Rings that are kicked and called by messages.
class InbandPort final : public IoPort {
 public:
  // Both outlive the port.
  InbandPort(Session& session, BackendChannel& channel)
      : session_(session), channel_(channel) {}

  GuestMemory& memory() override { return session_.memory(); }
  Reply<Done> Post(std::uint32_t queue,
                   std::span<const Segment> segments) override;
  // What was not announced by a VRING_CALL is not looked at.
  Reply<Completion> Await(std::uint32_t queue) override;

 private:
  Session& session_;
  BackendChannel& channel_;
  std::set<std::uint32_t> called_;
};

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_BACKEND_CHANNEL_CHANNEL_VERBS_H_
