// The driver of the device that this run is about.
#ifndef VUSPEC_CONFORMANCE_KIT_RUN_DRIVER_H_
#define VUSPEC_CONFORMANCE_KIT_RUN_DRIVER_H_

#include <memory>

#include "harness/device/device_driver.h"
#include "harness/suite/context.h"

namespace vuspec {

// Null where no I/O can be verified.
inline std::unique_ptr<DeviceDriver> MakeRunDriver() {
  const RunContext& run = CurrentRun();
  return MakeDeviceDriver(run.device(), run.peer().manifest().data.io);
}

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_KIT_RUN_DRIVER_H_
