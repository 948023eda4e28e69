// Every message twice: sent again, it is taken again where the session model
// says that it is still legal, and answered in any case.
#include <string>

#include "conformance/generated/draft.h"
#include "conformance/generated/generated.h"
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"
#include "protocol/message_spec.h"

namespace vuspec {
namespace {

using protocol::MessageSpec;
using protocol::Req;

class Repetition : public ConformanceCase {
 public:
  explicit Repetition(const MessageSpec& spec) : spec_(spec) {}

  void TestBody() override {
    Session& session = StartSession(OptionsFor(spec_));
    PrepareFor(spec_, session);
    const Draft draft =
        DraftOf(spec_, session.memory(), session.negotiated().virtio,
                session.negotiated().protocol);
    const Outcome first = Ask(Raw(session), draft);
    EXPECT_THAT(first, IsSurvived());
    if (first.closed) return;
    const Outcome second = Ask(session.raw(), draft);
    if (first.refused() || !MustBeTakenAgain(session, draft)) {
      EXPECT_THAT(second, IsSurvived());
      return;
    }
    EXPECT_THAT(second, IsTaken());
    EXPECT_EQ(second.value, first.value);
  }

 private:
  bool MustBeTakenAgain(Session& session, const Draft& draft) const {
    // A second SET_OWNER is open (AMB-second-owner).
    if (!IsTakenByEveryDevice(spec_) ||
        spec_.effect == protocol::Effect::kSetOwner) {
      return false;
    }
    protocol::SessionModel model = session.frontend().model();
    const protocol::Message message = MessageOf(draft, model.context());
    if (!model.CheckRequest(message)) model.ApplyRequest(message);
    return !model.CheckRequest(message);
  }

  const MessageSpec& spec_;
};

int RegisterRepetitions() {
  for (const MessageSpec& spec : AllMessages(protocol::Channel::kMain)) {
    const std::string name(spec.name);
    RegisterGenerated(
        {.id = "Repetition." + name,
         .cites = {spec.answer == protocol::Answer::kReply ? Req::HDR_09
                                                           : Req::ACK_01},
         .needs = NeedsFor(spec),
         .summary = name + " a second time"},
        __FILE__, __LINE__, [&spec] { return new Repetition(spec); });
  }
  return 0;
}

[[maybe_unused]] const int registered = RegisterRepetitions();

}  // namespace
}  // namespace vuspec
