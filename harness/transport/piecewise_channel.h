// Sends in pieces: each in a system call of its own, the descriptors with the
// first.
//
// Contract: as Channel. With Turns::kBetween the peer has read one piece before
// the next is sent; where it does not read until the deadline, the rest is sent
// all the same, so that silence is judged by what is awaited next.
#ifndef VUSPEC_HARNESS_TRANSPORT_PIECEWISE_CHANNEL_H_
#define VUSPEC_HARNESS_TRANSPORT_PIECEWISE_CHANNEL_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <utility>

#include "harness/transport/mutated_channel.h"

namespace vuspec {

class PiecewiseChannel final : public MutatedChannel {
 public:
  enum class Turns { kNone, kBetween };

  // Pieces of 1 to `size_max` bytes, drawn from `seed`.
  PiecewiseChannel(std::unique_ptr<Channel> inner, std::size_t size_max,
                   std::uint64_t seed, Turns turns)
      : MutatedChannel(std::move(inner)),
        size_max_(size_max),
        random_(seed),
        turns_(turns) {}

  absl::Status Send(std::span<const std::byte> bytes, std::span<const int> fds,
                    Deadline deadline) override;

 private:
  const std::size_t size_max_;
  std::mt19937_64 random_;
  const Turns turns_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_TRANSPORT_PIECEWISE_CHANNEL_H_
