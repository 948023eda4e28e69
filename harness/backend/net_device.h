// A network card whose cable is plugged into itself: every frame that is sent
// on queue 1 comes back on queue 0.
//
// Contract: see device.h. Frames wait for receive buffers in the order they
// were sent; as on a wire, what does not fit into the queue is lost.
//
// Spec: virtio 1.3, section 5.1.
#ifndef VUSPEC_HARNESS_BACKEND_NET_DEVICE_H_
#define VUSPEC_HARNESS_BACKEND_NET_DEVICE_H_

#include <array>
#include <deque>
#include <vector>

#include "harness/backend/device.h"

namespace vuspec {

class NetDevice final : public MockDevice {
 public:
  static constexpr std::uint32_t kReceiveQueue = 0;
  static constexpr std::uint32_t kTransmitQueue = 1;
  static constexpr std::size_t kConfigSize = 17;
  static constexpr std::size_t kFrameSizeMax = 65550;
  static constexpr std::size_t kFrameCountMax = 256;
  static constexpr std::uint16_t kMtu = 1500;
  static constexpr std::array<std::uint8_t, 6> kMac = {0x02, 0x76, 0x75,
                                                       0x73, 0x70, 0x63};

  explicit NetDevice(const FaultSet& fault = {}) : fault_(fault) { Reset(); }

  std::string_view name() const override { return "net"; }
  std::uint64_t device_features() const override;
  std::uint64_t protocol_features() const override;
  std::uint32_t queue_count() const override { return 2; }
  std::span<const std::uint8_t> config() const override { return config_; }
  bool WriteConfig(std::size_t, std::span<const std::uint8_t> bytes) override {
    return bytes.empty();
  }
  void Negotiate(std::uint64_t features) override;
  bool Wants(std::uint32_t queue) const override {
    return queue != kReceiveQueue || (!frames_.empty() && !starved_);
  }
  std::optional<std::uint32_t> Feeds(std::uint32_t queue) const override {
    if (queue != kTransmitQueue) return std::nullopt;
    return kReceiveQueue;
  }
  // A packet sent through a disabled ring is thrown away by the specification.
  bool DiscardsWhenDisabled(std::uint32_t queue) const override {
    return queue == kTransmitQueue;
  }
  std::optional<std::uint32_t> Process(std::uint32_t queue,
                                       const Chain& chain) override;
  // The link goes down and up again with each change.
  void ChangeConfig() override;
  bool SetMtu(std::uint64_t mtu) override;
  bool SendRarp(const std::array<std::uint8_t, 6>& address) override;
  // The state of the link, and the frames that are on the wire.
  std::vector<std::uint8_t> SaveState() const override;
  bool LoadState(std::span<const std::uint8_t> state) override;
  void Reset() override;

 private:
  std::optional<std::uint32_t> Transmit(const Chain& chain);
  std::optional<std::uint32_t> DeliverTo(const Chain& chain);

  struct Frame {
    std::array<std::byte, 12> header{};  // as it was sent
    std::vector<std::byte> bytes;
  };

  const FaultSet fault_;
  std::array<std::uint8_t, kConfigSize> config_{};
  std::size_t header_size_ = 12;
  std::deque<Frame> frames_;
  bool starved_ = false;  // for good, with the defect of that name
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_NET_DEVICE_H_
