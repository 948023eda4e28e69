// A GPU that draws nothing: it keeps a list of the resources of its driver.
//
// Contract: see device.h. Of the commands of the control queue it knows those
// that need no pixels; any other is answered by VIRTIO_GPU_RESP_ERR_UNSPEC.
// The cursor moves without an answer.
//
// Spec: virtio 1.3, section 5.7.
#ifndef VUSPEC_HARNESS_BACKEND_GPU_DEVICE_H_
#define VUSPEC_HARNESS_BACKEND_GPU_DEVICE_H_

#include <array>
#include <set>
#include <vector>

#include "harness/backend/device.h"

namespace vuspec {

class GpuDevice final : public MockDevice {
 public:
  static constexpr std::uint32_t kControlQueue = 0;
  static constexpr std::uint32_t kCursorQueue = 1;
  static constexpr std::size_t kConfigSize = 16;
  static constexpr std::size_t kResourceCountMax = 1024;

  explicit GpuDevice(const FaultSet& fault = {}) : fault_(fault) { Reset(); }

  std::string_view name() const override { return "gpu"; }
  protocol::DeviceKind kind() const override {
    return protocol::DeviceKind::kGpu;
  }
  std::uint64_t device_features() const override { return 0; }
  std::uint32_t queue_count() const override { return 2; }
  std::span<const std::uint8_t> config() const override { return config_; }
  // Only the whole of events_clear can be written.
  bool WriteConfig(std::size_t offset,
                   std::span<const std::uint8_t> bytes) override;
  void Negotiate(std::uint64_t) override {}
  std::optional<std::uint32_t> Process(std::uint32_t queue,
                                       const Chain& chain) override;
  // The display changes, until the driver clears the event.
  void ChangeConfig() override;
  // The events, and the ids of the resources.
  std::vector<std::uint8_t> SaveState() const override;
  bool LoadState(std::span<const std::uint8_t> state) override;
  void Reset() override;

 private:
  // Returns the type of the answer.
  std::uint32_t Carry(std::uint32_t type, std::span<const std::byte> command);
  std::uint32_t Create(std::span<const std::byte> command);

  const FaultSet fault_;
  std::array<std::uint8_t, kConfigSize> config_{};
  std::set<std::uint32_t> resources_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_GPU_DEVICE_H_
