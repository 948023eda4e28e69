// The right answer to a request, made from the message table.
#ifndef VUSPEC_FUZZ_ANSWERS_H_
#define VUSPEC_FUZZ_ANSWERS_H_

#include <cstdint>
#include <optional>

#include "protocol/message.h"

namespace vuspec::fuzz {

// Every virtio feature, so that what is negotiated is the front-end's choice.
inline constexpr std::uint64_t kEveryVirtioFeature = ~std::uint64_t{0};

// An answer of the right shape; its number, where it has one, is `value`, or
// else one that grants what was asked for.
// REQUIRES: the request expects an answer.
protocol::Message MakeAnswer(const protocol::Message& request,
                             protocol::WireContext context,
                             std::optional<std::uint64_t> value);

}  // namespace vuspec::fuzz

#endif  // VUSPEC_FUZZ_ANSWERS_H_
