// What an input of frontend_fuzzer says.
//
//   options   u8   bits 0-1 Acks; bit 2 a GPU; bit 3 when the deliveries have
//                  run out the peer answers rightly, else it is silent;
//                  bits 4-5 how far the session is before the story (Prologue)
//   virtio    u8   features that the prologue negotiates: kVirtioChoices
//   protocol  u32  protocol features that it negotiates
//   records        operations and deliveries (operations.h)
#ifndef VUSPEC_FUZZ_FRONTEND_INPUT_H_
#define VUSPEC_FUZZ_FRONTEND_INPUT_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "fuzz/input.h"
#include "protocol/features.h"

namespace vuspec::fuzz {

enum class Prologue : std::uint8_t { kNone, kNegotiated, kMemory, kRunning };

inline constexpr std::size_t kFrontendHeadSize = 6;

inline constexpr std::array kVirtioChoices = {
    protocol::Mask(protocol::VirtioFeature::PROTOCOL_FEATURES),
    protocol::Mask(protocol::VirtioFeature::LOG_ALL),
    protocol::Mask(protocol::VirtioFeature::ACCESS_PLATFORM),
    protocol::Mask(protocol::VirtioFeature::RING_PACKED),
    std::uint64_t{1} << 3,   // VIRTIO_NET_F_MTU
    std::uint64_t{1} << 22,  // VIRTIO_NET_F_MQ
};

// All that the session before the story depends on.
struct Opening {
  std::uint8_t acks = 0;
  bool gpu = false;
  Prologue prologue = Prologue::kNone;
  std::uint64_t virtio = 0;
  std::uint64_t protocol = 0;
  bool operator==(const Opening&) const = default;
};

struct FrontendInput {
  Opening opening = {};
  bool right_at_end = false;
  Bytes records = {};
};

inline FrontendInput ReadFrontendInput(Bytes bytes) {
  Input input(bytes);
  FrontendInput read;
  const auto options = input.Take<std::uint8_t>();
  read.opening.acks = (options & 3) % 3;
  read.opening.gpu = (options & 4) != 0;
  read.right_at_end = (options & 8) != 0;
  read.opening.prologue = static_cast<Prologue>((options >> 4) & 3);
  const auto virtio = input.Take<std::uint8_t>();
  for (std::size_t i = 0; i < kVirtioChoices.size(); ++i) {
    if (((virtio >> i) & 1) != 0) read.opening.virtio |= kVirtioChoices[i];
  }
  read.opening.protocol = input.Take<std::uint32_t>();
  read.records = input.TakeRest();
  return read;
}

}  // namespace vuspec::fuzz

#endif  // VUSPEC_FUZZ_FRONTEND_INPUT_H_
