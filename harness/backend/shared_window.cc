#include "harness/backend/shared_window.h"

#include <sys/mman.h>
#include <unistd.h>

#include <span>
#include <utility>

#include "protocol/message.h"

namespace vuspec {

using protocol::BackendRequest;

protocol::ShmemConfig SharedWindow::Config() {
  constexpr std::uint8_t kUnusedRegion = 7;
  protocol::ShmemConfig config{.region_count = 2};
  config.memory_sizes[kRegion] = kRegionSize;
  config.memory_sizes[kUnusedRegion] = kSize;
  if (fault_(Fault::kShmemCountIsHighestId))
    config.region_count = kUnusedRegion;
  if (fault_(Fault::kShmemSizeOdd)) --config.memory_sizes[kRegion];
  if (fault_(Fault::kShmemConfigVaries)) {
    config.memory_sizes[kRegion] <<= asked_count_++;
  }
  return config;
}

bool SharedWindow::MakeFile() {
  if (file_) return true;
  UniqueFd file(::memfd_create("vuspec-window", MFD_CLOEXEC));
  const bool made =
      file && ::ftruncate(file.get(), off_t{kFileOffset + kSize}) == 0 &&
      ::pwrite(file.get(), kContent.data(), kContent.size(),
               off_t{kFileOffset}) == static_cast<ssize_t>(kContent.size());
  if (made) file_ = std::move(file);
  return made;
}

protocol::ShmemMap SharedWindow::Description() const {
  protocol::ShmemMap map{.shmid = kRegion,
                         .fd_offset = kFileOffset,
                         .shm_offset = kOffset,
                         .length = kSize};
  if (fault_(Fault::kShmemMapPastRegion)) map.shm_offset = kRegionSize;
  if (fault_(Fault::kShmemMapUnknownRegion)) map.shmid = kRegion + 1;
  return map;
}

void SharedWindow::Show(bool wanted, RequestChannel& channel) {
  if (wanted && state_ == State::kClosed) {
    if (!MakeFile()) return;
    const int fd = file_.get();
    const bool asked = channel.Send(
        MakeRequest(BackendRequest::BACKEND_SHMEM_MAP, Description()),
        std::span(&fd, 1));
    if (asked) state_ = State::kOpening;
    return;
  }
  if (wanted || state_ != State::kOpen) return;
  protocol::ShmemMap whole = Description();
  whole.fd_offset = 0;
  if (fault_(Fault::kShmemUnmapsHalf)) whole.length /= 2;
  if (channel.Send(MakeRequest(BackendRequest::BACKEND_SHMEM_UNMAP, whole))) {
    state_ = State::kClosing;
  }
}

void SharedWindow::OnAnswer(const RequestChannel::Answer& answer) {
  const bool done =
      answer.value == 0 || fault_(Fault::kShmemRefusalTakenForMapping);
  if (answer.request.spec == &Spec(BackendRequest::BACKEND_SHMEM_MAP) &&
      state_ == State::kOpening) {
    state_ = done ? State::kOpen : State::kRefused;
  } else if (answer.request.spec ==
                 &Spec(BackendRequest::BACKEND_SHMEM_UNMAP) &&
             state_ == State::kClosing) {
    state_ = done ? State::kClosed : State::kOpen;
  }
}

}  // namespace vuspec
