#include "harness/report/writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "harness/report/json_report.h"
#include "harness/report/junit_report.h"
#include "harness/report/report_examples.h"

namespace vuspec {
namespace {

using testing::HasSubstr;

TEST(Writer, FolderHoldsEveryReportAndTheTranscripts) {
  const TempFolder folder;
  const std::string out = folder.path() + "/new/out";
  const RunResult run = EveryVerdict();
  ASSERT_TRUE(WriteReportFolder(out, run, "the text\n").ok());
  EXPECT_EQ(ReadFile(out + "/result.json"), JsonReport(run));
  EXPECT_EQ(ReadFile(out + "/junit.xml"), JunitReport(run));
  EXPECT_EQ(ReadFile(out + "/report.txt"), "the text\n");
  EXPECT_EQ(ReadFile(out + "/transcripts/Suite1.SeesFAIL.vu"),
            run.cases[1].transcript);
  EXPECT_TRUE(
      std::filesystem::exists(out + "/transcripts/Claims-row.Skips.vu"));
}

TEST(Writer, UnwritableFileIsNamedWithWhatToDo) {
  const TempFolder folder;
  const std::string path = folder.path() + "/no/such/folder.json";
  for (const absl::Status& status :
       {WriteReportFile(path, "x"), CheckReportFile(path)}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
    EXPECT_THAT(std::string(status.message()), HasSubstr(path));
    EXPECT_THAT(std::string(status.message()), HasSubstr("choose a place"));
  }
}

TEST(Writer, FolderThatIsAFileIsAnError) {
  const TempFolder folder;
  const std::string file = folder.Write("taken", "x");
  EXPECT_FALSE(WriteReportFolder(file, GoodRun(), "").ok());
  EXPECT_FALSE(CheckReportFolder(file).ok());
}

TEST(Writer, FullDiskIsAnError) {
  const absl::Status status = WriteReportFile("/dev/full", "text");
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("/dev/full"));
}

TEST(Writer, CheckMakesNothingUndone) {
  const TempFolder folder;
  const std::string file = folder.Write("result.json", "old");
  EXPECT_TRUE(CheckReportFile(file).ok());
  EXPECT_EQ(ReadFile(file), "old");
  EXPECT_TRUE(CheckReportFolder(folder.path()).ok());
}

}  // namespace
}  // namespace vuspec
