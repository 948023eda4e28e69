#include "harness/report/writer.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "harness/report/json_report.h"
#include "harness/report/junit_report.h"

namespace vuspec {
namespace {

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

absl::Status CannotWrite(const std::string& path, int error) {
  const std::string message =
      absl::StrCat("cannot write the report ", path, ": ", std::strerror(error),
                   "; choose a place that exists and that you may write to");
  switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
      return absl::PermissionDeniedError(message);
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(message);
    default:
      return absl::InternalError(message);
  }
}

absl::Status MakeFolder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return CannotWrite(folder.string(), error.value());
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteReportFile(const std::string& path, std::string_view text) {
  File file(std::fopen(path.c_str(), "we"));
  if (file == nullptr) return CannotWrite(path, errno);
  const bool whole =
      std::fwrite(text.data(), 1, text.size(), file.get()) == text.size();
  // A full disk shows at the flush, not before.
  if (!whole || std::fflush(file.get()) != 0) return CannotWrite(path, errno);
  return absl::OkStatus();
}

absl::Status WriteReportFolder(const std::string& folder, const RunResult& run,
                               std::string_view text_report) {
  const std::filesystem::path root(folder);
  absl::Status status = MakeFolder(root / "transcripts");
  if (status.ok()) {
    status = WriteReportFile(root / "result.json", JsonReport(run));
  }
  if (status.ok()) {
    status = WriteReportFile(root / "junit.xml", JunitReport(run));
  }
  if (status.ok()) status = WriteReportFile(root / "report.txt", text_report);
  for (const CaseResult& result : run.cases) {
    if (!status.ok()) break;
    if (result.transcript.empty()) continue;
    // A name with a slash would be a path; generated cases have one.
    std::string name = result.id;
    for (char& c : name) {
      if (c == '/') c = '-';
    }
    status = WriteReportFile(root / "transcripts" / (name + ".vu"),
                             result.transcript);
  }
  return status;
}

absl::Status CheckReportFile(const std::string& path) {
  const File file(std::fopen(path.c_str(), "ae"));
  return file == nullptr ? CannotWrite(path, errno) : absl::OkStatus();
}

absl::Status CheckReportFolder(const std::string& folder) {
  const std::filesystem::path root(folder);
  absl::Status status = MakeFolder(root / "transcripts");
  if (status.ok()) status = CheckReportFile(root / "result.json");
  return status;
}

}  // namespace vuspec
