// The driver of a device kind: what a guest would do with the rings.
//
// A profile says which vrings make up a working device; a DeviceDriver, one per
// session, makes requests for them and knows one verified I/O: an operation
// whose effect proves that the data path works from end to end. It is the
// oracle after every negative case.
//
// Contract: plain data goes through the session's rings (IoPort), which wait
// with a deadline; buffers come from the session's guest memory and are not
// given back before it ends.
//
// Spec: "Block Device", "Network Device", "GPU Device", "File System Device"
// and "Socket Device" of virtio.
#ifndef VUSPEC_HARNESS_DEVICE_DEVICE_DRIVER_H_
#define VUSPEC_HARNESS_DEVICE_DEVICE_DRIVER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/frontend/reply.h"
#include "harness/memory/guest_memory.h"
#include "harness/ring/split_driver.h"
#include "protocol/message_spec.h"

namespace vuspec {

// A request and the judgement of its result. Kinds of requests that only
// complete (a transmitted frame) accept any content.
struct IoRequest {
  std::vector<Segment> segments;
  // What is wrong with the buffers after this completion, if anything.
  std::function<std::optional<protocol::Violation>(const Completion&)> judge;
};

// Started rings, as a driver uses them.
class IoPort {
 public:
  virtual ~IoPort() = default;
  virtual GuestMemory& memory() = 0;
  // Makes a chain available on a vring and kicks if asked to.
  virtual Reply<Done> Post(std::uint32_t queue,
                           std::span<const Segment> segments) = 0;
  // Waits for the next completion on a vring.
  virtual Reply<Completion> Await(std::uint32_t queue) = 0;
};

struct DeviceProfile {
  std::string_view name;              // as --device and manifests say it
  std::vector<std::uint32_t> queues;  // vrings of a minimal working device
  std::uint32_t io_queue = 0;         // where requests are made
  std::uint32_t config_size = 0;      // bytes every such device has
  std::uint64_t features = 0;         // device bits that the driver acks
  protocol::DeviceKind kind = protocol::DeviceKind::kAny;  // whose messages
};

class DeviceDriver {
 public:
  virtual ~DeviceDriver() = default;
  virtual const DeviceProfile& profile() const = 0;

  // A request for io_queue that a device completes by itself. Requests with
  // different `seed` differ in content.
  virtual absl::StatusOr<IoRequest> MakeRequest(GuestMemory& memory,
                                                std::uint64_t seed) = 0;

  // Before the first request of a session (a FUSE_INIT, receive buffers).
  virtual Reply<Done> Prepare(IoPort& port) = 0;

  // One operation whose result is compared byte by byte.
  // REQUIRES: all profile().queues run and Prepare was called once.
  virtual Reply<Done> VerifiedIo(IoPort& port, std::uint64_t seed) = 0;
};

// Null for "generic" and whatever has no driver: no I/O can be verified.
// `far_end`, the io of a manifest, says what lies behind the device: for net
// "loop" (also if empty) or "arp", for vsock the path of the host's sockets.
std::unique_ptr<DeviceDriver> MakeDeviceDriver(std::string_view device,
                                               std::string_view far_end = {});

std::unique_ptr<DeviceDriver> MakeBlkDriver();
std::unique_ptr<DeviceDriver> MakeFsDriver();
std::unique_ptr<DeviceDriver> MakeGpuDriver();
// Frames come back.
std::unique_ptr<DeviceDriver> MakeNetDriver();
// A router answers ARP.
std::unique_ptr<DeviceDriver> MakeNetArpDriver();
// A stream to port N is one to the Unix socket HOST_PATH_N.
std::unique_ptr<DeviceDriver> MakeVsockDriver(std::string_view host_path);

// Posts, awaits and judges.
Reply<Completion> Perform(IoPort& port, std::uint32_t queue,
                          const IoRequest& request);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_DEVICE_DEVICE_DRIVER_H_
