#include "harness/cli/run_cli.h"

#include <csignal>
#include <cstdio>
#include <string>
#include <variant>
#include <vector>

#include "harness/cli/commands.h"
#include "harness/cli/options.h"

namespace vuspec {
namespace {

struct Dispatch {
  ExitCode operator()(const RunOptions& o) const { return RunCommand(o); }
  ExitCode operator()(const ListOptions& o) const { return ListCommand(o); }
  ExitCode operator()(const ExplainOptions& o) const {
    return ExplainCommand(o);
  }
  ExitCode operator()(const ProbeOptions& o) const { return ProbeCommand(o); }
  ExitCode operator()(const ServeOptions& o) const { return ServeCommand(o); }
  ExitCode operator()(const ReplayOptions& o) const { return ReplayCommand(o); }
};

}  // namespace

ExitCode Complain(const absl::Status& status, ExitCode code) {
  std::fflush(stdout);
  std::fprintf(stderr, "vuspec: %s\n", std::string(status.message()).c_str());
  return code;
}

ExitCode Print(const std::string& text, ExitCode code) {
  const bool whole =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if (whole && std::fflush(stdout) == 0) return code;
  return Graver(code,
                Complain(absl::InternalError("cannot write to standard output"),
                         ExitCode::kNotTrusted));
}

int RunCli(int argc, char** argv) {
  // A reader of ours that has gone (| head) is a write that fails.
  std::signal(SIGPIPE, SIG_IGN);
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0),
                                           argv + argc);
  const ParsedCommandLine parsed = ParseCommandLine(arguments);
  if (!parsed.options.has_value()) {
    std::fputs(parsed.text.c_str(), parsed.exit_code == 0 ? stdout : stderr);
    return parsed.exit_code;
  }
  return static_cast<int>(std::visit(Dispatch{}, *parsed.options));
}

}  // namespace vuspec
