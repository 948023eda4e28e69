#include "protocol/messages_page.h"

#include <initializer_list>
#include <utility>

#include "protocol/codec.h"
#include "protocol/message_spec.h"

namespace vuspec::protocol {
namespace {

std::string SizeText(Payload payload) {
  std::string text;
  for (const bool any : {false, true}) {
    WireContext context;
    context.xen_mmap = context.log_shmfd = any;
    const SizeRange sizes = PayloadSizes(ResolvePayload(payload, context));
    std::string one = std::to_string(sizes.min);
    if (sizes.max != sizes.min) one += "-" + std::to_string(sizes.max);
    if (!any) {
      text = one;
    } else if (one != text) {
      text += payload == Payload::kLogAny ? "; " + one + " with LOG_SHMFD"
                                          : "; " + one + " with XEN_MMAP";
    }
  }
  return text;
}

std::string FdText(const FdSpec& spec) {
  switch (spec.rule) {
    case FdRule::kBit8MeansNone:
      return "1, or 0 with bit 8";
    case FdRule::kOnePerRegion:
      return "1 per region";
    case FdRule::kOneWithLogShmfd:
      return "1 with LOG_SHMFD";
    case FdRule::kCount:
      break;
  }
  std::string text = std::to_string(spec.min);
  if (spec.max != spec.min) text += "-" + std::to_string(spec.max);
  return text;
}

std::string AnswerText(const MessageSpec& spec) {
  switch (spec.answer) {
    case Answer::kAck:
      return "ack";
    case Answer::kReply:
      return "always";
    case Answer::kLogReply:
      return "with LOG_SHMFD always, else ack";
    case Answer::kPostcopyReply:
      return "in postcopy always, else ack";
  }
  return "?";
}

std::string ReplyText(const MessageSpec& spec) {
  if (spec.answer == Answer::kAck) return "8";
  std::string text = SizeText(spec.reply);
  if (spec.reply_fds.max != 0) text += ", fds " + FdText(spec.reply_fds);
  return text;
}

std::string GateText(const Gate& gate) {
  std::string text;
  const auto add = [&](const std::string& names, std::string_view how) {
    if (names.empty()) return;
    if (!text.empty()) text += ", ";
    text += names;
    text += how;
  };
  add(VirtioFeatureNames(gate.virtio_offered), " (virtio, offered)");
  add(VirtioFeatureNames(gate.virtio_negotiated), " (virtio)");
  add(ProtocolFeatureNames(gate.protocol_offered), " (offered)");
  add(ProtocolFeatureNames(gate.protocol_negotiated), "");
  return text.empty() ? "-" : text;
}

std::string Row(const MessageSpec& spec) {
  std::string text = "|";
  for (const std::string& cell :
       {std::to_string(spec.id), std::string(spec.name), SizeText(spec.payload),
        FdText(spec.fds), AnswerText(spec), ReplyText(spec),
        GateText(spec.gate), std::string(Describe(spec.cites).id)}) {
    text += " " + cell + " |";
  }
  return text + "\n";
}

}  // namespace

std::string MessagesPage() {
  std::string page =
      "# Messages\n\n"
      "Made from `messages.def`; do not edit. `protocol_test` compares this "
      "page,\n`VUSPEC_UPDATE_GOLDEN=1 protocol_test` rewrites it.\n\n"
      "Sizes are payload bytes. An ack is 8 bytes, sent only with need_reply "
      "and\nREPLY_ACK. The last column is the requirement that a wrong shape "
      "breaks.\n";
  constexpr std::pair<Channel, std::string_view> kChannels[] = {
      {Channel::kMain, "Front-end to back-end"},
      {Channel::kBackend, "Back-end to front-end"}};
  for (const auto& [channel, title] : kChannels) {
    page += "\n## ";
    page += title;
    page +=
        "\n\n| id | message | bytes | fds | answer | answer bytes | needs | "
        "shape |\n|---|---|---|---|---|---|---|---|\n";
    for (const MessageSpec& spec : AllMessages(channel)) page += Row(spec);
  }
  return page;
}

}  // namespace vuspec::protocol
