// What the tests of this room share. Test code only.
#ifndef VUSPEC_HARNESS_PEER_PEER_TEST_SUPPORT_H_
#define VUSPEC_HARNESS_PEER_PEER_TEST_SUPPORT_H_

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/peer/proc_stats.h"
#include "harness/peer/process_peer.h"
#include "harness/transport/poll.h"

namespace vuspec {

inline Deadline Soon() { return Deadline::After(std::chrono::seconds(20)); }

// A manifest for peer_test_child in `mode`, with limits fit for a test.
inline Manifest ChildManifest(const std::string& mode,
                              Life life = Life::kStays) {
  Manifest manifest;
  manifest.name = "child-" + mode;
  manifest.spawn.argv = {VU_PEER_TEST_CHILD, mode, "{socket}"};
  manifest.after_disconnect = life;
  manifest.limits.memory_mib = 128;
  manifest.limits.cpu = std::chrono::seconds(60);
  manifest.limits.start = std::chrono::seconds(20);
  manifest.limits.stop = std::chrono::seconds(20);
  return manifest;
}

// One command to the child; true if it answered, false if the connection
// ended instead.
inline bool Command(const UniqueFd& fd, char command) {
  if (::send(fd.get(), &command, 1, MSG_NOSIGNAL) != 1) return false;
  char answer = 0;
  if (!WaitReadable(fd.get(), Soon()).ok()) return false;
  return ::recv(fd.get(), &answer, 1, 0) == 1 && answer == command;
}

// Every test of a process: afterwards there is no child, no zombie and no
// descriptor more than before.
class ProcessTestBase : public testing::Test {
 protected:
  void SetUp() override { fd_count_before_ = FdCount(); }
  void TearDown() override {
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "a child is left";
    EXPECT_EQ(errno, ECHILD);
    EXPECT_EQ(FdCount(), fd_count_before_) << "a descriptor is left";
  }

 private:
  static int FdCount() {
    const auto use = ReadResourceUse(::getpid());
    return use ? use->fd_count : -1;
  }
  int fd_count_before_ = 0;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_PEER_PEER_TEST_SUPPORT_H_
