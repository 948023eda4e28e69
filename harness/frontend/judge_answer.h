// Tells what an answer to a raw message is, without demanding that it is right.
//
// Contract: pure.
//
// Spec: "Communication", "Reply-ack".
#ifndef VUSPEC_HARNESS_FRONTEND_JUDGE_ANSWER_H_
#define VUSPEC_HARNESS_FRONTEND_JUDGE_ANSWER_H_

#include <cstddef>
#include <optional>
#include <span>

#include "harness/frontend/outcome.h"
#include "harness/transport/connection.h"
#include "protocol/message.h"

namespace vuspec {

// `answer` to a message with the header `asked`, of any quality. An answer
// that nobody asked for, or a wrong one, is one with a violation.
Outcome JudgeAnswer(const protocol::Header& asked,
                    std::span<const std::byte> payload,
                    protocol::WireContext context, ReceivedMessage answer);

// What is wrong with the reply to a fence.
std::optional<protocol::Violation> CheckFenceReply(
    const ReceivedMessage& reply, const protocol::Message& fence,
    protocol::WireContext context);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_FRONTEND_JUDGE_ANSWER_H_
