// Every front-end message, over and over: whatever it does, its repetition
// leaves no descriptor, no mapping and no thread behind.
#include <string>

#include "conformance/generated/draft.h"
#include "conformance/generated/generated.h"
#include "conformance/kit/case.h"
#include "conformance/kit/leak_case.h"
#include "conformance/kit/raw_verbs.h"
#include "protocol/message_spec.h"

namespace vuspec {
namespace {

using protocol::MessageSpec;
using protocol::ProtocolFeature;
using protocol::Req;

class LeakPerMessage : public LeakCase {
 public:
  explicit LeakPerMessage(const MessageSpec& spec) : spec_(spec) {}

  void TestBody() override {
    const auto before = Idle();
    Session& session = StartSession(OptionsFor(spec_));
    PrepareFor(spec_, session);
    // Refused repetitions may not leak either.
    for (int i = 0; i < kRepetitions && session.frontend().LinkUp(); ++i) {
      const Draft draft =
          DraftOf(spec_, session.memory(), session.negotiated().virtio,
                  session.negotiated().protocol);
      Ask(Raw(session), draft.header, draft.payload, draft.fds);
    }
    Disconnect();
    if (before) ExpectNoMoreThan(*before);
  }

 private:
  const MessageSpec& spec_;
};

int RegisterMessages() {
  for (const MessageSpec& spec : AllMessages(protocol::Channel::kMain)) {
    const std::string name(spec.name);
    RegisterGenerated({.id = "LeakPerMessage." + name,
                       .cites = {Req::FD_19, Req::HDR_25},
                       .needs = {.virtio = spec.gate.virtio_offered |
                                           spec.gate.virtio_negotiated,
                                 .protocol = spec.gate.protocol_offered |
                                             spec.gate.protocol_negotiated |
                                             Mask(ProtocolFeature::REPLY_ACK)},
                       .summary = name + ", repeated, leaves nothing behind"},
                      __FILE__, __LINE__,
                      [&spec] { return new LeakPerMessage(spec); });
  }
  return 0;
}

[[maybe_unused]] const int registered = RegisterMessages();

}  // namespace
}  // namespace vuspec
