// A message of ours on its way out: header and payload in a buffer.
//
// Contract: no allocation (a page is held inside, so keep it off small
// stacks); payload() is valid as long as the frame.
#ifndef VUSPEC_HARNESS_FRONTEND_WIRE_FRAME_H_
#define VUSPEC_HARNESS_FRONTEND_WIRE_FRAME_H_

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "protocol/header.h"
#include "protocol/limits.h"
#include "protocol/message.h"
#include "protocol/violation.h"

namespace vuspec {

class WireFrame {
 public:
  // A count inside the body that does not fit, if any: such a body can
  // neither be judged nor encoded.
  static std::optional<protocol::Violation> CheckCounts(
      const protocol::Message& request);

  // Encodes a request and reads it as its receiver must; what the validator
  // refuses must not be sent. REQUIRES: CheckCounts found nothing.
  std::optional<protocol::Violation> Encode(const protocol::Message& request,
                                            protocol::WireContext context);

  // Encodes whatever fits. REQUIRES: counts inside the body are within their
  // limits.
  void EncodeUnchecked(const protocol::Message& message);

  const protocol::Header& header() const { return header_; }
  std::span<const std::byte> payload() const {
    return std::span(bytes_).first(header_.size);
  }

 private:
  protocol::Header header_;
  std::array<std::byte, protocol::kPayloadSizeMax> bytes_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_FRONTEND_WIRE_FRAME_H_
