// Which cases fail with which named defect of the mock back-end.
//
// A narrow fault runs the whole suite. A wide one, whose `may` is "*", runs its
// `must` column only: its silences cost too much, and "*" says enough. What is
// left, cases that no fault failed, is tried with the wide faults in the end,
// by a mock that offers every feature.
//
// Contract: blocks for minutes; not thread-safe.
#ifndef VUSPEC_CONFORMANCE_PROGRAM_FAULT_MEASUREMENT_H_
#define VUSPEC_CONFORMANCE_PROGRAM_FAULT_MEASUREMENT_H_

#include <map>
#include <string>
#include <vector>

#include "conformance/program/fault_columns.h"

namespace vuspec {

using Ids = std::vector<std::string>;

struct Matrix {
  std::string vuspec;  // the program, to serve faults that end a process
  std::map<std::string, Names> measured;  // fault -> cases
};

// Who catches the fault. Cases that this kernel forbids count as listed.
Names Measure(const Matrix& matrix, const FaultRow& row);

// The cases that no fault failed so far.
Ids Unfailed(const Matrix& matrix);

// Tries those with what may fail more than it lists; prints what it finds.
void TryWideFaults(Matrix& matrix);

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_PROGRAM_FAULT_MEASUREMENT_H_
