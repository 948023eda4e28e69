// Every bound of the protocol room, with its reason.
#ifndef VUSPEC_PROTOCOL_LIMITS_H_
#define VUSPEC_PROTOCOL_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace vuspec::protocol {

// The document's "memory regions description" has eight slots.
inline constexpr std::size_t kMemoryRegionCountMax = 8;

// The document gives no limit; every implementation that we know uses 256.
inline constexpr std::size_t kConfigSizeMax = 256;

// "VirtIO shared memory" replies hold a fixed table of 256 sizes.
inline constexpr std::size_t kShmemRegionCount = 256;

// The largest payload of the table is the SHMEM configuration (2056 bytes);
// one page leaves room to see how far a wrong size overshoots.
inline constexpr std::size_t kPayloadSizeMax = 4096;

// Crypto session descriptions have no layout in the document; the largest that
// we know of is below 1.5 KiB.
inline constexpr std::size_t kOpaqueSizeMax = 2048;

// At most 8 descriptors are attached to a message ("memory regions", and
// BACKEND_SEND_FD); the kernel takes up to 253, which we must survive.
inline constexpr std::size_t kFdCountMax = 8;

// Vring indices travel in 8 bits of the kick, call and err payloads.
inline constexpr std::size_t kVringCountMax = 256;

// Split and packed rings hold at most 32768 entries.
inline constexpr std::uint32_t kVringSizeMax = 32768;

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_LIMITS_H_
