// Every front-end message, spoiled in every way that its row of messages.def
// leaves room for, and its legal twin.
#include <string>

#include "conformance/generated/draft.h"
#include "conformance/generated/generated.h"
#include "conformance/kit/bait.h"
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"
#include "protocol/codec.h"
#include "protocol/message_spec.h"

namespace vuspec {
namespace {

using protocol::Ambiguity;
using protocol::MessageSpec;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;
using protocol::WireContext;

enum class Defect {
  kNone,
  kShort,
  kLong,
  kHuge,
  kExtraFd,
  kMissingFd,
  kVersion2,
  kUndefinedFlag,
  kReplyFlag,
  kUngated,
  kBeforeOwner,
};

struct DefectRow {
  Defect defect;
  const char* name;
  const char* text;
};
constexpr DefectRow kDefects[] = {
    {Defect::kNone, "Legal", "without a defect is taken"},
    {Defect::kShort, "Short", "one byte short of its smallest size"},
    {Defect::kLong, "Long", "twelve bytes beyond its largest size"},
    {Defect::kHuge, "Huge", "with a size of all ones"},
    {Defect::kExtraFd, "ExtraFd", "with a descriptor too many"},
    {Defect::kMissingFd, "MissingFd", "without its descriptor"},
    {Defect::kVersion2, "Version2", "of version 2"},
    {Defect::kUndefinedFlag, "UndefinedFlag", "with a flag without meaning"},
    {Defect::kReplyFlag, "ReplyFlag", "with the flag of replies"},
    {Defect::kUngated, "Ungated", "without the feature that it needs"},
    {Defect::kBeforeOwner, "BeforeOwner", "before SET_OWNER"},
};

bool HasReply(const MessageSpec& spec) {
  return spec.answer == protocol::Answer::kReply;
}

bool HasPayload(const MessageSpec& spec) {
  return spec.payload != protocol::Payload::kNone;
}

bool NeedsFd(const MessageSpec& spec) {
  return spec.fds.min != 0 || spec.fds.rule != protocol::FdRule::kCount;
}

// SET_VRING_ENABLE without bit 30 may be ignored, which a case about rings
// sees.
bool CanBeUngated(const MessageSpec& spec) {
  return spec.gate.protocol_negotiated != 0;
}

bool Applies(Defect defect, const MessageSpec& spec) {
  switch (defect) {
    case Defect::kNone:
      return IsTakenByEveryDevice(spec);
    case Defect::kShort:
      return PayloadSizes(ResolvePayload(spec.payload, {})).min != 0;
    case Defect::kMissingFd:
      return NeedsFd(spec);
    case Defect::kUngated:
      return CanBeUngated(spec);
    case Defect::kBeforeOwner:
      return spec.phase == protocol::Phase::kOwned;
    case Defect::kLong:
    case Defect::kHuge:
    case Defect::kExtraFd:
    case Defect::kVersion2:
    case Defect::kUndefinedFlag:
    case Defect::kReplyFlag:
      return true;
  }
  return false;
}

std::vector<Req> Cites(Defect defect, const MessageSpec& spec) {
  switch (defect) {
    case Defect::kNone:
      return HasReply(spec) ? std::vector{Req::HDR_09}
                            : std::vector{Req::ACK_01, Req::ACK_02};
    case Defect::kShort:
      return {spec.cites};
    case Defect::kLong:
      return {HasPayload(spec) ? spec.cites : Req::HDR_38};
    case Defect::kHuge:
      return {Req::HDR_21};
    case Defect::kExtraFd:
      return {spec.fds.max == 0 ? Req::FD_04
                                : spec.fds.cites.value_or(spec.cites)};
    case Defect::kMissingFd:
      return {spec.fds.cites.value_or(spec.cites)};
    case Defect::kVersion2:
      return {Req::HDR_16};
    case Defect::kUndefinedFlag:
      return {Req::HDR_19};
    case Defect::kReplyFlag:
      return {Req::HDR_18};
    case Defect::kUngated:
      return {spec.gate_cites.value_or(spec.cites)};
    case Defect::kBeforeOwner:
      return {Req::OWN_04};
  }
  return {};
}

std::vector<Ambiguity> Open(Defect defect) {
  if (defect == Defect::kBeforeOwner) return {Ambiguity::kBeforeOwner};
  return {};
}

Needs NeedsOf(Defect defect, const MessageSpec& spec) {
  if (defect != Defect::kUngated) return NeedsFor(spec);
  return {.protocol = Mask(ProtocolFeature::REPLY_ACK)};
}

class Malformed : public ConformanceCase {
 public:
  Malformed(const MessageSpec& spec, Defect defect)
      : spec_(spec), defect_(defect) {}

  void TestBody() override {
    if (defect_ == Defect::kBeforeOwner) return SendBeforeOwner();
    SessionOptions options = OptionsFor(spec_);
    if (defect_ == Defect::kUngated) {
      options.protocol &= ~spec_.gate.protocol_negotiated;
    }
    Session& session = StartSession(options);
    PrepareFor(spec_, session);
    Draft draft = DraftOf(spec_, session.memory(), session.negotiated().virtio,
                          session.negotiated().protocol);
    Send(session, draft);
  }

 private:
  bool Is(Request request) const {
    return spec_.id == static_cast<std::uint32_t>(request);
  }
  void Send(Session& session, Draft& draft);
  void SendWithBait(RawFrontend& raw, Draft& draft);
  void SendBeforeOwner();
  void Spoil(Draft& draft, WireContext context) const;
  void Judge(const Outcome& outcome) const;
  bool IsRefusalOfItsOwn(const Outcome& outcome) const;

  const MessageSpec& spec_;
  const Defect defect_;
};

void Malformed::Send(Session& session, Draft& draft) {
  RawFrontend& raw = Raw(session);
  Spoil(draft, session.frontend().model().context());
  if (defect_ == Defect::kExtraFd) return SendWithBait(raw, draft);
  if (defect_ == Defect::kHuge) {
    const Outcome outcome =
        SendAndHalfClose(raw, draft.header, draft.payload, draft.fds);
    EXPECT_TRUE(outcome.closed) << outcome;
    return;
  }
  Judge(Ask(raw, draft));
}

void Malformed::SendWithBait(RawFrontend& raw, Draft& draft) {
  // One more than there may be, where none need be there.
  Bait bait(draft.fds.empty() ? spec_.fds.max + std::size_t{1} : 1);
  draft.fds.insert(draft.fds.end(), bait.fds().begin(), bait.fds().end());
  Judge(Ask(raw, draft));
  EXPECT_TRUE(bait.Released());
}

void Malformed::SendBeforeOwner() {
  const SessionOptions options = OptionsFor(spec_);
  RawFrontend& raw = *ConnectRaw().operator->();
  const std::uint64_t features = options.protocol & probe().protocol_features;
  Ask(raw,
      MakeRequest(Request::SET_PROTOCOL_FEATURES, protocol::U64{features}));
  raw.set_context(WireContext::Of(features));
  GuestMemory memory = Require(GuestMemory::CreateDefault());
  const Draft draft = DraftOf(
      spec_, memory, options.virtio & probe().virtio_features, features);
  const Outcome outcome = Ask(raw, draft);
  EXPECT_THAT(outcome, IsAnswered());
  CurrentCase().AmbigCase(std::string(spec_.name) +
                          " before SET_OWNER: " + ToString(outcome));
}

void Malformed::Spoil(Draft& draft, WireContext context) const {
  const auto sizes = PayloadSizes(ResolvePayload(spec_.payload, context));
  switch (defect_) {
    case Defect::kShort:
      return draft.Resize(sizes.min - 1);
    case Defect::kLong: {
      // Read as a message of its own, what is too much would be answered.
      const auto more = BytesOf(HeaderOf(Is(Request::GET_QUEUE_NUM)
                                             ? Request::GET_PROTOCOL_FEATURES
                                             : Request::GET_QUEUE_NUM));
      draft.payload.resize(sizes.max);
      draft.payload.insert(draft.payload.end(), more.begin(), more.end());
      return draft.Resize(draft.payload.size());
    }
    case Defect::kHuge:
      draft.payload.resize(16);
      draft.header.size = ~std::uint32_t{0};
      return;
    case Defect::kMissingFd:
      return draft.fds.clear();
    case Defect::kVersion2:
      draft.header.flags ^= protocol::kVersionMask;
      return;
    case Defect::kUndefinedFlag:
      draft.header.flags |= ~protocol::kDefinedFlags;
      return;
    case Defect::kReplyFlag:
      draft.header.flags |= protocol::kReplyFlag;
      return;
    case Defect::kNone:
    case Defect::kExtraFd:
    case Defect::kUngated:
    case Defect::kBeforeOwner:
      return;
  }
}

void Malformed::Judge(const Outcome& outcome) const {
  switch (defect_) {
    case Defect::kNone:
      // Of a session that has an owner: AMB-second-owner.
      if (Is(Request::SET_OWNER)) {
        EXPECT_THAT(outcome, IsAnswered());
        return;
      }
      EXPECT_TRUE(outcome.kind == Outcome::kAcked ||
                  outcome.kind == Outcome::kReplied)
          << outcome;
      EXPECT_FALSE(outcome.violation.has_value()) << outcome;
      return;
    case Defect::kLong:
      if (!HasPayload(spec_)) {
        EXPECT_THAT(outcome, IsAnswered());
        EXPECT_FALSE(outcome.violation.has_value()) << outcome;
        return;
      }
      break;
    case Defect::kExtraFd:
      if (spec_.fds.max == 0) {
        EXPECT_THAT(outcome, IsAnswered());
        return;
      }
      break;
    case Defect::kUndefinedFlag:
      EXPECT_THAT(outcome, IsAnswered());
      return;
    case Defect::kReplyFlag:
      if (IsRefusalOfItsOwn(outcome)) return;
      EXPECT_THAT(outcome, IsRefusedOrIgnored());
      return;
    default:
      break;
  }
  if (IsRefusalOfItsOwn(outcome)) return;
  EXPECT_THAT(outcome, IsRefused());
}

// Requests that always have a reply refuse with it: GET_CONFIG by an empty one,
// SET_LOG_BASE, whose reply the document leaves open, and those about device
// state by a number.
bool Malformed::IsRefusalOfItsOwn(const Outcome& outcome) const {
  if (!outcome.reply || outcome.violation) return false;
  if (Is(Request::GET_CONFIG)) return outcome.reply->payload.empty();
  if (Is(Request::SET_DEVICE_STATE_FD)) {
    return (outcome.value & 0xff) != 0 && outcome.reply->fds.empty();
  }
  if (Is(Request::CHECK_DEVICE_STATE)) return outcome.value != 0;
  return Is(Request::SET_LOG_BASE) && outcome.value != 0;
}

int RegisterMatrix() {
  for (const MessageSpec& spec : AllMessages(protocol::Channel::kMain)) {
    for (const DefectRow& row : kDefects) {
      if (!Applies(row.defect, spec)) continue;
      const std::string name(spec.name);
      RegisterGenerated({.id = "Malformed." + name + "_" + row.name,
                         .cites = Cites(row.defect, spec),
                         .needs = NeedsOf(row.defect, spec),
                         .open = Open(row.defect),
                         .summary = name + " " + row.text},
                        __FILE__, __LINE__, [&spec, &row] {
                          return new Malformed(spec, row.defect);
                        });
    }
  }
  return 0;
}

[[maybe_unused]] const int registered = RegisterMatrix();

}  // namespace
}  // namespace vuspec
