#include "harness/peer/scratch_dir.h"

#include <fcntl.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/transport/errno_status.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {
namespace {

constexpr char kTemplate[] = "/vuspec-XXXXXX";
static_assert(sizeof(kTemplate) - 1 == ScratchDir::kNameSize);
// Some peers make further sockets beside ours, as in "vu.sock.repair".
constexpr std::size_t kRoomForSuffix = 16;
constexpr std::size_t kFolderMax = sizeof(sockaddr_un::sun_path) -
                                   sizeof(kTemplate) - sizeof("/vu.sock") -
                                   kRoomForSuffix;

std::string ParentFolder(std::size_t room) {
  const char* variable = std::getenv("TMPDIR");
  const std::string folder = variable != nullptr ? variable : "";
  const bool usable = !folder.empty() && folder.front() == '/' &&
                      folder.size() + room <= kFolderMax;
  return usable ? folder : "/tmp";
}

}  // namespace

ScratchDir::ScratchDir(std::string path) : path_(std::move(path)) {}

ScratchDir::ScratchDir(ScratchDir&& other) noexcept
    : path_(std::exchange(other.path_, "")) {}

ScratchDir::~ScratchDir() {
  if (path_.empty()) return;
  // What cannot be removed is left: there is nobody to tell at this point.
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

absl::StatusOr<ScratchDir> ScratchDir::Make(std::size_t room) {
  std::string path = ParentFolder(room) + kTemplate;
  if (::mkdtemp(path.data()) == nullptr) {
    return ErrnoStatus(absl::StrCat("scratch folder ", path), errno);
  }
  return ScratchDir(std::move(path));
}

absl::Status ScratchDir::MakeFiles(
    const std::vector<ScratchFile>& files) const {
  for (const ScratchFile& file : files) {
    const std::string path = absl::StrCat(path_, "/", file.path);
    std::error_code error;
    std::filesystem::create_directories(
        std::filesystem::path(path).parent_path(), error);
    if (error) return ErrnoStatus(path, error.value());
    const UniqueFd fd(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd || ::ftruncate(fd.get(), static_cast<off_t>(file.size)) != 0) {
      return ErrnoStatus(path, errno);
    }
  }
  return absl::OkStatus();
}

}  // namespace vuspec
