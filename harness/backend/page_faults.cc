#include "harness/backend/page_faults.h"

#include <poll.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <utility>

#include "harness/memory/shared_access.h"

namespace vuspec {

UniqueFd PageFaults::Advise() {
  End();
  absl::StatusOr<Userfault> userfault = Userfault::Open();
  absl::StatusOr<Event> ended = Event::Create();
  if (!userfault.ok() || !ended.ok()) return UniqueFd();
  userfault_.emplace(*std::move(userfault));
  ended_.emplace(*std::move(ended));
  over_ = false;
  if (environment_.fault(Fault::kUserfaultLeaked)) {
    environment_.hoard.fds.push_back(userfault_->Copy());
  }
  guard_ = std::thread([this] { Guard(); });
  return environment_.fault(Fault::kUserfaultMissing) ? UniqueFd()
                                                      : userfault_->Copy();
}

bool PageFaults::Watch(std::span<const std::span<std::byte>> memory) {
  {
    const std::lock_guard lock(mutex_);
    watched_.clear();
  }
  for (const std::span<std::byte> region : memory) {
    if (!WatchAlso(region)) return false;
    if (environment_.fault(Fault::kOnlyFirstRegionWatched)) break;
  }
  return true;
}

bool PageFaults::WatchAlso(std::span<std::byte> memory) {
  const FaultSet& fault = environment_.fault;
  if (fault(Fault::kPostcopyMemoryNotWatched)) return true;
  const AddressRange range = {AddressOf(memory.data()), memory.size()};
  if (fault(Fault::kArrivedPagesDropped)) {
    (void)::madvise(memory.data(), memory.size(), MADV_REMOVE);
  }
  const std::lock_guard lock(mutex_);
  if (over_) return true;  // nobody would serve it
  if (!userfault_->Watch(range).ok()) return false;
  watched_.push_back(range);
  return true;
}

void PageFaults::End() {
  listening_ = false;
  if (!userfault_) return;
  ended_->Signal();
  guard_.join();
  if (!environment_.fault(Fault::kUserfaultOutlivesEnd)) Forget();
  userfault_.reset();
  watched_.clear();
}

void PageFaults::Forget() {
  const std::lock_guard lock(mutex_);
  over_ = true;
  for (const AddressRange& range : watched_) userfault_->Forget(range);
}

// Runs beside the session, which may be waiting for a page and then reads
// nothing. Neither descriptor is read here.
void PageFaults::Guard() {
  const bool blind = environment_.fault(Fault::kWaitsForPagesOfTheDead);
  std::array<pollfd, 3> awaited = {{{ended_->fd(), POLLIN, 0},
                                    {environment_.stopped, POLLIN, 0},
                                    {blind ? -1 : connection_, POLLRDHUP, 0}}};
  while (::poll(awaited.data(), awaited.size(), -1) < 0 && errno == EINTR) {
  }
  if (awaited[0].revents == 0) Forget();
}

}  // namespace vuspec
