// The message table as data: what messages.def says about each message.
//
// The enums Request and BackendRequest, the codec, the validator, the session
// model, the mock's dispatch, the malformed matrix and the transcript all
// derive from these rows; nothing about a message is stated anywhere else.
//
// Spec: "Front-end message types" and "Back-end message types".
#ifndef VUSPEC_PROTOCOL_MESSAGE_SPEC_H_
#define VUSPEC_PROTOCOL_MESSAGE_SPEC_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "protocol/features.h"
#include "protocol/payloads.h"
#include "protocol/requirement.h"

namespace vuspec::protocol {

enum class Request : std::uint32_t {
#define VU_REQUEST(name, id, ...) name = id,
#include "protocol/messages.def"
#undef VU_REQUEST
};

enum class BackendRequest : std::uint32_t {
#define VU_BACKEND_REQUEST(name, id, ...) name = id,
#include "protocol/messages.def"
#undef VU_BACKEND_REQUEST
};

// Which socket, and so who asks and who answers.
enum class Channel : std::uint8_t { kMain, kBackend };

enum class Answer : std::uint8_t {
  kAck,            // a u64, only with REPLY_ACK negotiated and need_reply set
  kReply,          // always a reply of its own
  kLogReply,       // with LOG_SHMFD always a reply, else like kAck
  kPostcopyReply,  // in postcopy a reply of its own, else like kAck
};

enum class FdRule : std::uint8_t {
  kCount,           // between min and max
  kBit8MeansNone,   // bit 8 of the u64 payload set: none, else exactly one
  kOnePerRegion,    // as many as the table has regions
  kOneWithLogShmfd  // one with LOG_SHMFD, none without
};

struct FdSpec {
  std::uint8_t min = 0;
  std::uint8_t max = 0;
  FdRule rule = FdRule::kCount;
  // What a wrong number breaks; left out: what a wrong shape breaks.
  std::optional<Req> cites = {};
};

// What must have been offered or negotiated before the message may be sent.
struct Gate {
  std::uint64_t virtio_offered = 0;
  std::uint64_t virtio_negotiated = 0;
  std::uint64_t protocol_offered = 0;
  std::uint64_t protocol_negotiated = 0;
};

constexpr Gate operator|(Gate a, Gate b) {
  return {a.virtio_offered | b.virtio_offered,
          a.virtio_negotiated | b.virtio_negotiated,
          a.protocol_offered | b.protocol_offered,
          a.protocol_negotiated | b.protocol_negotiated};
}
constexpr Gate Offered(VirtioFeature f) { return {Mask(f), 0, 0, 0}; }
constexpr Gate Negotiated(VirtioFeature f) { return {0, Mask(f), 0, 0}; }
constexpr Gate Offered(ProtocolFeature f) { return {0, 0, Mask(f), 0}; }
constexpr Gate Negotiated(ProtocolFeature f) { return {0, 0, 0, Mask(f)}; }
// What every message of the back-end channel needs.
inline constexpr Gate kBackendReq = Negotiated(ProtocolFeature::BACKEND_REQ);
// VIRTIO_NET_F_MTU, bit 3 of the network device.
inline constexpr Gate kNetMtuNegotiated = {0, std::uint64_t{1} << 3, 0, 0};

// What the message does to the session; one switch in session_model.cc.
enum class Effect : std::uint8_t {
  kNone,
  kLearnFeatures,
  kSetFeatures,
  kSetOwner,
  kResetOwner,
  kSetMemoryTable,
  kSetLogBase,
  kSetVringNum,
  kSetVringAddr,
  kSetVringBase,
  kStopRing,
  kSetKick,
  kSetCall,
  kSetErr,
  kLearnProtocolFeatures,
  kSetProtocolFeatures,
  kLearnQueueCount,
  kEnableRing,
  kOpenBackendChannel,
  kAdvisePostcopy,
  kListenPostcopy,
  kEndPostcopy,
  kSetInflight,
  kResetDevice,
  kInbandKick,
  kLearnMemorySlots,
  kAddRegion,
  kRemoveRegion,
  kSetStatus,
};

// Where the payload names a vring.
enum class RingField : std::uint8_t { kNone, kIndex, kLowByte };

// In which ring states the message is defined.
enum class RingUse : std::uint8_t {
  kAny,
  kStoppedOnly,
  kStoppedOrLogFlagOnly,  // while started only the log flag may change
};

// kNegotiation messages may precede SET_OWNER: the negotiation itself, and the
// two that QEMU sends as a part of it (channel, number of memory slots).
enum class Phase : std::uint8_t { kNegotiation, kOwned };

// Devices for which a message is defined only for them.
enum class DeviceKind : std::uint8_t { kAny, kGpu };

struct MessageSpec {
  Channel channel = Channel::kMain;
  std::uint32_t id = 0;
  std::string_view name = {};
  std::string_view reply_name = {};  // "GET_FEATURES reply"
  Payload payload = Payload::kNone;
  Answer answer = Answer::kAck;
  Payload reply = Payload::kU64;
  FdSpec fds = {};
  FdSpec reply_fds = {};
  Gate gate = {};
  Effect effect = Effect::kNone;
  RingField ring = RingField::kNone;
  RingUse ring_use = RingUse::kAny;
  Phase phase = Phase::kOwned;
  DeviceKind device = DeviceKind::kAny;
  // The requirement that a wrong shape breaks, and what the columns below
  // default to.
  Req cites = Req::HDR_01;
  // ... that the message breaks before its gate is open.
  std::optional<Req> gate_cites = {};
  // ... that a wrong shape of its own reply breaks.
  std::optional<Req> reply_cites = {};
};

// All rows of a channel, sorted by id.
std::span<const MessageSpec> AllMessages(Channel channel);

// The row, or nullptr for an id that the document does not define.
const MessageSpec* FindMessage(Channel channel, std::uint32_t id);
const MessageSpec* FindMessage(std::string_view name);

const MessageSpec& Spec(Request request);
const MessageSpec& Spec(BackendRequest request);

// "GET_FEATURES", or "unknown request".
std::string_view MessageName(Channel channel, std::uint32_t id);

// What negotiation says about layouts that depend on it.
struct WireContext {
  bool xen_mmap = false;
  bool log_shmfd = false;
  bool reply_ack = false;
  bool postcopy_listening = false;
  // A postcopy reply waits for the empty SET_MEM_TABLE that acknowledges it.
  bool postcopy_ack_due = false;

  static constexpr WireContext Of(std::uint64_t protocol_features) {
    return {Has(protocol_features, ProtocolFeature::XEN_MMAP),
            Has(protocol_features, ProtocolFeature::LOG_SHMFD),
            Has(protocol_features, ProtocolFeature::REPLY_ACK), false, false};
  }
};

// Replaces the ...Any kinds by the kind that `context` selects.
Payload ResolvePayload(Payload payload, WireContext context);

// Which payload answers the message in this context: a reply of its own or,
// when the sender asked for one and REPLY_ACK holds, an ack (kU64).
enum class AnswerKind : std::uint8_t { kNothing, kAck, kReply };
AnswerKind ExpectedAnswer(const MessageSpec& spec, bool need_reply,
                          WireContext context);

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_MESSAGE_SPEC_H_
