// Block requests taken apart: the three buffers of a request, and chains that
// cut them where a case wants.
//
// Contract: buffers come from the session's guest memory and are not given
// back. What our world cannot do ends the case.
//
// Spec: "Block Device" > "Device Operation"; "Message Framing".
#ifndef VUSPEC_CONFORMANCE_DEVICE_BLK_VERBS_H_
#define VUSPEC_CONFORMANCE_DEVICE_BLK_VERBS_H_

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "harness/memory/guest_memory.h"
#include "harness/ring/split_driver.h"
#include "harness/session/session.h"
#include "harness/session/session_ring.h"

namespace vuspec {

inline constexpr std::uint32_t kBlkIn = 0;
inline constexpr std::uint32_t kBlkOut = 1;
inline constexpr std::uint32_t kBlkFlush = 4;
inline constexpr std::uint32_t kBlkGetId = 8;
inline constexpr std::uint32_t kBlkGetLifetime = 10;
inline constexpr std::uint32_t kBlkDiscard = 11;
inline constexpr std::uint32_t kBlkWriteZeroes = 13;
inline constexpr std::uint32_t kBlkNeverDefined = 0x7fff;

inline constexpr std::uint8_t kBlkOk = 0;
inline constexpr std::uint8_t kBlkIoErr = 1;
inline constexpr std::uint8_t kBlkUnsupported = 2;
inline constexpr std::uint8_t kBlkStatusUnset = 0xee;

inline constexpr std::uint32_t kSectorSize = 512;

// Device feature bits.
inline constexpr std::uint64_t kBlkFeatureReadOnly = std::uint64_t{1} << 5;
inline constexpr std::uint64_t kBlkFeatureFlush = std::uint64_t{1} << 9;
inline constexpr std::uint64_t kBlkFeatureConfigWce = std::uint64_t{1} << 11;
inline constexpr std::uint64_t kBlkFeatureDiscard = std::uint64_t{1} << 13;
inline constexpr std::uint64_t kBlkFeatureWriteZeroes = std::uint64_t{1} << 14;
inline constexpr std::uint64_t kBlkFeatureLifetime = std::uint64_t{1} << 15;
inline constexpr std::uint64_t kBlkFeatureZoned = std::uint64_t{1} << 17;

struct BlkParts {
  GuestBuffer header;  // 16 bytes
  GuestBuffer data;    // empty if there is none
  GuestBuffer status;  // 1 byte, kBlkStatusUnset
  bool device_writes_data = false;

  std::uint8_t StatusByte() const;
  Segment Header() const;
  Segment Data() const;
  Segment Status() const;
  // Header, data (if any) and status, a descriptor each.
  std::vector<Segment> Whole() const;
};

BlkParts MakeBlkParts(GuestMemory& memory, std::uint32_t type,
                      std::uint64_t sector, std::uint32_t data_size);

// One buffer as several segments of these lengths; the last length repeats.
std::vector<Segment> Cut(const Segment& whole,
                         std::initializer_list<std::uint32_t> lengths);

std::vector<Segment> Join(std::initializer_list<std::vector<Segment>> pieces);

// Posts the chain and awaits its completion.
Completion Complete(SessionRing& ring, const std::vector<Segment>& segments,
                    const ChainOptions& options = {});

// Posts the request as a whole and returns its status.
std::uint8_t StatusOf(SessionRing& ring, const BlkParts& request);

// The smallest sector number that the disk does not have.
// REQUIRES: CONFIG is negotiated.
std::uint64_t BlkCapacity(Session& session);

// Expects sector `sector` to hold the pattern of `seed`.
void ExpectSectorHolds(Session& session, SessionRing& ring,
                       std::uint64_t sector, std::uint64_t seed);

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_DEVICE_BLK_VERBS_H_
