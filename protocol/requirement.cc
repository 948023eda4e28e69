#include "protocol/requirement.h"

#include <algorithm>
#include <array>

namespace vuspec::protocol {
namespace {

using enum Level;
// Who and Observability both have an enumerator per row of the register.
constexpr Who kBackend = Who::kBackend;
constexpr Who kFrontend = Who::kFrontend;
constexpr Who kBoth = Who::kBoth;
constexpr Observability kDirect = Observability::kDirect;
constexpr Observability kIndirect = Observability::kIndirect;
constexpr Observability kNone = Observability::kNone;

constexpr Requirement kRequirements[] = {
#define VU_REQ(name, id, level, who, observability, section, source, \
               statement, gate, probe)                               \
  {Req::name, id,     level,     who,  observability,                \
   section,   source, statement, gate, probe},
#include "protocol/requirements.def"
#undef VU_REQ
};

}  // namespace

std::span<const Requirement> AllRequirements() { return kRequirements; }

const Requirement& Describe(Req req) {
  return kRequirements[static_cast<std::size_t>(req)];
}

std::optional<Req> FindRequirement(std::string_view id) {
  const auto* row = std::ranges::find(kRequirements, id, &Requirement::id);
  if (row == std::end(kRequirements)) return std::nullopt;
  return row->req;
}

std::string_view ToString(Level level) {
  switch (level) {
    case kMust:
      return "must";
    case kShould:
      return "should";
    case kDefacto:
      return "defacto";
    case kRobust:
      return "robust";
    case kMay:
      return "may";
  }
  return "?";
}

}  // namespace vuspec::protocol
