#include "harness/cli/program.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

namespace vuspec {
namespace {

[[noreturn]] void Become(const std::vector<std::string>& arguments,
                         const Environment& environment) {
  std::vector<std::string> words = {VUSPEC_PROGRAM};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  for (const char* name :
       {"NO_COLOR", "GTEST_TOTAL_SHARDS", "GTEST_SHARD_INDEX",
        "TEST_TOTAL_SHARDS", "TEST_SHARD_INDEX"}) {
    ::unsetenv(name);
  }
  for (const auto& [name, value] : environment) {
    ::setenv(name.c_str(), value.c_str(), 1);
  }
  ::execv(VUSPEC_PROGRAM, argv.data());
  std::_Exit(127);
}

// Appends what there is; false at the end.
bool ReadSome(int fd, std::string& text) {
  std::array<char, 4096> block;
  const ssize_t got = ::read(fd, block.data(), block.size());
  if (got < 0) return errno == EINTR;  // EIO: the terminal has no writers
  text.append(block.data(), static_cast<std::size_t>(got));
  return got > 0;
}

int CodeOf(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

Program::Program(const std::vector<std::string>& arguments,
                 const Environment& environment) {
  std::array<int, 2> out = {-1, -1};
  std::array<int, 2> err = {-1, -1};
  EXPECT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
  EXPECT_EQ(::pipe2(err.data(), O_CLOEXEC), 0);
  out_.reset(out[0]);
  err_.reset(err[0]);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(err[1], STDERR_FILENO);
    Become(arguments, environment);
  }
  ::close(out[1]);
  ::close(err[1]);
}

Program::~Program() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  CodeOf(pid_);
}

bool Program::AwaitErr(const std::string& text) {
  while (ended_.err.find(text) == std::string::npos) {
    if (!ReadSome(err_.get(), ended_.err)) return false;
  }
  return true;
}

Ended Program::Wait() {
  std::array<pollfd, 2> fds = {pollfd{out_.get(), POLLIN, 0},
                               pollfd{err_.get(), POLLIN, 0}};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    if (::poll(fds.data(), fds.size(), -1) < 0) continue;
    if (fds[0].revents != 0 && !ReadSome(fds[0].fd, ended_.out)) fds[0].fd = -1;
    if (fds[1].revents != 0 && !ReadSome(fds[1].fd, ended_.err)) fds[1].fd = -1;
  }
  ended_.code = CodeOf(std::exchange(pid_, -1));
  return ended_;
}

Ended Vuspec(const std::vector<std::string>& arguments,
             const Environment& environment) {
  return Program(arguments, environment).Wait();
}

Ended VuspecOnTerminal(const std::vector<std::string>& arguments,
                       const Environment& environment) {
  int ours = -1;
  const pid_t pid = ::forkpty(&ours, nullptr, nullptr, nullptr);
  if (pid == 0) Become(arguments, environment);
  const UniqueFd terminal(ours);
  Ended ended;
  while (ReadSome(terminal.get(), ended.out)) {
  }
  ended.code = CodeOf(pid);
  return ended;
}

}  // namespace vuspec
