#include "harness/backend/host_notifiers.h"

#include <sys/mman.h>
#include <unistd.h>

#include <span>
#include <utility>

#include "protocol/message.h"

namespace vuspec {

using protocol::BackendRequest;
using protocol::VringArea;

namespace {

// What a driver writes, and what is there while nobody wrote.
using Rung = std::uint16_t;
constexpr Rung kQuiet = 0xffff;

std::uint64_t PageSize() {
  return static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

bool HostNotifiers::MakeFile() {
  if (file_) return true;
  UniqueFd file(::memfd_create("vuspec-notifiers", MFD_CLOEXEC));
  const auto size = static_cast<off_t>(registered_.size() * PageSize());
  if (!file || ::ftruncate(file.get(), size) != 0) return false;
  for (std::size_t i = 0; i < registered_.size(); ++i) {
    const auto at = static_cast<off_t>(i * PageSize());
    if (::pwrite(file.get(), &kQuiet, sizeof kQuiet, at) != sizeof kQuiet) {
      return false;
    }
  }
  file_ = std::move(file);
  return true;
}

VringArea HostNotifiers::AreaOf(std::uint32_t index) const {
  VringArea area{
      .index = index, .size = PageSize(), .offset = index * PageSize()};
  if (fault_(Fault::kHostNotifierSizeWrong)) area.size = sizeof(Rung);
  if (fault_(Fault::kHostNotifiersShareAPage)) area.offset = 0;
  return area;
}

void HostNotifiers::Follow(std::uint32_t index, bool started,
                           RequestChannel& channel) {
  if (registered_[index] == started || !channel.open()) return;
  registered_[index] = started;
  constexpr auto kRequest = BackendRequest::BACKEND_VRING_HOST_NOTIFIER_MSG;
  if (!started) {
    // The last ring that stops suspends the device, which says no more.
    (void)channel.Send(
        MakeRequest(kRequest, VringArea{.index = index | protocol::kNoFdBit}));
    return;
  }
  if (!MakeFile()) return;
  const int fd = file_.get();
  registered_[index] =
      channel.Send(MakeRequest(kRequest, AreaOf(index)), std::span(&fd, 1));
}

bool HostNotifiers::TakeRung(std::uint32_t index) {
  if (!file_ || fault_(Fault::kHostNotifierUnheard)) return false;
  const auto at = static_cast<off_t>(index * PageSize());
  Rung rung = kQuiet;
  if (::pread(file_.get(), &rung, sizeof rung, at) != sizeof rung ||
      rung != index) {
    return false;
  }
  return ::pwrite(file_.get(), &kQuiet, sizeof kQuiet, at) == sizeof kQuiet;
}

}  // namespace vuspec
