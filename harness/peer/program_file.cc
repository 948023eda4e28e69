#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "harness/peer/process.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {
namespace {

bool IsExecutableFile(const std::string& path) {
  struct stat info = {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

absl::StatusOr<std::string> FindProgram(const std::string& program) {
  if (program.find('/') != std::string::npos) {
    if (IsExecutableFile(program)) return program;
    return absl::NotFoundError(
        absl::StrCat(program, ": no such program, or not executable"));
  }
  const char* variable = std::getenv("PATH");
  const std::string path = variable != nullptr ? variable : "/usr/bin:/bin";
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find(':', at), path.size());
    const std::string folder = path.substr(at, end - at);
    const std::string candidate =
        absl::StrCat(folder.empty() ? "." : folder, "/", program);
    if (IsExecutableFile(candidate)) return candidate;
    at = end + 1;
  }
  return absl::NotFoundError(
      absl::StrCat(program, ": no such program in PATH"));
}

bool IsInstrumented(const std::string& program) {
  const UniqueFd fd(::open(program.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info = {};
  if (!fd || ::fstat(fd.get(), &info) != 0 || info.st_size <= 0) return false;
  const auto size = static_cast<std::size_t>(info.st_size);
  void* bytes = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (bytes == MAP_FAILED) return false;
  bool found = false;
  for (const std::string_view symbol :
       {"__asan_init", "__tsan_init", "__msan_init", "__hwasan_init"}) {
    found =
        found || ::memmem(bytes, size, symbol.data(), symbol.size()) != nullptr;
  }
  ::munmap(bytes, size);
  return found;
}

}  // namespace vuspec
