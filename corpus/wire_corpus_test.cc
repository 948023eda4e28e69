// Replays corpus/wire: bytes that were written by hand, so that an encoder and
// a decoder that are wrong in the same way are found out.
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "protocol/dump.h"
#include "protocol/framer.h"
#include "protocol/validator.h"
#include "protocol/vu_file.h"

namespace vuspec::protocol {
namespace {

namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path);
  EXPECT_TRUE(in) << path;
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<fs::path> FilesWith(const std::string& extension) {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(VU_CORPUS_DIR "/wire")) {
    if (entry.path().extension() == extension) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// One verdict per line: a dump, or the violation that ended the replay.
class Replay {
 public:
  std::string Run(const VuFile& file) {
    for (const VuRecord& record : file.records) {
      if (!Feed(record, file.context)) return verdicts_;
    }
    for (const auto& [key, framer] : framers_) {
      if (framer.MidMessage()) verdicts_ += "incomplete\n";
    }
    return verdicts_;
  }

  const std::vector<Message>& messages() const { return messages_; }

 private:
  using Stream = std::pair<Channel, VuDirection>;

  bool Feed(const VuRecord& record, WireContext context) {
    Framer& framer = framers_[{record.channel, record.direction}];
    const std::vector<std::byte> bytes = record.Bytes();
    std::span<const std::byte> rest = bytes;
    std::size_t fd_count = record.fds.size();
    while (!rest.empty()) {
      const Framer::Step step = framer.Feed(rest, fd_count);
      rest = rest.subspan(step.consumed);
      fd_count = 0;
      if (framer.violation()) return Refuse(*framer.violation());
      if (step.frame && !Judge(*step.frame, record, context)) return false;
    }
    return true;
  }

  bool Judge(const Frame& frame, const VuRecord& record, WireContext context) {
    auto& request = asked_[record.channel];
    if (!record.FromAsker() && !request) {
      ADD_FAILURE() << "line " << record.line << " answers nothing";
      return false;
    }
    const Result<Message> message =
        record.FromAsker() ? ValidateRequest(frame, record.channel, context)
                           : ValidateReply(frame, *request, context);
    if (!message.ok()) return Refuse(message.violation());
    verdicts_ += Dump(*message) + "\n";
    messages_.push_back(*message);
    if (record.FromAsker()) request = *message;
    return true;
  }

  bool Refuse(const Violation& violation) {
    verdicts_ += "violation ";
    verdicts_ += Describe(violation.req).id;
    verdicts_ += " ";
    verdicts_ += violation.field;
    verdicts_ += "\n";
    return false;
  }

  std::map<Stream, Framer> framers_;
  std::map<Channel, std::optional<Message>> asked_;
  std::vector<Message> messages_;
  std::string verdicts_;
};

VuFile Load(const fs::path& path) {
  VuParsed parsed = ParseVu(ReadFile(path));
  EXPECT_FALSE(parsed.error.has_value())
      << path << ": " << (parsed.error ? ToString(*parsed.error) : "");
  return std::move(parsed.file);
}

fs::path ExpectedOf(fs::path path) {
  return path.replace_extension(".expected");
}

TEST(WireCorpus, EveryFileIsJudgedAsExpected) {
  for (const fs::path& path : FilesWith(".vu")) {
    SCOPED_TRACE(path.filename());
    EXPECT_EQ(Replay().Run(Load(path)), ReadFile(ExpectedOf(path)));
  }
}

TEST(WireCorpus, IsNotSmallAndEveryFileHasItsTwin) {
  const auto files = FilesWith(".vu");
  EXPECT_GE(files.size(), 200u);
  EXPECT_EQ(FilesWith(".expected").size(), files.size());
  for (const fs::path& path : files) {
    EXPECT_TRUE(fs::exists(ExpectedOf(path))) << path;
  }
}

TEST(WireCorpus, HasAGoodRequestAndAGoodAnswerOfEveryRow) {
  std::set<std::string_view> asked;
  std::set<std::string_view> answered;
  for (const fs::path& path : FilesWith(".vu")) {
    Replay replay;
    replay.Run(Load(path));
    for (const Message& message : replay.messages()) {
      (message.is_reply() ? answered : asked).insert(message.spec->name);
    }
  }
  EXPECT_EQ(asked.size(), 54u);
  EXPECT_EQ(answered.size(), 54u);
}

TEST(WireCorpus, SurvivesAWriteAndARead) {
  for (const fs::path& path : FilesWith(".vu")) {
    SCOPED_TRACE(path.filename());
    const VuFile file = Load(path);
    const VuParsed again = ParseVu(WriteVu(file));
    ASSERT_FALSE(again.error.has_value()) << ToString(*again.error);
    ASSERT_EQ(again.file.records.size(), file.records.size());
    EXPECT_EQ(Replay().Run(again.file), ReadFile(ExpectedOf(path)));
  }
}

}  // namespace
}  // namespace vuspec::protocol
