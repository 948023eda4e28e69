#include "harness/report/report_examples.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace vuspec {

CaseResult ExampleCase(const std::string& id, Verdict verdict) {
  CaseResult result;
  result.id = id;
  result.verdict = verdict;
  result.level = protocol::Level::kDefacto;
  result.requirements = {protocol::Req::HDR_03, protocol::Req::HDR_01};
  result.reason = "no reply";
  result.expected = "num=3\n(3 buffers were used)";
  result.observed = "num=0";
  result.details = "a.cc:1: one\na.cc:2: two\n";
  result.transcript = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
  result.peer_stderr = "oops \x1b[31m<&]]> \xff \x01\n";
  result.claimed = false;
  result.points = 3;
  result.model.Note(
      {protocol::Stage::kUnowned, 3, protocol::Stage::kNegotiating});
  result.duration = std::chrono::microseconds(1500);
  result.round_trip = std::chrono::microseconds(500);
  return result;
}

RunResult EveryVerdict() {
  RunResult run;
  run.target = "-- './my backend' --socket={socket}";
  run.options = "--device blk";
  run.level = "must";
  run.mutation = "split1";
  run.device = "blk";
  run.seed = 7;
  run.probe.virtio_features = std::uint64_t{1} << 32;
  run.probe.protocol_features = 1;
  run.probe.queue_count = 2;
  run.probe.round_trip = std::chrono::microseconds(500);
  for (int i = 0; i < 10; ++i) {
    const auto verdict = static_cast<Verdict>(i);
    run.cases.push_back(ExampleCase("Suite" + std::to_string(i % 3) + ".Sees" +
                                        std::string(ToString(verdict)),
                                    verdict));
  }
  run.cases.push_back(ExampleCase("Claims/row.Skips", Verdict::kSkip));
  run.cases.back().claimed = true;
  run.selected = run.cases.size();
  run.duration = std::chrono::milliseconds(1234);
  return run;
}

RunResult GoodRun() {
  RunResult run;
  run.level = "robust";
  run.device = "generic";
  run.seed = 1;
  run.cases = {ExampleCase("Ring.Starts", Verdict::kPass),
               ExampleCase("Ring.Stops", Verdict::kPass),
               ExampleCase("Mq.Counts", Verdict::kSkip),
               ExampleCase("Mq.Zero", Verdict::kAmbig)};
  run.selected = 4;
  return run;
}

RunResult RunOfOne(Verdict verdict) {
  RunResult run = GoodRun();
  run.cases = {ExampleCase("Ring.Stops", verdict)};
  run.selected = 1;
  return run;
}

CommandResult RunCommand(const std::string& command) {
  CommandResult result;
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "re");
  if (pipe == nullptr) return result;
  std::array<char, 4096> block;
  while (const std::size_t got =
             std::fread(block.data(), 1, block.size(), pipe)) {
    result.output.append(block.data(), got);
  }
  const int status = ::pclose(pipe);
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return result;
}

TempFolder::TempFolder() {
  std::string pattern =
      (std::filesystem::temp_directory_path() / "vuspec-test-XXXXXX").string();
  EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
  path_ = pattern;
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TempFolder::Write(const std::string& name,
                              const std::string& text) const {
  const std::string path = path_ + "/" + name;
  std::ofstream(path) << text;
  return path;
}

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace vuspec
