// The ambiguity register: where the document allows several behaviours.
//
// ambiguities.def holds the entries; a case names those that it leaves open
// (CaseInfo::open), so a misspelt one does not compile. docs/ambiguities.md is
// made of it.
#ifndef VUSPEC_PROTOCOL_AMBIGUITY_H_
#define VUSPEC_PROTOCOL_AMBIGUITY_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "protocol/requirement.h"

namespace vuspec::protocol {

enum class Ambiguity : std::uint8_t {
#define VU_AMBIGUITY(name, ...) name,
#include "protocol/ambiguities.def"
#undef VU_AMBIGUITY
};

struct AmbiguityEntry {
  Ambiguity ambiguity;
  std::string_view id;  // as printed and as `vuspec explain` takes it
  Req clause;           // the one that it is about
  std::string_view question;
  std::string_view allowed;   // outcomes that are no violation
  std::string_view reading;   // what vuspec does
  std::string_view proposal;  // what the document could say
  std::string_view seen;      // by a run, with the version
  std::string_view read;      // in sources; no run proves it
};

// All entries, in the order of the enum.
std::span<const AmbiguityEntry> AllAmbiguities();

const AmbiguityEntry& Describe(Ambiguity ambiguity);

// By printed id ("AMB-second-owner"), case-sensitive.
std::optional<Ambiguity> FindAmbiguity(std::string_view id);

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_AMBIGUITY_H_
