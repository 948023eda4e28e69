// The requirements of the specification as an enum and a table.
//
// requirements.def holds the text; rules, cases and violations cite
// Req::HDR_01 and so on, so a misspelt citation does not compile.
#ifndef VUSPEC_PROTOCOL_REQUIREMENT_H_
#define VUSPEC_PROTOCOL_REQUIREMENT_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace vuspec::protocol {

enum class Req : std::uint16_t {
#define VU_REQ(name, ...) name,
#include "protocol/requirements.def"
#undef VU_REQ
};

// Ordered from the strongest claim to the weakest; kMay is a permission, so
// nothing fails by it.
enum class Level : std::uint8_t { kMust, kShould, kDefacto, kRobust, kMay };
enum class Who : std::uint8_t { kBackend, kFrontend, kBoth };
enum class Observability : std::uint8_t { kDirect, kIndirect, kNone };

struct Requirement {
  Req req;
  std::string_view id;  // as printed and as `vuspec explain` takes it
  Level level;
  Who who;
  Observability observability;
  std::string_view section;
  std::string_view source;
  std::string_view statement;
  std::string_view gate;
  std::string_view probe;
};

// All rows, in the order of the enum.
std::span<const Requirement> AllRequirements();

const Requirement& Describe(Req req);

// By printed id ("HDR-01"), case-sensitive.
std::optional<Req> FindRequirement(std::string_view id);

std::string_view ToString(Level level);

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_REQUIREMENT_H_
