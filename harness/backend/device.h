// What the mock back-end serves: a device, seen from its rings.
//
// Contract: used by one thread. Buffers are memory of the guest, which the
// driver may change at any time: each byte is read once, through
// shared_access.h. A device blocks never.
//
// Spec: virtio 1.3, sections 5.1 (network), 5.2 (block) and 5.7 (GPU).
#ifndef VUSPEC_HARNESS_BACKEND_DEVICE_H_
#define VUSPEC_HARNESS_BACKEND_DEVICE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/backend/fault.h"
#include "harness/ring/split_chain.h"
#include "protocol/message_spec.h"

namespace vuspec {

class MockDevice {
 public:
  virtual ~MockDevice() = default;

  virtual std::string_view name() const = 0;
  // Whose messages it takes, beside those that are for any device.
  virtual protocol::DeviceKind kind() const {
    return protocol::DeviceKind::kAny;
  }
  // Device bits (0-23) and transport bits other than those that the mock
  // back-end itself stands for.
  virtual std::uint64_t device_features() const = 0;
  // Protocol features that only this kind of device has.
  virtual std::uint64_t protocol_features() const { return 0; }
  virtual std::uint32_t queue_count() const = 0;
  virtual std::span<const std::uint8_t> config() const = 0;

  // False, with nothing changed, when a byte of the range is read-only.
  // REQUIRES: the range lies within config().
  virtual bool WriteConfig(std::size_t offset,
                           std::span<const std::uint8_t> bytes) = 0;

  // The driver's choice (SET_FEATURES).
  virtual void Negotiate(std::uint64_t features) = 0;

  // The device has use for a request of this queue now.
  virtual bool Wants(std::uint32_t /*queue*/) const { return true; }
  // The queue that requests of this one may give work to, if any.
  virtual std::optional<std::uint32_t> Feeds(std::uint32_t /*queue*/) const {
    return std::nullopt;
  }
  // While the ring is disabled, requests of this queue are taken and thrown
  // away; otherwise they wait.
  virtual bool DiscardsWhenDisabled(std::uint32_t /*queue*/) const {
    return false;
  }

  // Carries the request out; returns how many bytes were written from the
  // front of the writable part, or nullopt for a request that no driver may
  // make. REQUIRES: Wants(queue).
  virtual std::optional<std::uint32_t> Process(std::uint32_t queue,
                                               const Chain& chain) = 0;

  // A change of the configuration that the driver did not cause, as when a
  // disk grows or a cable is pulled.
  virtual void ChangeConfig() = 0;

  // False for a value that this device cannot take (NET_SET_MTU).
  virtual bool SetMtu(std::uint64_t /*mtu*/) { return false; }
  // Broadcasts a RARP frame for this address, where there is a network.
  virtual bool SendRarp(const std::array<std::uint8_t, 6>&) { return false; }

  // What a driver that goes on with another back-end has to find there, beside
  // what the front-end says again.
  virtual std::vector<std::uint8_t> SaveState() const = 0;
  // False, with nothing changed, for what SaveState cannot have made.
  virtual bool LoadState(std::span<const std::uint8_t> state) = 0;

  // As at birth, except that what a disk stores is kept.
  virtual void Reset() = 0;
};

const std::vector<std::string>& MockDeviceNames();
// nullptr for a name that is none of them.
std::unique_ptr<MockDevice> MakeMockDevice(std::string_view name,
                                           const FaultSet& fault = {});

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_DEVICE_H_
