// Bodies to bytes and back, for every payload kind.
//
// Decode refuses every size but the exact ones, and names the first field that
// does not fit; offsets in a Violation count from the start of the payload. It
// never allocates. Encode writes the size that front-ends in
// use send (Wire<T>::trailing_padding included).
// Invariant: DecodeBody(kind, EncodeBody(body)) == body for every body whose
// counts are within their limits.
//
// Spec: "Message Specification" > "Payload".
#ifndef VUSPEC_PROTOCOL_CODEC_H_
#define VUSPEC_PROTOCOL_CODEC_H_

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "protocol/payloads.h"
#include "protocol/result.h"

namespace vuspec::protocol {

// Who is decoded, for the text and the requirement of a Violation.
struct Subject {
  std::string_view name;
  Req cites = Req::HDR_01;
};

// REQUIRES: `kind` is none of the ...Any kinds (see ResolvePayload).
Result<Body> DecodeBody(Payload kind, std::span<const std::byte> bytes,
                        Subject subject);

// The same, into a body that is there; a Violation leaves anything in it.
std::optional<Violation> DecodeInto(Body& body, Payload kind,
                                    std::span<const std::byte> bytes,
                                    Subject subject);

// Returns the number of bytes written; 0 and nothing written if `out` is too
// small. REQUIRES: counts inside the body are within their limits.
std::size_t EncodeBody(const Body& body, std::span<std::byte> out);

std::size_t EncodedSize(const Body& body);

// The smallest size that decodes as `kind`, and the largest.
struct SizeRange {
  std::size_t min = 0;
  std::size_t max = 0;
};
SizeRange PayloadSizes(Payload kind);

// The kind that `body` is of: never one of the ...Any kinds.
Payload PayloadOf(const Body& body);

// A default body of that kind: zeros, no regions, no bytes.
Body EmptyBodyOf(Payload kind);

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_CODEC_H_
