// Which requirements are about which message (coverage.def).
#ifndef VUSPEC_PROTOCOL_COVERAGE_H_
#define VUSPEC_PROTOCOL_COVERAGE_H_

#include "protocol/message_spec.h"
#include "protocol/requirement.h"

namespace vuspec::protocol {

// Also what the row of the message cites, but for section header.
bool IsAbout(Req req, const MessageSpec& message);

// Whether the statement holds under the feature or names it.
bool IsAbout(Req req, ProtocolFeature feature);

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_COVERAGE_H_
