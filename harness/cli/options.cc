#include "harness/cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "harness/backend/device.h"
#include "harness/peer/manifest.h"
#include "harness/report/summary.h"
#include "harness/transport/mutation.h"

namespace vuspec {
namespace {

constexpr const char* kTargetHelp =
    "TARGET is one of\n"
    "  (nothing)               the built-in mock back-end\n"
    "  --peer FILE.toml        a peer with a manifest\n"
    "  --socket PATH           a back-end that listens there\n"
    "  -- COMMAND ... {socket} a back-end to start; {socket} is replaced\n";

void AddDevice(CLI::App& app, std::string& device) {
  app.add_option("--device", device, "what the peer is")
      ->check(CLI::IsMember(DeviceNames()))
      ->type_name("KIND");
}

void AddFaults(CLI::App& app, std::vector<std::string>& faults) {
  app.add_option("--fault", faults,
                 "give the mock a defect (see list --faults); repeatable")
      ->type_name("NAME")
      ->allow_extra_args(false);
}

void AddTarget(CLI::App& app, TargetOptions& target) {
  CLI::Option* peer = app.add_option("--peer", target.peer_file,
                                     "manifest of the peer to start");
  peer->type_name("FILE.toml");
  app.add_option("--socket", target.socket, "connect to this socket")
      ->type_name("PATH")
      ->excludes(peer);
  AddDevice(app, target.device);
  AddFaults(app, target.faults);
  app.add_option("--deadline-ms", target.deadline_ms,
                 "wait so long for one answer")
      ->type_name("N")
      ->check(CLI::Range(1, 3600000));
}

// The names that --mutate takes, and what they do.
std::vector<std::string> MutationNames() {
  std::vector<std::string> names;
  for (const MutationRow& row : AllMutations()) {
    if (!row.name.empty()) names.emplace_back(row.name);
  }
  return names;
}

std::string MutationHelp() {
  std::string help = "--mutate delivers what every case sends\n";
  for (const MutationRow& row : AllMutations()) {
    if (row.name.empty()) continue;
    std::string name(row.name);
    name.resize(13, ' ');
    help += "  " + name + std::string(row.text) +
            (row.legal ? "" : ": a peer may refuse") + "\n";
  }
  return help +
         "Where a peer may refuse, failures of a case are AMBIG; crashes, "
         "hangs,\nleaks and a peer that serves nobody afterwards count.\n";
}

// `globs` apart from run.filters, since CLI11 lets the later option overwrite
// what an earlier one wrote.
void AddRun(CLI::App& app, RunOptions& run, std::vector<std::string>& globs) {
  app.add_option("FILTER", run.filters,
                 "names of cases, * is any text; none: all")
      ->type_name("");
  app.add_option("--filter", globs, "the same as FILTER; repeatable")
      ->type_name("GLOB")
      ->allow_extra_args(false);
  AddTarget(app, run.target);
  app.add_option("--level", run.level, "run what this gate asks for, and less")
      ->check(CLI::IsMember({"must", "should", "defacto", "robust"}))
      ->type_name("LEVEL");
  app.add_option("--jobs,-j", run.jobs, "so many workers, each with a peer")
      ->check(CLI::Range(1, 256))
      ->type_name("N");
  app.add_option("--seed", run.seed, "for every random choice (default 1)")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);
  app.add_flag("--shuffle", run.shuffle, "in an order drawn from the seed");
  app.add_option("--out", run.out,
                 "result.json, junit.xml, report.txt and transcripts/ there")
      ->type_name("DIR");
  app.add_option("--json", run.json, "write the result as JSON")
      ->type_name("FILE");
  app.add_option("--junit", run.junit, "write the result as JUnit XML")
      ->type_name("FILE");
  app.add_option("--expect", run.expect,
                 "what the peer is known to do wrong (TOML)")
      ->type_name("FILE");
  app.add_flag("--bless", run.bless,
               "rewrite the expectations after what was seen; new entries want "
               "a reason");
  app.add_flag("--strict-ambiguities", run.strict_ambiguities,
               "what the document leaves open is red, too");
  app.add_option("--shard", run.shard,
                 "the I-th of N parts, from 1 (also by TEST_SHARD_INDEX and "
                 "TEST_TOTAL_SHARDS, with GTEST_ before them or without)")
      ->type_name("I/N");
  app.add_option("--mutate", run.mutate,
                 "deliver the messages of the cases in another way")
      ->check(CLI::IsMember(MutationNames()))
      ->type_name("HOW");
  app.add_flag("--timings", run.timings, "how long the median case takes");
  app.add_flag("--verbose,-v", run.verbose, "a line for every case");
  app.footer(
      std::string("\n") + kTargetHelp + "\n" + MutationHelp() +
      "\nExamples:\n"
      "  vuspec run\n"
      "  vuspec run 'Ring*' --fault ReplyFlagMissing --timings\n"
      "  vuspec run --mutate split1 'Ring*'\n"
      "  vuspec run --level must --jobs 4 --junit vu.xml --peer rng.toml\n"
      "  vuspec run --device blk -- ./my-backend --socket={socket}\n\n" +
      ExitCodeTable());
}

void AddList(CLI::App& app, ListOptions& list) {
  app.add_flag("--json", list.json, "as JSON");
  CLI::Option* faults =
      app.add_flag("--faults", list.faults,
                   "the defects of the mock, and the cases that catch them");
  CLI::Option* requirements =
      app.add_flag("--requirements", list.requirements,
                   "the clauses, and how many cases cite them");
  CLI::Option* ambiguities = app.add_flag("--ambiguities", list.ambiguities,
                                          "what the document leaves open");
  CLI::Option* page =
      app.add_option("--page", list.page,
                     "a page of the documentation, in Markdown: requirements, "
                     "ambiguities or coverage")
          ->check(CLI::IsMember({"requirements", "ambiguities", "coverage"}))
          ->type_name("NAME");
  requirements->excludes(faults);
  ambiguities->excludes(faults)->excludes(requirements);
  page->excludes(faults)->excludes(requirements)->excludes(ambiguities);
  app.footer(
      "\nExamples:\n  vuspec list\n  vuspec list --faults\n"
      "  vuspec list --requirements --json\n"
      "  vuspec list --page coverage\n");
}

void AddExplain(CLI::App& app, ExplainOptions& explain) {
  app.add_option("ID", explain.id,
                 "a clause (HDR-01), a case (Suite.Case) or an ambiguity "
                 "(AMB-...)")
      ->required()
      ->type_name("");
  app.footer(
      "\nExamples:\n  vuspec explain HDR-01\n"
      "  vuspec explain RingLifecycle.GetVringBaseStopsTheRing\n"
      "  vuspec explain AMB-refusal\n");
}

void AddProbe(CLI::App& app, ProbeOptions& probe) {
  AddTarget(app, probe.target);
  app.add_flag("--json", probe.json, "as JSON");
  app.footer(std::string("\n") + kTargetHelp +
             "\nExamples:\n  vuspec probe --socket /run/vhost.sock\n"
             "  vuspec probe --json -- ./my-backend --socket={socket}\n\n" +
             ExitCodeTable());
}

void AddServe(CLI::App& app, ServeOptions& serve) {
  app.add_option("--socket", serve.socket, "listen there")
      ->required()
      ->type_name("PATH");
  app.add_option("--device", serve.device, "what to be (default blk)")
      ->check(CLI::IsMember(MockDeviceNames()))
      ->type_name("KIND");
  AddFaults(app, serve.faults);
  app.add_option("--mishap", serve.mishap,
                 "die, hang or leak a descriptor at each such request")
      ->type_name("dies|hangs|leaks@REQUEST");
  app.add_flag("--once", serve.once, "serve one session and exit");
  app.footer(
      "\nExamples:\n  vuspec serve --socket /tmp/vu.sock\n"
      "  vuspec serve --socket /tmp/vu.sock --device net --once\n"
      "  vuspec run -- vuspec serve --socket {socket} "
      "--mishap dies@GET_CONFIG\n");
}

void AddReplay(CLI::App& app, ReplayOptions& replay) {
  app.add_option("FILE", replay.file, "a transcript, as --out writes them")
      ->required()
      ->type_name("");
  AddTarget(app, replay.target);
  app.footer(std::string("\n") + kTargetHelp +
             "\nExamples:\n"
             "  vuspec replay out/transcripts/Ring.Stops.vu --socket /tmp/s\n"
             "  vuspec replay case.vu -- ./my-backend --socket={socket}\n\n"
             "Exit code 1: an answer differs from the transcript.\n");
}

ParsedCommandLine UsageError(const std::string& what, const std::string& help) {
  return {std::nullopt, "vuspec: " + what + "\nTry `" + help + "`.\n",
          static_cast<int>(ExitCode::kUsage)};
}

// The options of the command that takes a target, or nullptr.
TargetOptions* TargetOf(CommandOptions& options) {
  if (auto* run = std::get_if<RunOptions>(&options)) return &run->target;
  if (auto* probe = std::get_if<ProbeOptions>(&options)) return &probe->target;
  if (auto* replay = std::get_if<ReplayOptions>(&options)) {
    return &replay->target;
  }
  return nullptr;
}

}  // namespace

ParsedCommandLine ParseCommandLine(const std::vector<std::string>& arguments) {
  CLI::App app("Judges vhost-user back-ends clause by clause.", "vuspec");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string(ToolVersion()));
  app.get_formatter()->column_width(28);
  app.footer(
      "\nExamples:\n  vuspec run -- ./my-backend --socket={socket}\n"
      "  vuspec run --help\n\n" +
      ExitCodeTable());

  RunOptions run;
  std::vector<std::string> globs;
  ListOptions list;
  ExplainOptions explain;
  ProbeOptions probe;
  ServeOptions serve;
  ReplayOptions replay;
  AddRun(*app.add_subcommand("run", "Run the cases against a peer"), run,
         globs);
  AddList(*app.add_subcommand("list", "List cases, defects or clauses"), list);
  AddExplain(*app.add_subcommand("explain",
                                 "Say what a clause, case or ambiguity means"),
             explain);
  AddProbe(*app.add_subcommand("probe", "Look at a peer without judging it"),
           probe);
  AddServe(*app.add_subcommand("serve", "Be the mock back-end"), serve);
  AddReplay(*app.add_subcommand("replay", "Send a transcript once more"),
            replay);

  // What follows "--" is the peer's business, down to its last option.
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  std::vector<std::string> ours(arguments.begin(), dashes);
  std::reverse(ours.begin(), ours.end());  // as CLI11 takes them
  try {
    app.parse(std::move(ours));
  } catch (const CLI::CallForHelp&) {
    return {std::nullopt, app.help("", CLI::AppFormatMode::Normal), 0};
  } catch (const CLI::CallForVersion&) {
    return {std::nullopt, "vuspec " + std::string(ToolVersion()) + "\n", 0};
  } catch (const CLI::ParseError& error) {
    std::string help = "vuspec";
    for (const CLI::App* sub : app.get_subcommands()) {
      help += " " + sub->get_name();
    }
    return UsageError(error.what(), help + " --help");
  }

  ParsedCommandLine parsed;
  const std::string name = app.get_subcommands().front()->get_name();
  run.filters.insert(run.filters.end(), globs.begin(), globs.end());
  if (name == "run") parsed.options = std::move(run);
  if (name == "list") parsed.options = list;
  if (name == "explain") parsed.options = std::move(explain);
  if (name == "probe") parsed.options = std::move(probe);
  if (name == "serve") parsed.options = std::move(serve);
  if (name == "replay") parsed.options = std::move(replay);

  if (dashes == arguments.end()) return parsed;
  TargetOptions* target = TargetOf(*parsed.options);
  if (target == nullptr) {
    return UsageError("`vuspec " + name + "` takes no COMMAND after --",
                      "vuspec " + name + " --help");
  }
  target->has_command = true;
  target->command.assign(dashes + 1, arguments.end());
  return parsed;
}

}  // namespace vuspec
