// From a frame to a message, or to the Violation that forbids it.
//
// Judges a message by itself, with what negotiation says about layouts:
// header flags, sizes, fields, descriptor counts. What the state of the session
// forbids is the session model's business.
//
// Contract: pure, no allocation.
//
// Spec: "Message Specification", "Communication".
#ifndef VUSPEC_PROTOCOL_VALIDATOR_H_
#define VUSPEC_PROTOCOL_VALIDATOR_H_

#include "protocol/framer.h"
#include "protocol/message.h"
#include "protocol/result.h"

namespace vuspec::protocol {

// A request as its receiver must see it: version 1, no reply flag, no undefined
// flag, a defined id, the exact size, as many descriptors as its row says.
Result<Message> ValidateRequest(const Frame& frame, Channel channel,
                                WireContext context);

// The answer to `request`, which was sent in `context`: flags exactly
// REPLY|VERSION, the request and (where the payload names one) the vring
// echoed, the exact size, as many descriptors as the row says.
// REQUIRES: ExpectedAnswer(request) is not kNothing.
Result<Message> ValidateReply(const Frame& frame, const Message& request,
                              WireContext context);

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_VALIDATOR_H_
