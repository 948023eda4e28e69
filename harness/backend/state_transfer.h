// The state of the device on its way out (save) or in (load), over a channel
// that is like a pipe.
//
// A save writes what the device was when it began and closes the channel; a
// load reads to the end of file and only then gives the device what came. The
// session goes on meanwhile.
//
// Contract: one thread; never blocks, whatever the channel is. Registers it
// with the loop under kToken, and forgets it before it is closed. Pump has to
// be called in every turn.
//
// Spec: "Migrating back-end state".
#ifndef VUSPEC_HARNESS_BACKEND_STATE_TRANSFER_H_
#define VUSPEC_HARNESS_BACKEND_STATE_TRANSFER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/backend/environment.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {

class StateTransfer {
 public:
  static constexpr EventLoop::Token kToken = 900;
  // Longer than any state of our devices.
  static constexpr std::size_t kSizeMax = std::size_t{32} << 20;

  // The environment outlives the transfer.
  explicit StateTransfer(const Environment& environment)
      : environment_(environment) {}
  StateTransfer(StateTransfer&&) = delete;
  ~StateTransfer() { Close(); }

  // Begins; one that runs is given up.
  void Save(UniqueFd channel);
  void Load(UniqueFd channel);
  // One that runs has failed.
  void Abandon();

  // Moves what can be moved now.
  void Pump();

  bool begun() const { return progress_ != Progress::kNone; }
  bool running() const { return progress_ == Progress::kRunning; }
  // The last transfer was completed, and its state taken. False also where
  // there was none.
  bool succeeded() const { return progress_ == Progress::kSucceeded; }

 private:
  enum class Progress { kNone, kRunning, kSucceeded, kFailed };

  void Begin(UniqueFd channel, EventLoop::Trigger trigger);
  void PumpOut();
  void PumpIn();
  bool HasRoom() const;
  bool Restore();
  void End(bool succeeded);
  void Close();

  const Environment& environment_;
  Progress progress_ = Progress::kNone;
  bool saving_ = false;
  UniqueFd channel_;
  std::vector<std::uint8_t> image_;
  std::size_t written_ = 0;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_STATE_TRANSFER_H_
