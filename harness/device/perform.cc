#include "harness/device/device_driver.h"

namespace vuspec {

std::unique_ptr<DeviceDriver> MakeDeviceDriver(std::string_view device,
                                               std::string_view far_end) {
  if (device == "vsock") return MakeVsockDriver(far_end);
  if (device == "net" && far_end == "arp") return MakeNetArpDriver();
  if (!far_end.empty() && far_end != "loop") return nullptr;
  if (device == "blk") return MakeBlkDriver();
  if (device == "net") return MakeNetDriver();
  if (device == "gpu") return MakeGpuDriver();
  if (device == "fs") return MakeFsDriver();
  return nullptr;
}

Reply<Completion> Perform(IoPort& port, std::uint32_t queue,
                          const IoRequest& request) {
  if (auto posted = port.Post(queue, request.segments); !posted.ok()) {
    return posted.failure();
  }
  Reply<Completion> completion = port.Await(queue);
  if (!completion.ok()) return completion;
  if (const auto wrong = request.judge(*completion)) return Failure(*wrong);
  return completion;
}

}  // namespace vuspec
