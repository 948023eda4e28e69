// virtio-net, whatever is at its far end: a frame is transmitted on vring 1,
// and what comes of it is received on vring 0.
//
// Contract: as in device_driver.h. A derived class knows one far end: the frame
// to send it, and what to make of a frame that it sent.
//
// Spec: "Network Device" > "Device Operation" of virtio.
#ifndef VUSPEC_HARNESS_DEVICE_NET_DRIVER_H_
#define VUSPEC_HARNESS_DEVICE_NET_DRIVER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "harness/device/device_driver.h"

namespace vuspec {

class NetDriver : public DeviceDriver {
 public:
  const DeviceProfile& profile() const final;
  absl::StatusOr<IoRequest> MakeRequest(GuestMemory& memory,
                                        std::uint64_t seed) final;
  Reply<Done> Prepare(IoPort&) final { return Done{}; }
  Reply<Done> VerifiedIo(IoPort& port, std::uint64_t seed) final;

 protected:
  using Frame = std::vector<std::byte>;

  // Without the header of virtio-net.
  virtual Frame MakeFrame(std::uint64_t seed) const = 0;
  // Nullopt for a frame that has nothing to do with the one of `seed`.
  virtual std::optional<Reply<Done>> Judge(const Frame& received,
                                           std::uint64_t seed) const = 0;
};

// The first byte in which `actual` differs; lengths first.
Reply<Done> CompareFrames(std::span<const std::byte> actual,
                          std::span<const std::byte> expected);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_DEVICE_NET_DRIVER_H_
