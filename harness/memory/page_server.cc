#include "harness/memory/page_server.h"

#include <errno.h>
#include <fcntl.h>

#include <array>
#include <chrono>
#include <utility>

#include "harness/memory/shared_access.h"
#include "harness/transport/check.h"
#include "harness/transport/errno_status.h"
#include "harness/transport/poll.h"

namespace vuspec {
namespace {

Event MakeEvent() {
  absl::StatusOr<Event> event = Event::Create();
  VU_CHECK(event.ok(), "no descriptor is left for an event");
  return *std::move(event);
}

}  // namespace

PageServer::PageServer(Userfault userfault, const GuestMemory& memory)
    : userfault_(std::move(userfault)),
      memory_(memory),
      zeroes_(Userfault::PageSize()),
      quit_(MakeEvent()),
      noticed_(MakeEvent()),
      thread_([this] { Run(); }) {}

PageServer::~PageServer() {
  StopThread();
  if (!userfault_) return;
  LetGo();
  Restore();
  // Who waits for what was not reported any more gets an empty page.
  for (const Range& range : ranges_) {
    userfault_->Forget({range.peer_address, range.guest.size});
  }
}

void PageServer::StopThread() {
  if (!thread_.joinable()) return;
  quit_.Signal();
  thread_.join();
}

void PageServer::Die() {
  StopThread();
  const std::lock_guard lock(mutex_);
  userfault_.reset();
  PutBack();
}

void PageServer::Run() {
  constexpr std::chrono::hours kLong{1};
  std::array<int, 2> fds = {quit_.fd(), userfault_->fd()};
  for (;;) {
    const absl::StatusOr<std::size_t> ready =
        WaitAny(fds, Deadline::After(kLong), "a page fault");
    if (absl::IsDeadlineExceeded(ready.status())) continue;
    if (!ready.ok() || *ready == 0) return;
    if (!TakeFaults()) fds[1] = -1;
  }
}

bool PageServer::TakeFaults() {
  const std::lock_guard lock(mutex_);
  for (;;) {
    const auto address = userfault_->NextFault();
    if (!address.ok()) return false;
    if (!*address) return true;
    const Fault fault = {**address, ToGuest(**address)};
    faults_.push_back(fault);
    noticed_.Signal();
    if (holding_) {
      held_.push_back(fault);
    } else {
      Provide(fault);
    }
  }
}

void PageServer::Provide(const Fault& fault) {
  const auto page = fault.guest_address ? withheld_.find(*fault.guest_address)
                                        : withheld_.end();
  if (page == withheld_.end()) {
    userfault_->Provide(fault.peer_address, zeroes_);
    return;
  }
  if (userfault_->Provide(fault.peer_address, page->second)) {
    withheld_.erase(page);
  }
}

void PageServer::Learn(std::uint64_t guest_address, std::uint64_t size,
                       std::uint64_t peer_address) {
  const std::lock_guard lock(mutex_);
  std::erase_if(ranges_, [&](const Range& range) {
    return range.guest.begin == guest_address;
  });
  ranges_.push_back({{guest_address, size}, peer_address});
}

std::optional<std::uint64_t> PageServer::ToGuest(
    std::uint64_t peer_address) const {
  for (const Range& range : ranges_) {
    const std::uint64_t offset = peer_address - range.peer_address;
    if (offset < range.guest.size) return range.guest.begin + offset;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> PageServer::ToPeer(
    std::uint64_t guest_address) const {
  for (const Range& range : ranges_) {
    const std::uint64_t offset = guest_address - range.guest.begin;
    if (offset < range.guest.size) return range.peer_address + offset;
  }
  return std::nullopt;
}

absl::Status PageServer::Withhold(std::size_t region_index) {
  const GuestRegion& region = memory_.regions()[region_index];
  const std::byte* const bytes = memory_.RegionBytes(region_index).data();
  const std::lock_guard lock(mutex_);
  for (std::uint64_t at = 0; at < region.size; at += zeroes_.size()) {
    Page page(zeroes_.size());
    CopyIn(page, bytes + at);
    withheld_.insert_or_assign(region.guest_address + at, std::move(page));
  }
  if (::fallocate(region.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                  static_cast<off_t>(region.mmap_offset),
                  static_cast<off_t>(region.size)) != 0) {
    return ErrnoStatus("take pages out of a memfd", errno);
  }
  return absl::OkStatus();
}

void PageServer::Restore() {
  const std::lock_guard lock(mutex_);
  PutBack();
}

// As a whole where the back-end may touch the page at this moment.
void PageServer::PutBack() {
  for (const auto& [guest_address, page] : withheld_) {
    const auto peer_address = ToPeer(guest_address);
    if (userfault_ && peer_address &&
        userfault_->Provide(*peer_address, page)) {
      continue;
    }
    CopyOut(memory_.Translate(guest_address, page.size()), page);
  }
  withheld_.clear();
}

void PageServer::Hold() {
  const std::lock_guard lock(mutex_);
  holding_ = true;
}

void PageServer::LetGo() {
  const std::lock_guard lock(mutex_);
  holding_ = false;
  for (const Fault& fault : std::exchange(held_, {})) Provide(fault);
}

absl::Status PageServer::AwaitFaults(std::size_t count,
                                     Deadline deadline) const {
  while (faults().size() < count) {
    const absl::Status noticed = noticed_.Wait(deadline);
    if (!noticed.ok()) return noticed;
    noticed_.TryConsume();
  }
  return absl::OkStatus();
}

std::vector<PageServer::Fault> PageServer::faults() const {
  const std::lock_guard lock(mutex_);
  return faults_;
}

}  // namespace vuspec
