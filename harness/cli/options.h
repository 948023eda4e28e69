// What the command line says, as data.
//
// Contract: pure; ParseCommandLine reads nothing but its arguments. What it
// returns is well-formed, not yet true: files are opened and names of faults
// looked up by the commands.
#ifndef VUSPEC_HARNESS_CLI_OPTIONS_H_
#define VUSPEC_HARNESS_CLI_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace vuspec {

// TARGET: at most one of peer_file, socket and command; none is the mock.
struct TargetOptions {
  std::string peer_file;
  std::string socket;
  std::vector<std::string> command;
  bool has_command = false;  // "--" was given, be it with nothing after it
  std::string device;        // empty: as the manifest says
  std::vector<std::string> faults;  // of the mock
  std::optional<int> deadline_ms;
};

struct RunOptions {
  TargetOptions target;
  std::vector<std::string> filters;
  std::string level;  // empty: as the manifest says, else robust
  int jobs = 1;
  std::optional<std::uint64_t> seed;
  bool shuffle = false;
  std::string out;
  std::string json;
  std::string junit;
  std::string expect;
  bool bless = false;  // rewrite the expectations
  bool strict_ambiguities = false;
  std::string shard;   // "I/N"
  std::string mutate;  // name of a Mutation; empty: none
  bool timings = false;
  bool verbose = false;
};

struct ListOptions {
  bool json = false;
  bool faults = false;
  bool requirements = false;
  bool ambiguities = false;
  std::string page;  // "requirements", "ambiguities" or "coverage"
};

struct ExplainOptions {
  std::string id;
};

struct ProbeOptions {
  TargetOptions target;
  bool json = false;
};

struct ServeOptions {
  std::string socket;
  std::string device = "blk";
  std::vector<std::string> faults;
  std::string mishap;
  bool once = false;
};

struct ReplayOptions {
  std::string file;
  TargetOptions target;
};

using CommandOptions = std::variant<RunOptions, ListOptions, ExplainOptions,
                                    ProbeOptions, ServeOptions, ReplayOptions>;

// Either options, or a text and the exit code to end with: help and version
// (0), or what is wrong and what to do about it (2).
struct ParsedCommandLine {
  std::optional<CommandOptions> options;
  std::string text;
  int exit_code = 0;
};

// `arguments` without the name of the program.
ParsedCommandLine ParseCommandLine(const std::vector<std::string>& arguments);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_CLI_OPTIONS_H_
