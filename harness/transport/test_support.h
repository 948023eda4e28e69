// What the tests of this room share. Test code only.
#ifndef VUSPEC_HARNESS_TRANSPORT_TEST_SUPPORT_H_
#define VUSPEC_HARNESS_TRANSPORT_TEST_SUPPORT_H_

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "harness/transport/deadline.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {

// Long enough never to be reached by a test that passes.
inline Deadline Soon() { return Deadline::After(std::chrono::seconds(30)); }

// The open descriptors of this process, by /proc.
inline std::set<int> OpenFds() {
  std::set<int> fds;
  DIR* directory = ::opendir("/proc/self/fd");
  while (const dirent* entry = ::readdir(directory)) {
    const int fd = std::atoi(entry->d_name);
    if (entry->d_name[0] != '.' && fd != ::dirfd(directory)) fds.insert(fd);
  }
  ::closedir(directory);
  return fds;
}

// Fails the test that ends with other descriptors open than it began with.
// Declare it first, so that it is destroyed last.
class FdsAreKept {
 public:
  FdsAreKept() : before_(OpenFds()) {}
  ~FdsAreKept() { EXPECT_EQ(OpenFds(), before_); }

 private:
  const std::set<int> before_;
};

inline std::span<const std::byte> Bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

inline std::string Text(std::span<const std::byte> bytes) {
  std::string text(bytes.size(), '\0');
  if (!bytes.empty()) std::memcpy(text.data(), bytes.data(), bytes.size());
  return text;
}

// Descriptors of /dev/null to send, and their numbers.
class NullFds {
 public:
  explicit NullFds(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      owned_.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      EXPECT_TRUE(owned_.back().valid());
      numbers_.push_back(owned_.back().get());
    }
  }
  std::span<const int> numbers() const { return numbers_; }

 private:
  std::vector<UniqueFd> owned_;
  std::vector<int> numbers_;
};

// True if both refer to the same file.
inline bool SameFile(int a, int b) {
  struct stat first = {};
  struct stat second = {};
  return ::fstat(a, &first) == 0 && ::fstat(b, &second) == 0 &&
         first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

// A directory of its own for sockets, removed with whatever is left in it.
class TempDir {
 public:
  TempDir() { EXPECT_NE(::mkdtemp(path_.data()), nullptr); }
  ~TempDir() {
    for (const std::string& name : names_) ::unlink(name.c_str());
    ::rmdir(path_.c_str());
  }
  std::string Path(const std::string& name) {
    names_.push_back(path_ + "/" + name);
    return names_.back();
  }

 private:
  std::string path_ = "/tmp/vuspec_transport_XXXXXX";
  std::vector<std::string> names_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_TRANSPORT_TEST_SUPPORT_H_
