// Which cases fail with which named defect of the mock back-end.
//
// A narrow fault runs every case that may notice it (fault_baseline.h), as each
// device that the mock can be. A wide one, whose `may` is "*", runs its `must`
// column only: its silences cost too much, and "*" says enough. What is left,
// cases that no fault failed, is tried with the wide faults in the end, by a
// mock that offers every feature.
//
// Contract: blocks for minutes; not thread-safe.
#ifndef VUSPEC_CONFORMANCE_PROGRAM_FAULT_MEASUREMENT_H_
#define VUSPEC_CONFORMANCE_PROGRAM_FAULT_MEASUREMENT_H_

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "conformance/program/fault_baseline.h"
#include "conformance/program/fault_columns.h"
#include "conformance/program/fault_run.h"

namespace vuspec {

class FaultMeasurement {
 public:
  // `vuspec`: the program, to serve faults that end a process.
  // Runs every case on a correct mock.
  explicit FaultMeasurement(std::string vuspec);

  // Cases that fail without any defect, so that nothing they say counts.
  Names FailedWithoutFault() const;

  // Who catches the fault. Cases that this kernel forbids count as listed.
  Names Measure(const FaultRow& row);

  // Of those who caught it, the ones during which no mock was ever asked about
  // it: where there are any, cases were left out that should have been run.
  Ids Unasked(const FaultRow& row, const Names& caught) const;

  // Tries those that no fault failed with what may fail more than it lists;
  // prints what it finds.
  void TryWideFaults();

  // The cases that no fault failed so far.
  Ids Unfailed() const;

  // Fault -> cases.
  const std::map<std::string, Names>& measured() const { return measured_; }

 private:
  // One for each device.
  using Baselines = std::map<std::string, FaultBaseline>;

  // A mock with one fault, and how long its cases wait for what does not come.
  struct Attempt {
    const FaultRow& row;
    bool everything;  // it offers what it has not got
    std::chrono::milliseconds deadline;
  };

  struct Findings {
    Names caught;
    Ids skipped;
  };

  static Baselines MeasureBaselines(const FaultSet& faults);

  Findings RunSome(const Attempt& attempt, const char* device, Ids ids) const;
  // Those that may notice, or have to. Ends early, with "*" in the answer, once
  // more than `enough` failed.
  Names RunAsEachDevice(const Attempt& attempt, const Baselines& baselines,
                        Ids ids, std::size_t enough) const;
  Names MeasureAll(const FaultRow& row) const;

  const std::string vuspec_;
  const Baselines correct_;
  std::map<std::string, Names> measured_;
};

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_PROGRAM_FAULT_MEASUREMENT_H_
