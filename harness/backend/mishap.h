// What befalls the mock at each request of one kind, however well it behaves
// otherwise: to see how a run, or somebody's CI, takes it.
//
// Contract: a value. Only for a mock in a process of its own.
#ifndef VUSPEC_HARNESS_BACKEND_MISHAP_H_
#define VUSPEC_HARNESS_BACKEND_MISHAP_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "protocol/message_spec.h"

namespace vuspec {

struct Mishap {
  enum class Kind { kDies, kHangs, kLeaks };

  Kind kind = Kind::kDies;
  const protocol::MessageSpec* request = nullptr;
};

// "dies@SET_MEM_TABLE"; kInvalidArgument says what was expected.
absl::StatusOr<Mishap> ParseMishap(std::string_view text);

// Returns only from a leak: of a descriptor.
void Befall(Mishap::Kind kind);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_MISHAP_H_
