// A peer that vuspec starts: one process at a time, in a scratch folder.
//
// Contract: see peer.h. Lives of the process follow one another as the
// manifest says (after_disconnect) or as it takes (what died is started anew
// by the next Connect); each life is judged once, by the Check or Settle after
// it. Destruction ends the process and removes the scratch folder.
//
// Not for: a program that puts itself into the background, or a wrapper that
// does not exec: resources are counted for the process that was started.
#ifndef VUSPEC_HARNESS_PEER_PROCESS_PEER_H_
#define VUSPEC_HARNESS_PEER_PROCESS_PEER_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "harness/peer/peer.h"
#include "harness/peer/process.h"
#include "harness/peer/scratch_dir.h"
#include "harness/transport/unix_socket.h"

namespace vuspec {

class ProcessPeer final : public Peer {
 public:
  // Makes the scratch folder; the process starts with the first Connect.
  // Errors: kNotFound for a program that does not exist, so that this is
  // known before the first case; those of making folder and listener.
  static absl::StatusOr<std::unique_ptr<ProcessPeer>> Make(Manifest manifest);

  ~ProcessPeer() override;

  const Manifest& manifest() const override { return manifest_; }
  absl::StatusOr<UniqueFd> Connect(Deadline deadline) override;
  absl::StatusOr<UniqueFd> ConnectBeside(Deadline deadline) override;
  PeerHealth Check() override;
  PeerHealth Settle() override;
  using Peer::Resources;
  std::optional<ResourceUse> Resources(const ResourceUse& known) override;
  std::optional<std::chrono::nanoseconds> CpuTime() override;
  std::string StderrTail() override;
  void Kill() override;
  PeerHealth Stop() override;
  absl::Status Restart() override;

  // -1 when it does not run.
  pid_t pid() const;
  const std::string& scratch_path() const { return scratch_.path(); }
  std::string socket_path() const { return scratch_.SocketPath(); }

 private:
  ProcessPeer(Manifest manifest, ScratchDir scratch, bool instrumented);

  // A new life, ready for a connection.
  absl::Status Start();
  absl::Status StartProcess();
  ProcessOptions OptionsForProcess() const;
  absl::StatusOr<UniqueFd> Meet(Deadline deadline);
  // Waits for the exit that follows a disconnect, where there is one.
  // A second name of the socket file that was connected to, so that its inode
  // is not given to the one that a peer makes anew.
  std::string HeldSocketPath() const;
  void HoldSocketFile();
  absl::Status AwaitNewSocket();
  void AwaitWishedExit();
  // Judges the life that ended, if it has; true if it had.
  bool Collect();
  bool CollectWithin(std::chrono::milliseconds budget);
  // Judges the output of a life that goes on or was ended by us.
  void JudgeNewOutput();
  void Retire();
  void Record(PeerHealth health);
  // `status` with exit status and last output.
  absl::Status Explain(const absl::Status& status);

  Manifest manifest_;
  ScratchDir scratch_;
  const bool instrumented_;
  std::optional<UnixListener> listener_;  // for a peer that dials
  std::optional<Process> process_;
  Life life_;
  bool was_connected_ = false;  // in this life
  int start_count_ = 0;
  std::string last_output_;            // of the life that ended last
  std::size_t judged_bytes_ = 0;       // of the output of this life
  std::optional<PeerHealth> trouble_;  // first since the last Check
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_PEER_PROCESS_PEER_H_
