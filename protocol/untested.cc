#include "protocol/untested.h"

#include <algorithm>

namespace vuspec::protocol {
namespace {

using enum WhyUntested;

constexpr UntestedRow kRows[] = {
#define VU_UNTESTED(req, why, reason) {Req::req, why, reason},
#define VU_UNTESTED_SECTION(section, why, reason)
#include "protocol/untested.def"
#undef VU_UNTESTED_SECTION
#undef VU_UNTESTED
};

constexpr UntestedSection kSections[] = {
#define VU_UNTESTED(req, why, reason)
#define VU_UNTESTED_SECTION(section, why, reason) {section, why, reason},
#include "protocol/untested.def"
#undef VU_UNTESTED_SECTION
#undef VU_UNTESTED
};

}  // namespace

std::span<const UntestedRow> AllUntested() { return kRows; }
std::span<const UntestedSection> AllUntestedSections() { return kSections; }

std::optional<Untested> FindUntested(Req req) {
  const auto* row = std::ranges::find(kRows, req, &UntestedRow::req);
  if (row != std::end(kRows)) return Untested{row->why, row->reason, false};
  const auto* section = std::ranges::find(kSections, Describe(req).section,
                                          &UntestedSection::section);
  if (section == std::end(kSections)) return std::nullopt;
  return Untested{section->why, section->reason, true};
}

std::string_view ToString(WhyUntested why) {
  switch (why) {
    case kFrontend:
      return "asked of a front-end";
    case kPackedRing:
      return "packed ring";
    case kOtherDevice:
      return "another device";
    case kProgram:
      return "command line of a program";
    case kStimulus:
      return "needs an event from outside";
    case kUnobservable:
      return "not observable";
    case kNotYet:
      return "not yet";
    case kPermission:
      return "permission";
    case kCovered:
      return "said by others";
  }
  return "?";
}

}  // namespace vuspec::protocol
