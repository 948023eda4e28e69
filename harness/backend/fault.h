// The named defects of the mock back-end, as data and as a set.
//
// A defect is a bug that back-ends really had. The mock without any is the
// reference; with one it is what a case must fail on. Beside them stand the
// behaviours that look like defects and are legal. Where a defect sits, the
// code reads `if (fault(Fault::kX))`, and nothing else depends on the set.
//
// Contract: plain data; a FaultSet never changes while a server uses it.
#ifndef VUSPEC_HARNESS_BACKEND_FAULT_H_
#define VUSPEC_HARNESS_BACKEND_FAULT_H_

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace vuspec {

enum class Fault : std::uint16_t {
#define VU_FAULT(name, ...) name,
#define VU_PROCESS_FAULT(name, ...) name,
#define VU_BEHAVIOUR(name, ...) name,
#include "harness/backend/faults.def"
#undef VU_BEHAVIOUR
#undef VU_PROCESS_FAULT
#undef VU_FAULT
};

struct FaultRow {
  Fault fault;
  std::string_view name;  // "ReplyFlagMissing"
  std::string_view text;  // what the mock does with it
  std::string_view must;  // cases that have to catch it, separated by spaces
  std::string_view may;   // patterns of cases that it may also fail
  // Ends or blocks the process: only for a mock in a process of its own.
  bool process_only = false;
  // The clause or ambiguity that lets a back-end do so: no case may fail.
  // Empty for a defect.
  std::string_view allowed_by;
};

// In the order of faults.def.
std::span<const FaultRow> AllFaults();
const FaultRow& Describe(Fault fault);

// By name, with or without the leading k.
std::optional<Fault> FindFault(std::string_view name);

class FaultSet {
 public:
  FaultSet() = default;
  explicit FaultSet(Fault fault) { Add(fault); }

  void Add(Fault fault) { bits_.set(static_cast<std::size_t>(fault)); }
  bool operator()(Fault fault) const {
    return bits_.test(static_cast<std::size_t>(fault));
  }
  bool empty() const { return bits_.none(); }
  // One of the set may only live in a process of its own.
  bool process_only() const;

 private:
  static constexpr std::size_t kCount = 0
#define VU_FAULT(...) +1
#define VU_PROCESS_FAULT(...) +1
#define VU_BEHAVIOUR(...) +1
#include "harness/backend/faults.def"
#undef VU_BEHAVIOUR
#undef VU_PROCESS_FAULT
#undef VU_FAULT
      ;
  std::bitset<kCount> bits_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_FAULT_H_
