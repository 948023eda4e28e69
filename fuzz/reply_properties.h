// What holds for every frame that is read as a reply or as a request.
//
//   accepted: encoding it again gives the same bytes, and those read the same;
//             the header is what the specification allows
//   refused:  the Violation is one (violation_properties.h)
//   always:   no allocation, the same verdict twice
#ifndef VUSPEC_FUZZ_REPLY_PROPERTIES_H_
#define VUSPEC_FUZZ_REPLY_PROPERTIES_H_

#include "fuzz/input.h"
#include "protocol/codec.h"
#include "protocol/validator.h"

namespace vuspec::fuzz {

// What is fuzzed. The self-tests put a planted bug in place of a member.
struct Parsers {
  protocol::Result<protocol::Message> (*validate_reply)(
      const protocol::Frame&, const protocol::Message&,
      protocol::WireContext) = protocol::ValidateReply;
  protocol::Result<protocol::Message> (*validate_request)(
      const protocol::Frame&, protocol::Channel,
      protocol::WireContext) = protocol::ValidateRequest;
  std::size_t (*encode)(const protocol::Body&,
                        std::span<std::byte>) = protocol::EncodeBody;
};

// Aborts on the first property that does not hold.
void CheckReplyInput(Bytes bytes, const Parsers& parsers = {});

}  // namespace vuspec::fuzz

#endif  // VUSPEC_FUZZ_REPLY_PROPERTIES_H_
