// What the mock back-end offers: features, slots, status bits.
//
// Contract: pure functions of the device and the defects.
#ifndef VUSPEC_HARNESS_BACKEND_OFFER_H_
#define VUSPEC_HARNESS_BACKEND_OFFER_H_

#include <cstdint>

#include "harness/backend/device.h"
#include "harness/backend/fault.h"
#include "harness/transport/unique_fd.h"
#include "protocol/session_model.h"

namespace vuspec {

// More than the eight that one SET_MEM_TABLE can carry, few enough to fill.
inline constexpr std::uint64_t kSlotCount = 16;

// Bits of the device status.
inline constexpr std::uint8_t kDriverOk = 4;
inline constexpr std::uint8_t kFeaturesOk = 8;
inline constexpr std::uint8_t kNeedsReset = 64;

std::uint64_t OfferedFeatures(const MockDevice& device, const FaultSet& fault);
std::uint64_t OfferedProtocolFeatures(const MockDevice& device,
                                      const FaultSet& fault);

// For the session model, which judges by what is really there.
protocol::DeviceLimits LimitsOf(const MockDevice& device,
                                const FaultSet& fault);

// A copy of the descriptor, invalid when there is no room for one.
UniqueFd Duplicate(const UniqueFd& fd);
// Cuts the file down to nothing (a defect).
void Truncate(const UniqueFd& fd);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_OFFER_H_
