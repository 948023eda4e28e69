// The subcommands. Each returns the exit code; usage errors that only the
// world can show (no such file, no such defect) are told on standard error.
//
// Contract: as RunCli.
#ifndef VUSPEC_HARNESS_CLI_COMMANDS_H_
#define VUSPEC_HARNESS_CLI_COMMANDS_H_

#include <string>

#include "absl/status/status.h"
#include "harness/cli/options.h"
#include "harness/report/summary.h"

namespace vuspec {

ExitCode RunCommand(const RunOptions& options);
ExitCode ListCommand(const ListOptions& options);
ExitCode ExplainCommand(const ExplainOptions& options);
ExitCode ProbeCommand(const ProbeOptions& options);
ExitCode ServeCommand(const ServeOptions& options);
ExitCode ReplayCommand(const ReplayOptions& options);

// "vuspec: <message>" on standard error; returns `code`.
ExitCode Complain(const absl::Status& status, ExitCode code);

// To standard output; kNotTrusted, with a complaint, if that fails (a full
// disk, a closed pipe), else `code`.
ExitCode Print(const std::string& text, ExitCode code);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_CLI_COMMANDS_H_
