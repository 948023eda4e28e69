// The named defects of the mock back-end, as data and as a set.
//
// A defect is a bug that back-ends really had. The mock without any is the
// reference; with one it is what a case must fail on. Beside them stand the
// behaviours that look like defects and are legal. Where a defect sits, the
// code reads `if (fault(Fault::kX))`, and nothing else depends on the set: a
// session in which the mock is not asked about a defect is the same with it and
// without. AskedFaults holds what it was asked about.
//
// Contract: plain data; a FaultSet never changes while a server uses it.
#ifndef VUSPEC_HARNESS_BACKEND_FAULT_H_
#define VUSPEC_HARNESS_BACKEND_FAULT_H_

#include <array>
#include <atomic>
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

inline constexpr std::size_t kFaultCount = 0
#define VU_FAULT(...) +1
#define VU_PROCESS_FAULT(...) +1
#define VU_BEHAVIOUR(...) +1
#include "harness/backend/faults.def"
#undef VU_BEHAVIOUR
#undef VU_PROCESS_FAULT
#undef VU_FAULT
    ;

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

// A flag for each defect that a set was asked about. May lie in memory that is
// shared with the process which reads it.
using AskedFaults = std::array<std::atomic<bool>, kFaultCount>;

class FaultSet {
 public:
  FaultSet() = default;
  explicit FaultSet(Fault fault) { Add(fault); }
  explicit FaultSet(std::span<const Fault> faults) {
    for (const Fault fault : faults) Add(fault);
  }

  void Add(Fault fault) { bits_.set(static_cast<std::size_t>(fault)); }
  // This set and its copies note in `asked` what they are asked about; it has
  // to outlive them.
  void NoteIn(AskedFaults& asked) { asked_ = &asked; }

  bool operator()(Fault fault) const {
    const auto index = static_cast<std::size_t>(fault);
    if (asked_ != nullptr) {
      (*asked_)[index].store(true, std::memory_order_relaxed);
    }
    return bits_.test(index);
  }
  // A set that notes is not empty: what nobody asks an empty one, it must hear.
  bool empty() const { return bits_.none() && asked_ == nullptr; }
  // One of the set may only live in a process of its own.
  bool process_only() const;

 private:
  std::bitset<kFaultCount> bits_;
  AskedFaults* asked_ = nullptr;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_FAULT_H_
