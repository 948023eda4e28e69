#include "harness/memory/sigbus_guard.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

#include "absl/status/status.h"
#include "harness/memory/shared_access.h"
#include "harness/transport/check.h"

namespace vuspec {
namespace {

// Written under `table_mutex`, read by the handler without it. `size` is
// stored last and cleared first, so a slot with a size is complete.
struct Slot {
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::size_t> page_size{0};
  std::atomic<std::size_t> size{0};
  std::atomic<bool> tripped{false};
};

static_assert(std::atomic<std::uintptr_t>::is_always_lock_free &&
                  std::atomic<bool>::is_always_lock_free,
              "the signal handler may not meet a lock");

std::array<Slot, SigbusGuard::kMaxRanges> table;
std::atomic<std::size_t> slots_ever_used{0};
std::mutex table_mutex;
std::size_t search_from = 0;  // guarded by table_mutex: the lowest free slot
struct sigaction previous_action;

void CallPrevious(int signal, siginfo_t* info, void* context) {
  if ((previous_action.sa_flags & SA_SIGINFO) != 0) {
    previous_action.sa_sigaction(signal, info, context);
    return;
  }
  if (previous_action.sa_handler != SIG_DFL &&
      previous_action.sa_handler != SIG_IGN) {
    previous_action.sa_handler(signal);
    return;
  }
  // The faulting instruction runs again and now kills, with the right address
  // in the core file.
  struct sigaction by_default = {};
  by_default.sa_handler = SIG_DFL;
  sigaction(signal, &by_default, nullptr);
}

bool ReplacePage(Slot& slot, std::uintptr_t address) {
  const std::size_t size = slot.size.load(std::memory_order_acquire);
  const std::uintptr_t begin = slot.begin.load(std::memory_order_relaxed);
  if (size == 0 || address < begin || address - begin >= size) return false;
  const std::size_t page_size = slot.page_size.load(std::memory_order_relaxed);
  const std::uintptr_t page = address & ~(page_size - 1);
  // Before the page: a reader that sees the zeroes must see the flag.
  slot.tripped.store(true, std::memory_order_release);
  // The bare system call, because sanitizers wrap mmap() with code that must
  // not run inside of a signal handler.
  const long mapped = syscall(SYS_mmap, page, page_size, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0L);
  return mapped == static_cast<long>(page);
}

void OnSigbus(int signal, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  if (info->si_code == BUS_ADRERR) {
    const std::uintptr_t address = AddressOf(info->si_addr);
    const std::size_t count = slots_ever_used.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < count; ++i) {
      if (ReplacePage(table[i], address)) {
        errno = saved_errno;
        return;
      }
    }
  }
  errno = saved_errno;
  CallPrevious(signal, info, context);
}

void InstallHandler() {
  struct sigaction ours = {};
  ours.sa_sigaction = OnSigbus;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&ours.sa_mask);
  VU_CHECK(sigaction(SIGBUS, nullptr, &previous_action) == 0,
           "the old SIGBUS handler cannot be read");
  VU_CHECK(sigaction(SIGBUS, &ours, nullptr) == 0,
           "the SIGBUS handler cannot be set");
}

}  // namespace

absl::StatusOr<SigbusGuard> SigbusGuard::Register(std::byte* begin,
                                                  std::size_t size,
                                                  std::size_t page_size) {
  VU_CHECK(page_size != 0 && (page_size & (page_size - 1)) == 0,
           "a page size is a power of two");
  VU_CHECK(size != 0 && size % page_size == 0, "whole pages are guarded");
  VU_CHECK(AddressOf(begin) % page_size == 0, "whole pages are guarded");
  static std::once_flag installed;
  std::call_once(installed, InstallHandler);

  const std::lock_guard<std::mutex> lock(table_mutex);
  for (std::size_t i = search_from; i < kMaxRanges; ++i) {
    Slot& slot = table[i];
    if (slot.size.load(std::memory_order_relaxed) != 0) continue;
    slot.begin.store(AddressOf(begin), std::memory_order_relaxed);
    slot.page_size.store(page_size, std::memory_order_relaxed);
    slot.tripped.store(false, std::memory_order_relaxed);
    slot.size.store(size, std::memory_order_release);
    search_from = i + 1;
    if (i >= slots_ever_used.load(std::memory_order_relaxed)) {
      slots_ever_used.store(i + 1, std::memory_order_release);
    }
    return SigbusGuard(i);
  }
  return absl::ResourceExhaustedError(
      "more mappings are guarded against SIGBUS than the table holds");
}

SigbusGuard::~SigbusGuard() {
  if (slot_ == kNoSlot) return;
  const std::lock_guard<std::mutex> lock(table_mutex);
  table[slot_].size.store(0, std::memory_order_release);
  if (slot_ < search_from) search_from = slot_;
}

bool SigbusGuard::tripped() const {
  return slot_ != kNoSlot &&
         table[slot_].tripped.load(std::memory_order_acquire);
}

}  // namespace vuspec
