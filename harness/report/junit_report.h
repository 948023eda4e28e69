// The run as JUnit XML, which most CI systems show (docs/junit.xsd).
//
// JUnit knows four outcomes, so: FAIL, CRASH, HANG, LEAK, XPASS and the skip
// of a claimed feature are failures; BROKEN is an error; SKIP and XFAIL are
// skipped; PASS and AMBIG pass. What no case can tell (the peer did not start,
// not every case was run, a stale expectation) is an error of a case of its
// own, vuspec.TheRun, so that no report of a red run is green.
//
// Contract: pure. Text is made printable, hence valid XML.
#ifndef VUSPEC_HARNESS_REPORT_JUNIT_REPORT_H_
#define VUSPEC_HARNESS_REPORT_JUNIT_REPORT_H_

#include <string>

#include "harness/report/result.h"

namespace vuspec {

std::string JunitReport(const RunResult& run);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_REPORT_JUNIT_REPORT_H_
