// Other ways to deliver the same bytes and descriptors: `--mutate`.
//
// A mutated channel changes how what is sent arrives, never what. Most ways are
// legal: a back-end that minds them is wrong, and every case that passes
// without one passes with it. Two take liberties, which a back-end may refuse
// but must survive without keeping a descriptor.
//
// Contract: the channel is given away; descriptors passed to Send stay the
// caller's. What is received is not touched.
//
// Spec: "Message Specification", "Ancillary data".
#ifndef VUSPEC_HARNESS_TRANSPORT_MUTATION_H_
#define VUSPEC_HARNESS_TRANSPORT_MUTATION_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "harness/transport/channel.h"

namespace vuspec {

enum class Mutation : std::uint8_t {
  kNone,
  kSplit1,
  kSplitN,
  kCoalesce,
  kSlow,
  kLateFds,
  kSurplusFds,
};

struct MutationRow {
  Mutation mutation;
  std::string_view name;  // as --mutate takes it; "" for kNone
  std::string_view text;
  bool legal;  // the document leaves a back-end no choice
};

// In the order of the enum.
std::span<const MutationRow> AllMutations();
const MutationRow& Describe(Mutation mutation);
std::optional<Mutation> FindMutation(std::string_view name);

struct MutationOptions {
  std::uint64_t seed = 1;  // of what kSplitN and kSlow draw
  // What kSurplusFds adds to each message: borrowed, outlives the channel.
  int surplus_fd = -1;
};

// `channel` itself for kNone.
std::unique_ptr<Channel> Mutate(std::unique_ptr<Channel> channel,
                                Mutation mutation,
                                const MutationOptions& options = {});

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_TRANSPORT_MUTATION_H_
