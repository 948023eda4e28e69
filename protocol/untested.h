// Why a requirement has no case: untested.def, a reason for each.
//
// Every requirement has a case or a reason, never both; a test of the whole
// program holds it, and conformance/REQUIREMENTS.md shows it.
#ifndef VUSPEC_PROTOCOL_UNTESTED_H_
#define VUSPEC_PROTOCOL_UNTESTED_H_

#include <cstdint>
#include <span>
#include <string_view>

#include "protocol/requirement.h"

namespace vuspec::protocol {

enum class WhyUntested : std::uint8_t {
  kFrontend,      // asked of a front-end, and a back-end is under test
  kPackedRing,    // packed rings come later
  kOtherDevice,   // of a device that has no cases yet
  kProgram,       // of a command line, not of the socket
  kStimulus,      // needs an event that no front-end can cause
  kUnobservable,  // nothing on the socket or in memory tells
  kNotYet,        // could be tested, and is not
  kPermission,    // a permission: whatever a peer does is right
  kCovered,       // says again what others say, and those are tested
};

struct UntestedRow {
  Req req;
  WhyUntested why;
  std::string_view reason;
};
struct UntestedSection {
  std::string_view section;
  WhyUntested why;
  std::string_view reason;
};

// Of single requirements.
std::span<const UntestedRow> AllUntested();
// Of all requirements of a section that no case cites.
std::span<const UntestedSection> AllUntestedSections();

struct Untested {
  WhyUntested why;
  std::string_view reason;
  bool of_section;  // the reason of all that no case of the section cites
};
// The row of the requirement, else that of its section.
std::optional<Untested> FindUntested(Req req);

std::string_view ToString(WhyUntested why);

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_UNTESTED_H_
