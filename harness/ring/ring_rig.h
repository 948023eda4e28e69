// For the tests of this room: a driver and a device on one ring.
#ifndef VUSPEC_HARNESS_RING_RING_RIG_H_
#define VUSPEC_HARNESS_RING_RING_RIG_H_

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <ostream>
#include <utility>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "harness/memory/guest_memory.h"
#include "harness/ring/split_device.h"
#include "harness/ring/split_driver.h"
#include "protocol/result.h"

namespace vuspec {

// The value, or the end of the test binary with the reason.
template <typename T>
T Require(absl::StatusOr<T> value) {
  if (!value.ok()) {
    ADD_FAILURE() << value.status();
    std::abort();
  }
  return *std::move(value);
}

template <typename T>
T Require(protocol::Result<T> value) {
  if (!value) {
    ADD_FAILURE() << protocol::ToString(value.violation());
    std::abort();
  }
  return std::move(*value);
}

// The requirement a result cites, or nothing when it has a value.
template <typename T>
std::optional<protocol::Req> CitedBy(const protocol::Result<T>& result) {
  if (result) return std::nullopt;
  return result.violation().req;
}

struct RingRigOptions {
  std::uint32_t queue_size = 8;
  bool event_idx = false;
  bool indirect = false;
  std::uint16_t base = 0;
  // Regions of 4 MiB.
  std::size_t region_count = 1;
};

// The device sees the memory of the driver by guest addresses; the other kinds
// of address are for the tests of the memory room and of the sessions.
struct RingRig {
  explicit RingRig(const RingRigOptions& options)
      : memory(std::make_unique<GuestMemory>(
            Require(GuestMemory::CreateDefault(options.region_count)))),
        driver(Require(SplitDriver::Create(
            *memory, options.queue_size,
            {.event_idx = options.event_idx, .indirect = options.indirect}))),
        device(MakeDevice(options)) {}

  SplitDevice MakeDevice(const RingRigOptions& options) {
    driver.StartAt(options.base);
    SplitDevice made = Require(SplitDevice::Create(
        *memory, *memory, driver.guest_addresses(), options.queue_size,
        {.event_idx = options.event_idx, .indirect = options.indirect}));
    made.SetBase(options.base);
    return made;
  }

  Segment Buffer(std::uint32_t length, bool device_writable) {
    const GuestBuffer buffer = Require(memory->Allocate(length, 8));
    return {buffer.guest_address, length, device_writable};
  }

  std::unique_ptr<GuestMemory> memory;
  SplitDriver driver;
  SplitDevice device;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_RING_RING_RIG_H_
