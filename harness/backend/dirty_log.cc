#include "harness/backend/dirty_log.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "harness/transport/event_fd.h"

namespace vuspec {

absl::Status DirtyLog::Map(const protocol::Log& log, const UniqueFd& fd) {
  const std::uint64_t offset =
      fault_(Fault::kLogOffsetIgnored) ? 0 : log.mmap_offset;
  // Rather more than was announced, where the file has it.
  constexpr std::uint64_t kGenerous = std::uint64_t{64} << 10;
  const std::uint64_t size = fault_(Fault::kLogSizeIgnored)
                                 ? std::max(log.mmap_size, kGenerous)
                                 : log.mmap_size;
  absl::StatusOr<Mapping> mapping = Mapping::Create(fd.get(), offset, size);
  if (!mapping.ok()) return mapping.status();
  mapping_.emplace(*std::move(mapping));
  return absl::OkStatus();
}

void DirtyLog::MarkPage(std::uint64_t page) {
  const std::uint64_t at = page / 8;
  if (at >= mapping_->size()) return;
  std::atomic_ref<std::byte> byte(mapping_->data()[at]);
  const std::byte bit = std::byte{1} << static_cast<unsigned>(page % 8);
  if (fault_(Fault::kLogBytesOverwritten)) byte.store(std::byte{0});
  std::byte old_byte = byte.load(std::memory_order_relaxed);
  // Release: whoever reads the bit and then the page reads what we wrote.
  while (!byte.compare_exchange_weak(old_byte, old_byte | bit,
                                     std::memory_order_release,
                                     std::memory_order_relaxed)) {
  }
  marked_ = true;
}

void DirtyLog::MarkRange(std::uint64_t guest_address, std::uint64_t length) {
  if (!on() || fault_(Fault::kNothingLogged)) return;
  const std::uint64_t first = guest_address / kPageSize;
  const std::uint64_t last = (guest_address + (length - 1)) / kPageSize;
  MarkPage(first);
  if (fault_(Fault::kOnlyFirstPageLogged)) return;
  for (std::uint64_t page = first + 1; page <= last; ++page) MarkPage(page);
}

void DirtyLog::Flush() {
  if (!std::exchange(marked_, false) || !event_) return;
  // What the peer does with its own descriptor is its own affair.
  (void)SignalFd(event_.get());
}

}  // namespace vuspec
