#include "harness/peer/process_peer.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/peer/dial.h"
#include "harness/peer/ready.h"

namespace vuspec {
namespace {

// How long a peer of unknown habits may take to exit after the disconnect. It
// costs one such wait in a run, and being wrong costs a restart later.
constexpr std::chrono::milliseconds kLearnBudget{300};
constexpr std::size_t kTailBytes = 4096;

}  // namespace

ProcessPeer::ProcessPeer(Manifest manifest, ScratchDir scratch,
                         bool instrumented)
    : manifest_(std::move(manifest)),
      scratch_(std::move(scratch)),
      instrumented_(instrumented),
      life_(manifest_.after_disconnect) {}

ProcessPeer::~ProcessPeer() { Stop(); }

absl::StatusOr<std::unique_ptr<ProcessPeer>> ProcessPeer::Make(
    Manifest manifest) {
  if (manifest.spawn.argv.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(manifest.name, ": the manifest starts no process"));
  }
  absl::StatusOr<std::string> program =
      FindProgram(manifest.spawn.argv.front());
  if (!program.ok()) return program.status();
  absl::StatusOr<ScratchDir> scratch = ScratchDir::Make();
  if (!scratch.ok()) return scratch.status();
  // Not make_unique: the constructor is private.
  std::unique_ptr<ProcessPeer> peer(new ProcessPeer(
      std::move(manifest), *std::move(scratch), IsInstrumented(*program)));
  peer->manifest_.data.io = Substitute(
      peer->manifest_.data.io, peer->socket_path(), peer->scratch_.path());
  if (peer->manifest_.spawn.ready == Ready::kDials) {
    absl::StatusOr<UnixListener> listener =
        UnixListener::Listen(peer->socket_path());
    if (!listener.ok()) return listener.status();
    peer->listener_ = *std::move(listener);
  }
  return peer;
}

ProcessOptions ProcessPeer::OptionsForProcess() const {
  ProcessOptions options;
  const auto substitute = [this](const std::string& text) {
    return Substitute(text, socket_path(), scratch_.path());
  };
  for (const std::string& argument : manifest_.spawn.argv) {
    options.argv.push_back(substitute(argument));
  }
  for (const auto& [name, value] : manifest_.spawn.env) {
    options.env.emplace_back(name, substitute(value));
  }
  options.stdin_mode = manifest_.spawn.stdin_mode;
  options.log_path = scratch_.LogPath();
  options.memory_mib = manifest_.limits.memory_mib;
  options.limit_data = !instrumented_;
  options.cpu = manifest_.limits.cpu;
  return options;
}

absl::Status ProcessPeer::StartProcess() {
  const Deadline deadline = Deadline::After(manifest_.limits.start);
  if (absl::Status status = scratch_.MakeFiles(manifest_.spawn.files);
      !status.ok()) {
    return status;
  }
  // What an earlier life left there would be taken for readiness.
  if (!listener_) ::unlink(socket_path().c_str());
  absl::StatusOr<ReadyWatch> ready = ReadyWatch::Begin(socket_path());
  if (!ready.ok()) return ready.status();
  absl::StatusOr<Process> process =
      Process::Spawn(OptionsForProcess(), deadline);
  if (!process.ok()) return process.status();
  process_.emplace(*std::move(process));
  judged_bytes_ = 0;
  was_connected_ = false;
  ++start_count_;
  if (listener_) return absl::OkStatus();
  return ready->Await(process_->pid(), process_->PidFd(), deadline);
}

absl::Status ProcessPeer::Start() {
  absl::Status status = StartProcess();
  if (status.ok()) return status;
  status = Explain(status);
  Kill();
  return status;
}

absl::Status ProcessPeer::Explain(const absl::Status& status) {
  std::string text =
      absl::StrCat(manifest_.name, ": ", std::string(status.message()));
  std::string tail = last_output_;
  if (process_) {
    if (const auto exit = process_->Poll()) {
      absl::StrAppend(&text, "; it ended with ", exit->ToString());
    }
    tail = process_->OutputTail(kTailBytes);
  }
  if (!tail.empty()) absl::StrAppend(&text, "; its last output:\n", tail);
  const bool ended = status.code() == absl::StatusCode::kFailedPrecondition;
  return absl::Status(ended ? absl::StatusCode::kUnavailable : status.code(),
                      text);
}

absl::StatusOr<UniqueFd> ProcessPeer::Meet(Deadline deadline) {
  if (!listener_) return Dial(socket_path(), deadline);
  return AcceptLive(*listener_, process_ ? process_->PidFd() : -1, deadline);
}

absl::StatusOr<UniqueFd> ProcessPeer::Connect(Deadline deadline) {
  AwaitWishedExit();
  Collect();
  absl::StatusOr<UniqueFd> fd;
  if (process_) {
    if (absl::Status status = AwaitNewSocket(); !status.ok()) {
      CollectWithin(manifest_.limits.stop);
      if (process_) return Explain(status);
    }
  }
  if (process_) {
    fd = Meet(deadline);
    // Nobody there is what a peer looks like that has just begun to die.
    const bool nobody = !fd.ok() && !absl::IsDeadlineExceeded(fd.status());
    if (nobody) CollectWithin(manifest_.limits.stop);
    if (process_ && !fd.ok()) return Explain(fd.status());
  }
  if (!process_) {
    if (absl::Status status = Start(); !status.ok()) return status;
    fd = Meet(Deadline::After(manifest_.limits.deadline));
    if (!fd.ok()) return Explain(fd.status());
  }
  was_connected_ = true;
  HoldSocketFile();
  return fd;
}

std::string ProcessPeer::HeldSocketPath() const { return socket_path() + "-"; }

void ProcessPeer::HoldSocketFile() {
  if (life_ != Life::kRelistens) return;
  ::unlink(HeldSocketPath().c_str());
  // Without it the next connection may be one to a socket that is given up.
  static_cast<void>(::link(socket_path().c_str(), HeldSocketPath().c_str()));
}

absl::Status ProcessPeer::AwaitNewSocket() {
  struct stat held = {};
  if (life_ != Life::kRelistens || !was_connected_ ||
      ::lstat(HeldSocketPath().c_str(), &held) != 0) {
    return absl::OkStatus();
  }
  absl::StatusOr<ReadyWatch> ready = ReadyWatch::Begin(socket_path());
  if (!ready.ok()) return ready.status();
  return ready->Await(process_->pid(), process_->PidFd(),
                      Deadline::After(manifest_.limits.start), held.st_ino);
}

absl::StatusOr<UniqueFd> ProcessPeer::ConnectBeside(Deadline deadline) {
  return Meet(deadline);
}

void ProcessPeer::AwaitWishedExit() {
  if (!process_ || !was_connected_) return;
  if (life_ == Life::kLearned) {
    if (!CollectWithin(kLearnBudget)) life_ = Life::kStays;
    return;
  }
  if (life_ != Life::kExits || CollectWithin(manifest_.limits.stop)) return;
  if (manifest_.after_disconnect == Life::kLearned) {
    // It promised nothing: the exit seen before had another cause.
    life_ = Life::kStays;
    return;
  }
  PeerHealth health;
  health.state = PeerHealth::State::kAlive;
  health.verdict = PeerHealth::Verdict::kDidNotExit;
  health.detail =
      absl::StrCat("the peer should exit after a disconnect, and still ran ",
                   manifest_.limits.stop.count(), " ms later");
  Record(std::move(health));
  Kill();
}

bool ProcessPeer::CollectWithin(std::chrono::milliseconds budget) {
  if (!process_) return true;
  // Whether it ended in time is what Collect finds out.
  static_cast<void>(process_->Wait(Deadline::After(budget)).ok());
  return Collect();
}

bool ProcessPeer::Collect() {
  if (!process_) return false;
  const std::optional<ExitStatus> exit = process_->Poll();
  if (!exit) return false;
  const bool may_exit =
      life_ == Life::kExits || manifest_.after_disconnect == Life::kLearned;
  const Limits& limits = manifest_.limits;
  Record(JudgeEnding(
      {.exit = *exit,
       .may_exit = may_exit && was_connected_,
       .memory_watch_fired = process_->MemoryWatchFired(),
       .memory_is_limited = true,
       .memory_mib = limits.memory_mib,
       .cpu_ms = static_cast<std::uint64_t>(process_->CpuTime().count()),
       .cpu_limit_ms = static_cast<std::uint64_t>(limits.cpu.count()) * 1000,
       .output = process_->OutputFrom(judged_bytes_)}));
  Retire();
  return true;
}

void ProcessPeer::JudgeNewOutput() {
  std::size_t position = judged_bytes_;
  PeerHealth health = JudgeOutput(process_->OutputFrom(position));
  // Most reports end with the process: the two are one event then.
  if (!health.ok() && CollectWithin(manifest_.limits.stop)) return;
  judged_bytes_ = position;
  Record(std::move(health));
}

void ProcessPeer::Retire() {
  last_output_ = process_->OutputTail(kTailBytes);
  process_.reset();
  was_connected_ = false;
}

void ProcessPeer::Record(PeerHealth health) {
  if (!health.ok() && !trouble_) trouble_ = std::move(health);
}

PeerHealth ProcessPeer::Check() {
  if (process_ && !ReadMemoryUse(process_->pid())) {
    // Its memory is gone, and the process soon: sockets close in between.
    CollectWithin(manifest_.limits.stop);
  }
  Collect();
  if (process_) JudgeNewOutput();
  PeerHealth health =
      std::exchange(trouble_, std::nullopt).value_or(PeerHealth());
  if (health.ok()) {
    health.state =
        process_ ? PeerHealth::State::kAlive : PeerHealth::State::kNotRunning;
  }
  health.restart_count = std::max(0, start_count_ - 1);
  return health;
}

PeerHealth ProcessPeer::Settle() {
  AwaitWishedExit();
  return Check();
}

std::optional<ResourceUse> ProcessPeer::Resources(const ResourceUse& known) {
  if (!process_ || process_->Poll()) return std::nullopt;
  return ReadResourceUse(process_->pid(), known);
}

std::optional<std::chrono::nanoseconds> ProcessPeer::CpuTime() {
  if (!process_ || process_->Poll()) return std::nullopt;
  return ReadCpuTime(process_->pid());
}

std::string ProcessPeer::StderrTail() {
  return process_ ? process_->OutputTail(kTailBytes) : last_output_;
}

void ProcessPeer::Kill() {
  if (!process_) return;
  process_->Kill();
  Retire();
}

PeerHealth ProcessPeer::Stop() {
  // What ended by itself before is judged as such.
  Collect();
  if (process_) {
    process_->Terminate(Deadline::After(manifest_.limits.stop));
    Record(JudgeOutput(process_->OutputFrom(judged_bytes_)));
    Retire();
  }
  return Check();
}

absl::Status ProcessPeer::Restart() {
  PeerHealth health = Stop();
  Record(std::move(health));
  return Start();
}

pid_t ProcessPeer::pid() const { return process_ ? process_->pid() : -1; }

}  // namespace vuspec
