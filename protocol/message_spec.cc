#include "protocol/message_spec.h"

#include <algorithm>
#include <array>

namespace vuspec::protocol {
namespace {

using enum Answer;

constexpr MessageSpec kRequests[] = {
#define VU_REQUEST(name_, id_, ...)      \
  MessageSpec{.channel = Channel::kMain, \
              .id = id_,                 \
              .name = #name_,            \
              .reply_name = #name_ " reply" __VA_OPT__(, ) __VA_ARGS__},
#include "protocol/messages.def"
#undef VU_REQUEST
};

constexpr MessageSpec kBackendRequests[] = {
#define VU_BACKEND_REQUEST(name_, id_, ...) \
  MessageSpec{.channel = Channel::kBackend, \
              .id = id_,                    \
              .name = #name_,               \
              .reply_name = #name_ " reply" __VA_OPT__(, ) __VA_ARGS__},
#include "protocol/messages.def"
#undef VU_BACKEND_REQUEST
};

// Ids run from 1 without a gap, so a row is found by its id alone; a missing,
// repeated or misplaced row does not compile.
template <std::size_t size>
constexpr bool IdsRunFromOne(const MessageSpec (&rows)[size]) {
  for (std::size_t i = 0; i < size; ++i) {
    if (rows[i].id != i + 1) return false;
  }
  return true;
}
static_assert(IdsRunFromOne(kRequests) && std::size(kRequests) == 44);
static_assert(IdsRunFromOne(kBackendRequests) &&
              std::size(kBackendRequests) == 10);

}  // namespace

std::span<const MessageSpec> AllMessages(Channel channel) {
  if (channel == Channel::kMain) return kRequests;
  return kBackendRequests;
}

const MessageSpec* FindMessage(Channel channel, std::uint32_t id) {
  const auto rows = AllMessages(channel);
  if (id == 0 || id > rows.size()) return nullptr;
  return &rows[id - 1];
}

const MessageSpec* FindMessage(std::string_view name) {
  for (const Channel channel : {Channel::kMain, Channel::kBackend}) {
    for (const MessageSpec& spec : AllMessages(channel)) {
      if (spec.name == name) return &spec;
    }
  }
  return nullptr;
}

const MessageSpec& Spec(Request request) {
  return kRequests[static_cast<std::uint32_t>(request) - 1];
}

const MessageSpec& Spec(BackendRequest request) {
  return kBackendRequests[static_cast<std::uint32_t>(request) - 1];
}

std::string_view MessageName(Channel channel, std::uint32_t id) {
  const MessageSpec* spec = FindMessage(channel, id);
  return spec == nullptr ? "unknown request" : spec->name;
}

Payload ResolvePayload(Payload payload, WireContext context) {
  switch (payload) {
    case Payload::kMemoryTableAny:
      return context.xen_mmap ? Payload::kXenMemoryTable
                              : Payload::kMemoryTable;
    case Payload::kSingleMemoryRegionAny:
      return context.xen_mmap ? Payload::kXenSingleMemoryRegion
                              : Payload::kSingleMemoryRegion;
    case Payload::kLogAny:
      return context.log_shmfd ? Payload::kLog : Payload::kU64;
    default:
      return payload;
  }
}

AnswerKind ExpectedAnswer(const MessageSpec& spec, bool need_reply,
                          WireContext context) {
  // While the acknowledgement is due, the next table is that acknowledgement.
  const bool table_acks =
      spec.effect == Effect::kSetMemoryTable && context.postcopy_ack_due;
  const bool own_reply = spec.answer == kReply ||
                         (spec.answer == kLogReply && context.log_shmfd) ||
                         (spec.answer == kPostcopyReply &&
                          context.postcopy_listening && !table_acks);
  if (own_reply) return AnswerKind::kReply;
  return need_reply && context.reply_ack ? AnswerKind::kAck
                                         : AnswerKind::kNothing;
}

}  // namespace vuspec::protocol
