#include "harness/backend/state_transfer.h"

#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <span>
#include <utility>

#include "harness/backend/misbehaviour.h"
#include "harness/backend/state_image.h"
#include "harness/transport/poll.h"
#include "harness/transport/write_quietly.h"

namespace vuspec {

void StateTransfer::Save(UniqueFd channel) {
  Begin(std::move(channel), EventLoop::Trigger::kWritable);
  saving_ = true;
  image_ =
      SealState(environment_.device.name(), environment_.device.SaveState());
  Pump();
}

void StateTransfer::Load(UniqueFd channel) {
  Begin(std::move(channel), EventLoop::Trigger::kLevel);
  saving_ = false;
  Pump();
}

void StateTransfer::Begin(UniqueFd channel, EventLoop::Trigger trigger) {
  Close();
  channel_ = std::move(channel);
  image_.clear();
  written_ = 0;
  progress_ = Progress::kRunning;
  if (environment_.fault(Fault::kStateChannelLeaked)) {
    environment_.hoard.KeepCopies(std::span(&channel_, 1));
  }
  // A regular file cannot be waited for, and need not be: it is always ready.
  (void)environment_.loop.Watch(channel_.get(), kToken, trigger);
}

void StateTransfer::Abandon() {
  if (running()) End(false);
}

void StateTransfer::End(bool succeeded) {
  progress_ = succeeded ? Progress::kSucceeded : Progress::kFailed;
  Close();
}

void StateTransfer::Close() {
  environment_.loop.Forget(channel_.get());
  channel_.reset();
}

void StateTransfer::Pump() {
  if (!running()) return;
  saving_ ? PumpOut() : PumpIn();
}

// The descriptor may be shared with the front-end, so its flags are left
// alone: it is asked before every write, of which each fits.
bool StateTransfer::HasRoom() const {
  constexpr std::chrono::hours kForEver{1};
  const Deadline deadline = environment_.fault(Fault::kSaveBlocksBackend)
                                ? Deadline::After(kForEver)
                                : Deadline::Now();
  return !absl::IsDeadlineExceeded(WaitWritable(channel_.get(), deadline));
}

void StateTransfer::PumpOut() {
  while (written_ < image_.size()) {
    if (!HasRoom()) return;
    const auto rest = std::as_bytes(std::span(image_)).subspan(written_);
    const ssize_t size =
        WriteQuietly(channel_.get(),
                     rest.first(std::min<std::size_t>(rest.size(), PIPE_BUF)));
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) {
      SufferLostReader(environment_.fault);
      return End(environment_.fault(Fault::kSaveFailureNotReported));
    }
    written_ += static_cast<std::size_t>(size);
  }
  End(true);
}

void StateTransfer::PumpIn() {
  std::array<std::uint8_t, 65536> bytes;
  for (;;) {
    if (absl::IsDeadlineExceeded(
            WaitReadable(channel_.get(), Deadline::Now()))) {
      return;
    }
    const ssize_t size = ::read(channel_.get(), bytes.data(), bytes.size());
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (size < 0) return End(false);
    if (size == 0) return End(Restore());
    const auto more = std::span(bytes).first(static_cast<std::size_t>(size));
    if (image_.size() + more.size() > kSizeMax) return End(false);
    image_.insert(image_.end(), more.begin(), more.end());
    if (environment_.fault(Fault::kLoadStopsAtFirstRead)) {
      return End(Restore());
    }
  }
}

bool StateTransfer::Restore() {
  if (environment_.fault(Fault::kLoadedStateDropped)) return true;
  MockDevice& device = environment_.device;
  const auto state = OpenState(device.name(), image_);
  return (state && device.LoadState(*state)) ||
         environment_.fault(Fault::kBrokenStateAccepted);
}

}  // namespace vuspec
