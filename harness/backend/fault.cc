#include "harness/backend/fault.h"

#include <algorithm>

namespace vuspec {
namespace {

constexpr std::string_view WithoutK(std::string_view name) {
  return name.substr(1);
}

constexpr FaultRow kRows[] = {
#define VU_FAULT(name, text, must, may) \
  {Fault::name, WithoutK(#name), text, must, may, false, ""},
#define VU_PROCESS_FAULT(name, text, must, may) \
  {Fault::name, WithoutK(#name), text, must, may, true, ""},
#define VU_BEHAVIOUR(name, text, allowed_by) \
  {Fault::name, WithoutK(#name), text, "", "", false, allowed_by},
#include "harness/backend/faults.def"
#undef VU_BEHAVIOUR
#undef VU_PROCESS_FAULT
#undef VU_FAULT
};

}  // namespace

std::span<const FaultRow> AllFaults() { return kRows; }

const FaultRow& Describe(Fault fault) {
  return kRows[static_cast<std::size_t>(fault)];
}

std::optional<Fault> FindFault(std::string_view name) {
  const auto row = std::find_if(
      std::begin(kRows), std::end(kRows), [&](const FaultRow& each) {
        return each.name == name ||
               (name.starts_with('k') && each.name == WithoutK(name));
      });
  if (row == std::end(kRows)) return std::nullopt;
  return row->fault;
}

bool FaultSet::process_only() const {
  return std::any_of(std::begin(kRows), std::end(kRows),
                     [&](const FaultRow& row) {
                       return row.process_only &&
                              bits_.test(static_cast<std::size_t>(row.fault));
                     });
}

}  // namespace vuspec
