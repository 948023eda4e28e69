// What the cases do on a mock without defects: which of them are skipped, and
// about which defects the mock was asked during each.
//
// A case during which the mock is never asked about a defect runs the same with
// it and without (harness/backend/fault.h), so it need not be run to know that
// it does not catch it. What the mock is asked before the first case, as it is
// made and probed, may change what every case does and counts for all of them.
//
// Contract: the constructor runs every case and blocks for seconds; reading is
// cheap. Ids are those of AllCases().
#ifndef VUSPEC_CONFORMANCE_PROGRAM_FAULT_BASELINE_H_
#define VUSPEC_CONFORMANCE_PROGRAM_FAULT_BASELINE_H_

#include <bitset>
#include <map>
#include <string>
#include <string_view>

#include "conformance/program/fault_columns.h"
#include "harness/backend/fault.h"

namespace vuspec {

class FaultBaseline {
 public:
  // `faults` are those that it has all the same: none, or what offers more.
  FaultBaseline(std::string_view device, FaultSet faults);

  // Whether the case could do anything else with the defect.
  bool MayNotice(const std::string& id, Fault fault) const;
  bool Skips(const std::string& id) const { return skipped_.contains(id); }
  // Cases that fail all the same.
  const Names& failed() const { return failed_; }

 private:
  using Asked = std::bitset<kFaultCount>;

  Asked before_all_;
  std::map<std::string, Asked> during_;
  Names skipped_;
  Names failed_;
};

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_PROGRAM_FAULT_BASELINE_H_
