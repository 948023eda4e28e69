// The `vuspec` program, less its main() and its cases.
//
// Contract: call from main(), before any thread exists (`run` forks); blocks
// until the command is done; returns the exit code (see ExitCode in
// harness/report/summary.h). Results go to standard output, all else to
// standard error.
//
// Example:
//   int main(int argc, char** argv) { return vuspec::RunCli(argc, argv); }
#ifndef VUSPEC_HARNESS_CLI_RUN_CLI_H_
#define VUSPEC_HARNESS_CLI_RUN_CLI_H_

namespace vuspec {

int RunCli(int argc, char** argv);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_CLI_RUN_CLI_H_
