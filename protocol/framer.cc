#include "protocol/framer.h"

#include <algorithm>
#include <cstring>

namespace vuspec::protocol {

std::size_t Framer::Wanted() const {
  if (violation_) return 0;
  if (frame_out_ || filled_ < kHeaderSize) {
    return kHeaderSize - (frame_out_ ? 0 : filled_);
  }
  return kHeaderSize + payload_size_ - filled_;
}

Framer::Step Framer::Feed(std::span<const std::byte> chunk,
                          std::size_t fd_count) {
  Step step;
  if (violation_) return step;
  if (frame_out_) {
    filled_ = 0;
    payload_size_ = 0;
    fd_count_ = 0;
    frame_out_ = false;
  }
  fd_count_ += fd_count;
  // Once for the header and, when that completes, once for the payload.
  for (int part = 0; part < 2; ++part) {
    const std::size_t want = filled_ < kHeaderSize
                                 ? kHeaderSize - filled_
                                 : kHeaderSize + payload_size_ - filled_;
    const std::size_t take = std::min(want, chunk.size() - step.consumed);
    if (take != 0) {
      std::memcpy(bytes_.data() + filled_, chunk.data() + step.consumed, take);
    }
    filled_ += take;
    step.consumed += take;
    if (take != want) return step;
    if (filled_ != kHeaderSize || payload_size_ != 0) break;
    const Header header = DecodeHeader(std::span(bytes_).first<kHeaderSize>());
    if (header.size > kPayloadSizeMax) {
      violation_ = Violation{.req = Req::HDR_21,
                             .subject = "header",
                             .field = "size",
                             .offset = 8,
                             .relation = Relation::kAtMost,
                             .expected = kPayloadSizeMax,
                             .actual = header.size};
      return step;
    }
    payload_size_ = header.size;
    if (payload_size_ == 0) break;
  }
  frame_out_ = true;
  step.frame =
      Frame{.header = DecodeHeader(std::span(bytes_).first<kHeaderSize>()),
            .payload = std::span(bytes_).subspan(kHeaderSize, payload_size_),
            .fd_count = fd_count_};
  return step;
}

}  // namespace vuspec::protocol
