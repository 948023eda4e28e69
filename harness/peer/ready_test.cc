#include "harness/peer/ready.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/peer/peer_test_support.h"
#include "harness/peer/process.h"
#include "harness/peer/scratch_dir.h"

namespace vuspec {
namespace {

using testing::HasSubstr;

class ReadyTest : public ProcessTestBase {
 protected:
  // Starts the child in `mode` and waits for it.
  absl::Status AwaitChild(const std::string& mode, Deadline deadline) {
    const auto scratch = ScratchDir::Make();
    const std::string path = scratch->SocketPath();
    auto watch = ReadyWatch::Begin(path);
    EXPECT_TRUE(watch.ok()) << watch.status();
    ProcessOptions options;
    options.argv = {VU_PEER_TEST_CHILD, mode, path};
    options.log_path = scratch->LogPath();
    auto process = Process::Spawn(options, Soon());
    EXPECT_TRUE(process.ok()) << process.status();
    return watch->Await(process->pid(), process->PidFd(), deadline);
  }
};

TEST_F(ReadyTest, AListeningSocketIsSeen) {
  EXPECT_TRUE(AwaitChild("serve", Soon()).ok());
}

TEST_F(ReadyTest, ARelativelyBoundSocketIsSeen) {
  EXPECT_TRUE(AwaitChild("relative", Soon()).ok());
}

TEST_F(ReadyTest, ASocketThatIsOnlyBoundIsNotReady) {
  const absl::Status status =
      AwaitChild("bind", Deadline::After(std::chrono::milliseconds(300)));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no socket in LISTEN"));
}

TEST_F(ReadyTest, AMissingFileIsSaid) {
  const absl::Status status =
      AwaitChild("mute", Deadline::After(std::chrono::milliseconds(100)));
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no such file"));
}

TEST_F(ReadyTest, AnExitEndsTheWait) {
  EXPECT_EQ(AwaitChild("exit", Soon()).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(ReadyTest, NobodyListensWhereNothingIs) {
  EXPECT_FALSE(IsListening("/no/such/socket", 0));
}

}  // namespace
}  // namespace vuspec
