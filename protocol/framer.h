// Cuts a stream of bytes and descriptor counts into frames.
//
// Feed it any segmentation; the frames come out the same. Descriptors belong
// to the frame that the first byte of their chunk falls into. A size that no
// message can have is a sticky error: the stream cannot be followed any more.
//
// Contract: no allocation (one frame of kPayloadSizeMax is held inside); the
// payload of a frame is valid until the next call of Feed.
// Invariant: filled_ < bytes needed for the frame, except while a whole frame
// waits for the next Feed.
//
// Example:
//   while (!chunk.empty()) {
//     const auto step = framer.Feed(chunk, fd_count);
//     chunk = chunk.subspan(step.consumed); fd_count = 0;
//     if (step.frame) Handle(*step.frame);
//     if (framer.violation()) break;
//   }
//
// Spec: "Message Specification": a header, then exactly size payload bytes.
#ifndef VUSPEC_PROTOCOL_FRAMER_H_
#define VUSPEC_PROTOCOL_FRAMER_H_

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "protocol/header.h"
#include "protocol/limits.h"
#include "protocol/violation.h"

namespace vuspec::protocol {

struct Frame {
  Header header;
  std::span<const std::byte> payload;
  std::size_t fd_count = 0;
};

class Framer {
 public:
  // How many more bytes complete what is being read (a header, then its
  // payload). A reader that asks the socket for at most so many never crosses
  // a message boundary, so descriptors cannot land on the wrong message.
  std::size_t Wanted() const;

  struct Step {
    std::size_t consumed = 0;  // bytes of the chunk that were used
    std::optional<Frame> frame;
  };

  // Uses the front of `chunk` up to the end of the current frame.
  Step Feed(std::span<const std::byte> chunk, std::size_t fd_count);

  // Inside a message: end of stream now would cut it.
  bool MidMessage() const { return filled_ != 0 && !frame_out_; }

  const std::optional<Violation>& violation() const { return violation_; }

 private:
  std::array<std::byte, kHeaderSize + kPayloadSizeMax> bytes_;
  std::size_t filled_ = 0;
  std::size_t payload_size_ = 0;
  std::size_t fd_count_ = 0;
  bool frame_out_ = false;  // bytes_ holds a frame already handed out
  std::optional<Violation> violation_;
};

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_FRAMER_H_
