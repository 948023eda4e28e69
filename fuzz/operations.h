// What the records of the stories mean: the operations of a front-end, the
// deliveries of its peer, the steps on a ring. One list for the fuzzers, their
// mutators, the seed maker and the coverage of all of them.
//
// A record's kind is taken modulo what there is, so that every byte means
// something; a parameter that is missing is 0. New rows go to the end: the
// corpus knows them by number.
#ifndef VUSPEC_FUZZ_OPERATIONS_H_
#define VUSPEC_FUZZ_OPERATIONS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace vuspec::fuzz {

// ---- frontend_fuzzer: kinds below kDeliveryBit are operations ----

// Name, parameters. u8 unless said otherwise; `fd` 0 is none; `region` picks
// one of RegionOf (frontend_operations.cc).
#define VU_FUZZ_FRONTEND_OPERATIONS(X)                                \
  X(kGetFeatures, "")                                                 \
  X(kSetFeatures, "u64")                                              \
  X(kSetOwner, "")                                                    \
  X(kResetOwner, "")                                                  \
  X(kGetProtocolFeatures, "")                                         \
  X(kSetProtocolFeatures, "u64")                                      \
  X(kGetQueueNum, "")                                                 \
  X(kGetMaxMemSlots, "")                                              \
  X(kSetMemTable, "regions to the end")                               \
  X(kAddMemReg, "region")                                             \
  X(kRemMemReg, "region")                                             \
  X(kSetLogBase, "fd, size u64, offset u64")                          \
  X(kSetLogFd, "fd")                                                  \
  X(kIotlbMsg, "type, permission, iova u64, size u64, address u64")   \
  X(kSetVringNum, "index u16, num u32")                               \
  X(kSetVringAddr, "index u16, region, flags, offset u16, log u64")   \
  X(kSetVringBase, "index u16, base u32")                             \
  X(kGetVringBase, "index u16")                                       \
  X(kSetVringKick, "index u16, fd")                                   \
  X(kSetVringCall, "index u16, fd")                                   \
  X(kSetVringErr, "index u16, fd")                                    \
  X(kSetVringEnable, "index u16, on")                                 \
  X(kSetVringEndian, "index u16, big")                                \
  X(kVringKick, "index u16")                                          \
  X(kGetConfig, "offset u16, size u16, flags")                        \
  X(kSetConfig, "offset u16, flags, bytes to the end")                \
  X(kSetStatus, "status")                                             \
  X(kGetStatus, "")                                                   \
  X(kResetDevice, "")                                                 \
  X(kSendRarp, "six bytes")                                           \
  X(kNetSetMtu, "u64")                                                \
  X(kGpuSetSocket, "fd")                                              \
  X(kCreateCryptoSession, "bytes to the end")                         \
  X(kCloseCryptoSession, "u64")                                       \
  X(kGetSharedObject, "16 bytes")                                     \
  X(kGetShmemConfig, "")                                              \
  X(kPostcopyAdvise, "")                                              \
  X(kPostcopyListen, "")                                              \
  X(kPostcopyEnd, "")                                                 \
  X(kGetInflightFd, "queues u16, size u16")                           \
  X(kSetInflightFd, "fd, queues u16, size u16, area u64, offset u64") \
  X(kSetDeviceStateFd, "fd, direction u32, phase u32")                \
  X(kCheckDeviceState, "")                                            \
  X(kSetBackendReqFd, "fd")                                           \
  X(kOpenBackendChannel, "")                                          \
  X(kFence, "")                                                       \
  X(kNegotiate, "virtio u64, protocol u64")                           \
  X(kExchange, "row, need_reply, fds, body to the end")               \
  X(kBackendRequest, "cut, fds, answer, bytes to the end")            \
  X(kClose, "")

enum class FrontendOperation : std::uint8_t {
#define VU_FUZZ_ENUMERATOR(name, parameters) name,
  VU_FUZZ_FRONTEND_OPERATIONS(VU_FUZZ_ENUMERATOR)
#undef VU_FUZZ_ENUMERATOR
};
#define VU_FUZZ_ONE(name, parameters) +1
inline constexpr std::uint8_t kFrontendOperationCount =
    0 VU_FUZZ_FRONTEND_OPERATIONS(VU_FUZZ_ONE);
#undef VU_FUZZ_ONE

inline constexpr std::uint8_t kDeliveryBit = 0x80;

// What the peer does when the front-end next waits. The first three begin with
// u8 cut (bytes a read; 0: all; bit 7: descriptors come with the second read)
// and u8 fds (0: as many as the row says; else so many, less one).
enum class Delivery : std::uint8_t {
  kRight,    // the answer that is due; then pairs of offset and byte to xor
  kValue,    // u64, an answer of the right shape with it; then pairs
  kRaw,      // these bytes
  kSilence,  // nothing
  kEnd,      // end of stream
};
inline constexpr std::uint8_t kDeliveryCount = 5;

// ---- split_ring_fuzzer ----

// `where` picks a part of memory and an offset in it (ring_arena.h).
enum class RingStep : std::uint8_t {
  // Both sides: the peer's hand in the shared memory.
  kWrite,       // part, offset u16, bytes
  kDescriptor,  // index, where u16, length u16, flags, next; or in a table
  kMakeAvail,   // head u16: puts it into the ring and moves the index
  kMoveIndex,   // u16 to add to the peer's index
  kFlip,        // k u8, part, offset u16, value u16: before the k-th load
  // The device.
  kPop,               // number
  kPush,              // head u16, written u32
  kStage,             // head u16, written u32
  kPublish,           //
  kShouldSignal,      //
  kSetNotifications,  // on
  kSetBase,           // u16
  kRebind,            //
  // The driver.
  kAddChain,        // flags, lengths to the end
  kPublishChains,   //
  kNeedsKick,       //
  kUse,             // which outstanding, length u32: a right completion
  kUsedElement,     // id u32, length u32, moves the index
  kPopUsed,         // number
  kCheckUsedFlags,  //
  kArmInterrupt,    //
};
inline constexpr std::uint8_t kRingStepCount = 21;

}  // namespace vuspec::fuzz

#endif  // VUSPEC_FUZZ_OPERATIONS_H_
