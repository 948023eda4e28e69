// What holds for a framer under every segmentation of a stream.
//
// The frames are those that a plain walk over the whole stream finds, however
// it is cut; descriptors belong to the frame that the first byte of their
// chunk falls into; Wanted never passes the end of a frame; a size that no
// message can have ends everything, for good. A framer is a type with the
// members of protocol::Framer, so that the self-tests can bring broken ones.
#ifndef VUSPEC_FUZZ_FRAMER_PROPERTIES_H_
#define VUSPEC_FUZZ_FRAMER_PROPERTIES_H_

#include <algorithm>
#include <array>
#include <cstring>

#include "fuzz/allocation_counter.h"
#include "fuzz/framer_input.h"
#include "fuzz/property.h"
#include "fuzz/violation_properties.h"
#include "protocol/framer.h"

namespace vuspec::fuzz {

// Where the frames of a stream lie, found without a framer.
struct StreamPlan {
  static constexpr std::size_t kFrameCountMax = 4096;

  std::array<std::size_t, kFrameCountMax> starts;
  std::array<std::size_t, kFrameCountMax> fd_counts;
  std::size_t frame_count = 0;   // whole ones
  std::size_t end = 0;           // of the last whole frame
  bool oversized = false;        // the next frame cannot be
  std::size_t violation_at = 0;  // bytes that must be there to see that
};

inline std::uint32_t SizeFieldAt(Bytes stream, std::size_t start) {
  std::uint32_t size = 0;
  std::memcpy(&size, stream.data() + start + 8, sizeof size);
  return size;
}

inline void PlanStream(const FramerInput& input, StreamPlan& plan) {
  plan.frame_count = plan.end = plan.violation_at = 0;
  plan.oversized = false;
  const Bytes stream = input.stream;
  while (stream.size() - plan.end >= protocol::kHeaderSize &&
         plan.frame_count < StreamPlan::kFrameCountMax) {
    const std::uint32_t size = SizeFieldAt(stream, plan.end);
    plan.oversized = size > protocol::kPayloadSizeMax;
    plan.violation_at = plan.end + protocol::kHeaderSize;
    if (plan.oversized) return;
    const std::size_t end = plan.violation_at + size;
    if (end > stream.size()) return;
    plan.starts[plan.frame_count] = plan.end;
    plan.fd_counts[plan.frame_count] = 0;
    ++plan.frame_count;
    plan.end = end;
  }
}

// Adds up the descriptors of each whole frame.
inline void PlanFds(const FramerInput& input, StreamPlan& plan) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < input.cut_count && at < plan.end; ++i) {
    const auto* const first = plan.starts.data();
    const auto* const frame =
        std::upper_bound(first, first + plan.frame_count, at) - 1;
    plan.fd_counts[static_cast<std::size_t>(frame - first)] +=
        input.cuts[i].fd_count;
    at += input.cuts[i].size;
  }
}

template <typename Framer>
class FramerRun {
 public:
  FramerRun(const FramerInput& input, const StreamPlan& plan, bool with_fds)
      : stream_(input.stream), plan_(plan), with_fds_(with_fds) {}

  // The next `size` bytes of the stream arrive. False once it is unreadable.
  bool Arrive(std::size_t size, std::size_t fd_count) {
    auto chunk = std::as_bytes(
        stream_.subspan(arrived_, std::min(size, stream_.size() - arrived_)));
    arrived_ += chunk.size();
    while (!chunk.empty()) {
      const std::size_t wanted = framer_.Wanted();
      VU_PROPERTY(0 < wanted && wanted <= Left(), "wanted ends with the frame");
      const auto step = framer_.Feed(chunk, fd_count);
      fd_count = 0;
      VU_PROPERTY(step.consumed <= chunk.size(), "no byte is invented");
      used_ += step.consumed;
      chunk = chunk.subspan(step.consumed);
      if (step.frame) CheckFrame(*step.frame);
      if (framer_.violation()) {
        CheckStuck(chunk);
        return false;
      }
      VU_PROPERTY(step.frame || chunk.empty(), "bytes are not left over");
      VU_PROPERTY(framer_.MidMessage() == (used_ != FrameStart()),
                  "the middle of a message is known");
    }
    return true;
  }

  void CheckEnd() const {
    VU_PROPERTY(frame_ == plan_.frame_count, "every whole frame comes out");
    VU_PROPERTY(framer_.violation().has_value() == plan_.oversized,
                "a size that cannot be is refused");
  }

 private:
  std::size_t FrameStart() const {
    return frame_ < plan_.frame_count ? plan_.starts[frame_] : plan_.end;
  }

  // How far the frame at hand goes, as far as that can be known by now.
  std::size_t Left() const {
    const std::size_t start = FrameStart();
    const std::size_t done = used_ - start;
    if (done < protocol::kHeaderSize) return protocol::kHeaderSize - done;
    return protocol::kHeaderSize + SizeFieldAt(stream_, start) - done;
  }

  void CheckFrame(const protocol::Frame& frame) {
    VU_PROPERTY(frame_ < plan_.frame_count, "no frame is invented");
    const auto whole = std::as_bytes(stream_).subspan(plan_.starts[frame_]);
    const auto header = protocol::EncodeHeader(frame.header);
    VU_PROPERTY(std::ranges::equal(header, whole.first(header.size())),
                "the header is the bytes that came");
    VU_PROPERTY(frame.payload.size() == frame.header.size,
                "the payload has the size of the header");
    VU_PROPERTY(
        std::ranges::equal(frame.payload,
                           whole.subspan(header.size(), frame.header.size)),
        "the payload is the bytes that came");
    VU_PROPERTY(!with_fds_ || frame.fd_count == plan_.fd_counts[frame_],
                "descriptors stay with their frame");
    ++frame_;
    VU_PROPERTY(used_ == FrameStart(), "a frame ends where the next begins");
  }

  void CheckStuck(std::span<const std::byte> chunk) {
    const protocol::Violation before = *framer_.violation();
    CheckViolation(before);
    VU_PROPERTY(plan_.oversized && used_ == plan_.violation_at,
                "the violation comes with the byte that shows it");
    VU_PROPERTY(framer_.Wanted() == 0, "a broken stream wants nothing");
    const auto step = framer_.Feed(chunk, 1);
    VU_PROPERTY(step.consumed == 0 && !step.frame,
                "a broken stream gives nothing");
    VU_PROPERTY(framer_.violation() == before, "the violation is sticky");
  }

  const Bytes stream_;
  const StreamPlan& plan_;
  const bool with_fds_;
  Framer framer_;
  std::size_t arrived_ = 0;
  std::size_t used_ = 0;
  std::size_t frame_ = 0;  // of the plan, the next to come out
};

template <typename Framer = protocol::Framer>
void CheckFramerInput(Bytes bytes) {
  static StreamPlan plan;
  const std::uint64_t allocations = AllocationCount();
  const FramerInput input = ReadFramerInput(bytes);
  PlanStream(input, plan);
  // More frames than the plan can hold are no other case.
  if (plan.frame_count == StreamPlan::kFrameCountMax) return;
  PlanFds(input, plan);

  FramerRun<Framer> as_cut(input, plan, true);
  bool readable = true;
  for (std::size_t i = 0; i < input.cut_count && readable; ++i) {
    readable = as_cut.Arrive(input.cuts[i].size, input.cuts[i].fd_count);
  }
  if (readable) as_cut.Arrive(input.stream.size(), 0);
  as_cut.CheckEnd();

  // Long streams only repeat what the first messages show.
  constexpr std::size_t kByByteMax = 256;
  FramerRun<Framer> by_byte(input, plan, false);
  readable = true;
  for (std::size_t i = 0; i < kByByteMax && readable; ++i) {
    readable = by_byte.Arrive(1, 0);
  }
  if (readable) by_byte.Arrive(input.stream.size(), 0);
  by_byte.CheckEnd();
  VU_PROPERTY(AllocationCount() == allocations, "nothing is allocated");
}

}  // namespace vuspec::fuzz

#endif  // VUSPEC_FUZZ_FRAMER_PROPERTIES_H_
