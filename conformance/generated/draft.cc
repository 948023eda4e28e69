#include "conformance/generated/draft.h"

#include <sys/mman.h>
#include <unistd.h>

#include <utility>

#include "conformance/kit/bait.h"
#include "conformance/kit/matchers.h"
#include "conformance/kit/raw_verbs.h"
#include "conformance/memory/memory_verbs.h"
#include "harness/transport/check.h"
#include "harness/transport/event_fd.h"
#include "harness/transport/unix_socket.h"
#include "protocol/codec.h"
#include "protocol/validator.h"

namespace vuspec {
namespace {

using protocol::MessageSpec;
using protocol::ProtocolFeature;
using protocol::Request;
using protocol::U64;
using protocol::VringState;

constexpr std::uint32_t kRingSize = 256;
constexpr std::uint64_t kAreaSize = 65536;

UniqueFd MakeEventFd() {
  return UniqueFd(::dup(Require(Event::Create()).fd()));
}

UniqueFd MakeArea() {
  UniqueFd file(::memfd_create("vuspec-area", MFD_CLOEXEC));
  [&] { ASSERT_EQ(::ftruncate(file.get(), off_t{kAreaSize}), 0); }();
  return file;
}

protocol::VringAddr RingIn(GuestMemory& memory) {
  return {
      .descriptor = Require(memory.Allocate(16 * kRingSize, 16)).user_address,
      .used = Require(memory.Allocate(6 + 8 * kRingSize, 4)).user_address,
      .available = Require(memory.Allocate(6 + 2 * kRingSize, 2)).user_address};
}

// The region of `memory` once more, elsewhere.
protocol::MemoryRegion AnotherRegion() {
  return {.guest_address = 16 * kGiB,
          .memory_size = kAreaSize,
          .user_address = 16 * kGiB,
          .mmap_offset = 0};
}

protocol::Body BodyOf(const MessageSpec& spec, GuestMemory& memory,
                      std::uint64_t virtio, std::uint64_t protocol) {
  switch (static_cast<Request>(spec.id)) {
    case Request::SET_FEATURES:
      return U64{virtio};
    case Request::SET_PROTOCOL_FEATURES:
      return U64{protocol};
    case Request::SET_MEM_TABLE:
      return RawTable(memory.regions()).message().body;
    case Request::ADD_MEM_REG:
      return protocol::SingleMemoryRegion{0, AnotherRegion()};
    case Request::REM_MEM_REG:
      return protocol::SingleMemoryRegion{0, WireRegion(memory.regions()[0])};
    case Request::SET_LOG_BASE:
      return protocol::Log{kAreaSize, 0};
    case Request::SET_VRING_NUM:
      return VringState{0, kRingSize};
    case Request::SET_VRING_ADDR:
      return RingIn(memory);
    case Request::SET_VRING_ENABLE:
      return VringState{0, 1};
    case Request::NET_SET_MTU:
      return U64{1500};
    case Request::SET_STATUS:
      return U64{1 | 2 | 8};
    case Request::GET_CONFIG:
    case Request::SET_CONFIG:
      return protocol::Config{.size = 8};
    case Request::IOTLB_MSG:
      return protocol::Iotlb{memory.regions()[0].guest_address, kPageSize,
                             memory.regions()[0].user_address, 3, 2};
    case Request::GET_INFLIGHT_FD:
    case Request::SET_INFLIGHT_FD:
      return protocol::Inflight{kAreaSize, 0, 1, kRingSize};
    default:
      return protocol::EmptyBodyOf(
          ResolvePayload(spec.payload, protocol::WireContext::Of(protocol)));
  }
}

UniqueFd FdOf(const MessageSpec& spec) {
  switch (static_cast<Request>(spec.id)) {
    case Request::SET_LOG_FD:
    case Request::SET_VRING_KICK:
    case Request::SET_VRING_CALL:
    case Request::SET_VRING_ERR:
      return MakeEventFd();
    case Request::SET_LOG_BASE:
    case Request::SET_INFLIGHT_FD:
    case Request::ADD_MEM_REG:
      return MakeArea();
    case Request::SET_BACKEND_REQ_FD:
      return OpenOfKind(FdKind::kSocket);
    case Request::SET_DEVICE_STATE_FD:
      return OpenOfKind(FdKind::kPipe);
    default:
      return UniqueFd();
  }
}

}  // namespace

Needs NeedsFor(const MessageSpec& spec) {
  const protocol::Gate& gate = spec.gate;
  Needs needs = {.virtio = gate.virtio_offered | gate.virtio_negotiated,
                 .protocol = Mask(ProtocolFeature::REPLY_ACK) |
                             gate.protocol_offered | gate.protocol_negotiated};
  if (spec.device == protocol::DeviceKind::kGpu) needs.device = "gpu";
  if (spec.fds.rule == protocol::FdRule::kOneWithLogShmfd) {
    needs.protocol |= Mask(ProtocolFeature::LOG_SHMFD);
  }
  return needs;
}

SessionOptions OptionsFor(const MessageSpec& spec) {
  SessionOptions options;
  options.virtio |= spec.gate.virtio_negotiated;
  options.protocol |=
      spec.gate.protocol_negotiated | spec.gate.protocol_offered;
  if (spec.fds.rule == protocol::FdRule::kOneWithLogShmfd) {
    options.protocol |= Mask(ProtocolFeature::LOG_SHMFD);
  }
  for (unsigned bit = 0; bit < 64; ++bit) {
    const auto feature = static_cast<ProtocolFeature>(bit);
    if (protocol::Has(options.protocol, feature)) {
      options.protocol |= protocol::Prerequisites(feature);
    }
  }
  return options;
}

Draft DraftOf(const MessageSpec& spec, GuestMemory& memory,
              std::uint64_t virtio, std::uint64_t protocol) {
  const protocol::Body body = BodyOf(spec, memory, virtio, protocol);
  Draft draft;
  draft.header = {
      spec.id,
      spec.answer == protocol::Answer::kReply ? protocol::kVersion : kAsking,
      0};
  draft.Resize(protocol::EncodedSize(body));
  protocol::EncodeBody(body, draft.payload);
  if (spec.effect == protocol::Effect::kSetMemoryTable) {
    for (const GuestRegion& region : memory.regions()) {
      draft.fds.push_back(region.fd);
    }
  } else if (spec.device == protocol::DeviceKind::kGpu) {
    // Of a display that is there to listen.
    auto pair = Require(SocketPair());
    draft.fds.push_back(pair.second->PollFd());
    draft.owned.push_back(pair.first->TakeSocket());
    draft.owned.push_back(pair.second->TakeSocket());
  } else if (UniqueFd fd = FdOf(spec)) {
    draft.fds.push_back(fd.get());
    draft.owned.push_back(std::move(fd));
  }
  return draft;
}

protocol::Message MessageOf(const Draft& draft, protocol::WireContext context) {
  auto message =
      ValidateRequest({draft.header, draft.payload, draft.fds.size()},
                      protocol::Channel::kMain, context);
  VU_CHECK(message.ok(), "a draft is no message of the document");
  return *message;
}

Outcome Ask(RawFrontend& raw, const Draft& draft) {
  const bool like_a_fence =
      draft.header.request == static_cast<std::uint32_t>(Request::GET_FEATURES);
  raw.set_fence(like_a_fence ? Request::GET_PROTOCOL_FEATURES
                             : Request::GET_FEATURES);
  return Ask(raw, draft.header, draft.payload, draft.fds);
}

void PrepareFor(const MessageSpec& spec, Session& session) {
  const bool starts = spec.effect == protocol::Effect::kSetKick ||
                      spec.effect == protocol::Effect::kInbandKick;
  if (!starts && spec.effect != protocol::Effect::kSetVringAddr) return;
  Require(session.frontend().SetVringNum(0, kRingSize));
  if (!starts) return;
  Require(session.frontend().SetVringAddr(RingIn(session.memory())));
}

bool IsTakenByEveryDevice(const MessageSpec& spec) {
  switch (static_cast<Request>(spec.id)) {
    case Request::RESET_OWNER:
    case Request::SET_LOG_FD:
    case Request::SET_CONFIG:
    case Request::GET_CONFIG:
    case Request::GET_VRING_BASE:
    case Request::SET_VRING_ENDIAN:
    case Request::CREATE_CRYPTO_SESSION:
    case Request::CLOSE_CRYPTO_SESSION:
    case Request::POSTCOPY_ADVISE:
    case Request::POSTCOPY_LISTEN:
    case Request::POSTCOPY_END:
    case Request::SET_INFLIGHT_FD:
    case Request::CHECK_DEVICE_STATE:
      return false;
    default:
      return true;
  }
}

}  // namespace vuspec
