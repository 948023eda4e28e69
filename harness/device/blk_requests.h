// Single virtio-blk requests, for cases that are about more than one.
//
// Spec: "Block Device" > "Device Operation".
#ifndef VUSPEC_HARNESS_DEVICE_BLK_REQUESTS_H_
#define VUSPEC_HARNESS_DEVICE_BLK_REQUESTS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "harness/device/device_driver.h"
#include "harness/memory/guest_memory.h"

namespace vuspec {

// Writes the pattern of `seed` to one sector of 512 bytes: three descriptors,
// header, data and status.
absl::StatusOr<IoRequest> MakeBlkWrite(GuestMemory& memory,
                                       std::uint64_t sector,
                                       std::uint64_t seed);

// Reads one sector; the judge expects the pattern of `seed`.
absl::StatusOr<IoRequest> MakeBlkRead(GuestMemory& memory, std::uint64_t sector,
                                      std::uint64_t seed);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_DEVICE_BLK_REQUESTS_H_
