#include "conformance/program/whole_program.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cerrno>
#include <filesystem>

namespace vuspec {

WholeProgram::WholeProgram() {
  std::filesystem::create_directory(tmpdir());
  EXPECT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  rlimit limit = {};
  EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  limit.rlim_cur = kDescriptorLimit;
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
}

Ended WholeProgram::Run(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {"run", "--json", report_path()});
  const Ended ended = Vuspec(arguments, {{"TMPDIR", tmpdir()}});
  ExpectNothingLeft();
  return ended;
}

Ended WholeProgram::RunAgainst(
    const std::string& fault,
    const std::vector<std::string>& cases_and_options) const {
  std::vector<std::string> arguments = cases_and_options;
  const std::vector<std::string> command = ServeWith(fault);
  arguments.insert(arguments.end(), {"--device", "blk", "--"});
  arguments.insert(arguments.end(), command.begin(), command.end());
  const Ended ended = Run(arguments);
  EXPECT_EQ(ended.err, "");
  EXPECT_EQ(Report()["summary"]["exit_code"], ended.code);
  return ended;
}

std::vector<std::string> WholeProgram::ServeWith(const std::string& fault) {
  return {VUSPEC_PROGRAM, "serve", "--socket", "{socket}",
          "--device",     "blk",   "--fault",  fault};
}

nlohmann::json WholeProgram::Report() const {
  nlohmann::json report = nlohmann::json::parse(ReadFile(report_path()));
  const nlohmann::json& summary = report["summary"];
  const int told =
      summary["executed"].get<int>() + summary["skipped"].get<int>();
  EXPECT_EQ(report["cases"].size(), static_cast<std::size_t>(told));
  EXPECT_EQ(summary["selected"], told + summary["not_run"].get<int>());
  return report;
}

void WholeProgram::ExpectNothingLeft() const {
  EXPECT_TRUE(std::filesystem::is_empty(tmpdir())) << "files are left";
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a process is left";
  EXPECT_EQ(errno, ECHILD);
}

}  // namespace vuspec
