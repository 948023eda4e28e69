// Which requirements are about which message, and what no case shows of it
// (coverage.def).
#ifndef VUSPEC_PROTOCOL_COVERAGE_H_
#define VUSPEC_PROTOCOL_COVERAGE_H_

#include <cstdint>
#include <string_view>

#include "protocol/message_spec.h"
#include "protocol/requirement.h"

namespace vuspec::protocol {

// Also what the row of the message cites, but for section header.
bool IsAbout(Req req, const MessageSpec& message);

// Whether the statement holds under the feature or names it.
bool IsAbout(Req req, ProtocolFeature feature);

enum class Use : std::uint8_t { kRight, kWrong };

// Why no case shows this use of a message or a protocol feature; empty where
// one has to.
std::string_view WhyNotShown(std::string_view name, Use use);

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_COVERAGE_H_
