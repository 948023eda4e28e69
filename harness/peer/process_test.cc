#include "harness/peer/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/peer/peer_test_support.h"
#include "harness/peer/ready.h"
#include "harness/peer/scratch_dir.h"
#include "harness/transport/unix_socket.h"

namespace vuspec {
namespace {

using testing::HasSubstr;
using testing::Not;

class ProcessTest : public ProcessTestBase {
 protected:
  ProcessTest() : scratch_(*ScratchDir::Make()) {
    options_.log_path = scratch_.LogPath();
  }

  absl::StatusOr<Process> Spawn(const std::string& mode) {
    options_.argv = {VU_PEER_TEST_CHILD, mode, scratch_.SocketPath()};
    return Process::Spawn(options_, Soon());
  }

  ScratchDir scratch_;
  ProcessOptions options_;
};

TEST_F(ProcessTest, ExitCodeAndOutputAreKept) {
  auto process = Spawn("exit");
  ASSERT_TRUE(process.ok()) << process.status();
  const auto exit = process->Wait(Soon());
  ASSERT_TRUE(exit.ok()) << exit.status();
  EXPECT_EQ(exit->ToString(), "exit code 7");
  EXPECT_EQ(process->OutputTail(), "child: no such device\n");
  EXPECT_EQ(process->OutputTail(8), " device\n");
}

TEST_F(ProcessTest, OutputIsReadOnwards) {
  auto process = Spawn("exit");
  ASSERT_TRUE(process->Wait(Soon()).ok());
  std::size_t position = 7;
  EXPECT_EQ(process->OutputFrom(position), "no such device\n");
  EXPECT_EQ(process->OutputFrom(position), "");
  EXPECT_EQ(position, 22U);
}

TEST_F(ProcessTest, AProgramThatDoesNotExistIsNotFound) {
  options_.argv = {"/no/such/program"};
  EXPECT_EQ(Process::Spawn(options_, Soon()).status().code(),
            absl::StatusCode::kNotFound);
  options_.argv = {"no-such-program-in-path"};
  EXPECT_EQ(Process::Spawn(options_, Soon()).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(ProcessTest, AFileThatIsNoProgramSaysSo) {
  const std::string path = scratch_.path() + "/text";
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0755));
  ASSERT_EQ(::write(fd.get(), "\0\0\0\0", 4), 4);
  options_.argv = {path};
  const auto process = Process::Spawn(options_, Soon());
  EXPECT_FALSE(process.ok());
  EXPECT_THAT(std::string(process.status().message()), HasSubstr("exec"));
}

TEST_F(ProcessTest, TheChildHasItsOwnSessionAndNothingOfOurs) {
  const UniqueFd leaky(::open("/dev/null", O_RDONLY));  // not close-on-exec
  ::setenv("VU_TEST_KEPT", "kept", 1);
  ::setenv("VU_TEST_REPLACED", "old", 1);
  ::signal(SIGPIPE, SIG_IGN);
  options_.env = {{"VU_TEST_REPLACED", "new"}};
  auto process = Spawn("print");
  ::signal(SIGPIPE, SIG_DFL);
  ASSERT_TRUE(process->Wait(Soon()).ok());
  const std::string output = process->OutputTail();
  EXPECT_THAT(output, HasSubstr("VU_TEST_KEPT=kept\n"));
  EXPECT_THAT(output, HasSubstr("VU_TEST_REPLACED=new\n"));
  EXPECT_THAT(output, Not(HasSubstr("VU_TEST_REPLACED=old\n")));
  EXPECT_THAT(output, Not(HasSubstr("open fd")));
  EXPECT_THAT(output, HasSubstr("core limit 0\n"));
  EXPECT_THAT(output, HasSubstr("leader 1\n"));
  EXPECT_THAT(output, HasSubstr("SIGPIPE ignored 0\n"));
  EXPECT_THAT(output, HasSubstr("stdin ended 1\n"));
}

TEST_F(ProcessTest, StandardInputStaysOpenWhenAsked) {
  options_.stdin_mode = StdinMode::kOpen;
  auto process = Spawn("print");
  EXPECT_EQ(process->Wait(Deadline::After(std::chrono::milliseconds(200)))
                .status()
                .code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(process->Poll(), std::nullopt);
}

TEST_F(ProcessTest, TerminateIsPoliteFirst) {
  auto process = Spawn("mute");
  const ExitStatus exit = process->Terminate(Soon());
  EXPECT_TRUE(exit.signalled);
  EXPECT_EQ(exit.code, SIGTERM);
  EXPECT_TRUE(ProcessGroupIsGone(process->pid()));
}

TEST_F(ProcessTest, TerminateUsesForceAtTheDeadline) {
  auto watch = ReadyWatch::Begin(scratch_.SocketPath());
  auto process = Spawn("deaf");
  ASSERT_TRUE(process.ok());
  // Listening says that the child has begun to ignore SIGTERM.
  ASSERT_TRUE(watch->Await(process->pid(), process->PidFd(), Soon()).ok());
  const ExitStatus exit =
      process->Terminate(Deadline::After(std::chrono::milliseconds(100)));
  EXPECT_EQ(exit.code, SIGKILL);
}

TEST_F(ProcessTest, AStoppedProcessCanBeTerminated) {
  auto process = Spawn("mute");
  ::kill(process->pid(), SIGSTOP);
  EXPECT_EQ(process->Terminate(Soon()).code, SIGTERM);
}

TEST_F(ProcessTest, DestructionKillsAndReaps) {
  pid_t pid = -1;
  {
    auto process = Spawn("deaf");
    pid = process->pid();
    EXPECT_TRUE(ReadMemoryUse(pid).has_value());
  }
  EXPECT_FALSE(ReadMemoryUse(pid).has_value());
  EXPECT_TRUE(ProcessGroupIsGone(pid));
}

TEST_F(ProcessTest, EveryProcessOfTheGroupGoes) {
  auto listener = UnixListener::Listen(scratch_.SocketPath());
  ASSERT_TRUE(listener.ok()) << listener.status();
  auto process = Spawn("dial");
  auto channel = listener->Accept(Soon());
  ASSERT_TRUE(channel.ok()) << channel.status();
  const UniqueFd fd = (*channel)->TakeSocket();
  ASSERT_TRUE(Command(fd, 'b'));
  EXPECT_EQ(process->Terminate(Soon()).code, SIGTERM);
  // Child and grandchild share the connection: it ends when both are gone.
  EXPECT_TRUE(WaitHungUp(fd.get(), Soon()).ok());
}

TEST_F(ProcessTest, AFloodOfOutputIsBoundedInMemory) {
  auto process = Spawn("flood");
  ASSERT_TRUE(process.ok());
  const Deadline deadline = Soon();
  while (process->OutputTail(4 << 20).size() < 1 << 20) {
    ASSERT_FALSE(deadline.Reached());
  }
  std::size_t position = 0;
  EXPECT_LE(process->OutputFrom(position).size(), 1U << 20);
  process->Kill();
}

TEST_F(ProcessTest, InstrumentationIsRecognised) {
  EXPECT_FALSE(IsInstrumented(VU_PEER_TEST_CHILD));
  EXPECT_FALSE(IsInstrumented("/no/such/program"));
  const std::string path = scratch_.path() + "/program";
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0755));
  const std::string text = std::string(100, '\0') + "__asan" + "_init";
  ASSERT_EQ(::write(fd.get(), text.data(), text.size()),
            static_cast<ssize_t>(text.size()));
  EXPECT_TRUE(IsInstrumented(path));
}

}  // namespace
}  // namespace vuspec
