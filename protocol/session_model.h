// The executable state machine of a vhost-user session.
//
// Fed with every message that crosses the sockets, it answers three questions:
// is this message legal now (CheckRequest and its siblings), what answer must
// follow (ExpectedAnswer of message_spec.h with context()), and what is the
// state (ring(), memory(), ...). The front-end asks before it sends, the mock
// back-end asks about what it received; both then Apply what took effect.
//
// Contract: pure, no allocation, copyable (a copy is a hypothesis). About
// 40 KiB: keep it off small stacks.
// Invariant: a ring is started only with a size and addresses.
//
// Spec: "Starting and stopping rings", "Ring states", "Multiple queue support",
// "Communication".
#ifndef VUSPEC_PROTOCOL_SESSION_MODEL_H_
#define VUSPEC_PROTOCOL_SESSION_MODEL_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "protocol/memory_layout.h"
#include "protocol/message.h"
#include "protocol/ring_state.h"
#include "protocol/violation.h"

namespace vuspec::protocol {

// What a device can do, as far as it is known.
struct DeviceLimits {
  std::optional<std::uint64_t> virtio_features;    // offered
  std::optional<std::uint64_t> protocol_features;  // offered
  std::uint32_t queue_count = kVringCountMax;
  std::uint64_t slot_count = kMemoryRegionCountMax;
  DeviceKind device = DeviceKind::kAny;
};

enum class Postcopy : std::uint8_t { kOff, kAdvised, kListening };

class SessionModel {
 public:
  // A front-end starts without knowledge and learns from replies; a back-end
  // knows what it offers.
  SessionModel() = default;
  explicit SessionModel(const DeviceLimits& limits);

  // Why `request` (from the front-end) must not be sent now, if so.
  std::optional<Violation> CheckRequest(const Message& request) const;

  // Whether the gate and the phase allow such a message now, whatever it holds.
  std::optional<Violation> CheckGate(const MessageSpec& spec) const;

  // `request` was sent and not refused (or: received and carried out).
  // REQUIRES: the body is of the kind that the row and context() name, as the
  // validator and CheckRequest see to.
  void ApplyRequest(const Message& request);

  // What a well-formed reply says that contradicts the specification or what
  // was said before in this session.
  std::optional<Violation> CheckReply(const Message& request,
                                      const Message& reply) const;
  void ApplyReply(const Message& request, const Message& reply);

  // Why the back-end must not send `request` on its channel now, if so.
  std::optional<Violation> CheckBackendRequest(const Message& request) const;

  // How messages are laid out and answered now.
  WireContext context() const;

  const DeviceLimits& limits() const { return limits_; }
  bool owned() const { return owned_; }
  // Set by SET_FEATURES and SET_PROTOCOL_FEATURES; nullopt before.
  const std::optional<std::uint64_t>& features() const { return features_; }
  std::uint64_t protocol_features() const {
    return protocol_features_.value_or(0);
  }
  const MemoryLayout& memory() const { return memory_; }
  // REQUIRES: index < kVringCountMax.
  const RingState& ring(std::uint32_t index) const { return rings_[index]; }
  std::uint8_t status() const { return status_; }
  Postcopy postcopy() const { return postcopy_; }
  bool has_backend_channel() const { return backend_channel_; }
  bool has_log() const { return log_; }
  bool has_inflight() const { return inflight_; }

  // What the state contradicts of itself, or "". Holds as long as only
  // requests that CheckRequest let pass were applied.
  std::string_view CheckInvariants() const;

  // No ring is started ("Suspended device state").
  bool suspended() const { return started_count_ == 0; }

 private:
  std::optional<Violation> CheckRing(const Message& request) const;
  std::optional<Violation> CheckValues(const Message& request) const;
  std::optional<Violation> CheckReplyToFetch(const Message& request,
                                             const Message& reply) const;
  std::optional<Violation> CheckBackendValues(const Message& request) const;
  std::optional<Violation> CheckAddresses(const Message& request,
                                          const VringAddr& addr) const;
  std::optional<Violation> CheckPlaces(const Message& request,
                                       const VringAddr& addr) const;
  std::optional<Violation> CheckStart(const Message& request,
                                      const RingState& ring) const;
  std::optional<Violation> CheckTable(const Message& request) const;
  // With GPA_ADDRESSES a region has one address, said twice.
  std::optional<Violation> CheckUserAddresses(
      const Message& request, std::span<const MemoryRegion> regions) const;
  // Rings that the device has and the model can follow.
  std::uint32_t queue_count() const {
    return limits_.queue_count < kVringCountMax ? limits_.queue_count
                                                : std::uint32_t{kVringCountMax};
  }
  void SetFeatures(std::uint64_t features);
  void SetStarted(RingState& ring, bool started);

  DeviceLimits limits_;
  bool owned_ = false;
  std::optional<std::uint64_t> features_;
  std::optional<std::uint64_t> protocol_features_;
  MemoryLayout memory_;
  std::array<RingState, kVringCountMax> rings_;
  std::uint32_t started_count_ = 0;
  std::uint8_t status_ = 0;
  Postcopy postcopy_ = Postcopy::kOff;
  bool postcopy_ack_due_ = false;
  bool backend_channel_ = false;
  bool log_ = false;
  bool inflight_ = false;
};

// The regions of a SET_MEM_TABLE, ADD_MEM_REG or REM_MEM_REG body, with or
// without XEN_MMAP, copied to `out`; returns how many.
std::size_t CopyRegions(const Body& body,
                        std::array<MemoryRegion, kMemoryRegionCountMax>& out);
MemoryRegion FirstRegion(const Body& body);

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_SESSION_MODEL_H_
