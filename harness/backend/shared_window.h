// A piece of memory that the device shows to its driver (VIRTIO shared memory
// regions): mapped by the front-end for as long as a ring is in use.
//
// Contract: one thread; never blocks. Asks through the channel only, and takes
// a window for mapped once the front-end said so; a refused one is not asked
// for again before the next reset.
//
// Spec: "Back-end message types" (SHMEM_MAP, SHMEM_UNMAP).
#ifndef VUSPEC_HARNESS_BACKEND_SHARED_WINDOW_H_
#define VUSPEC_HARNESS_BACKEND_SHARED_WINDOW_H_

#include <cstdint>
#include <string_view>

#include "harness/backend/fault.h"
#include "harness/backend/request_channel.h"
#include "harness/transport/unique_fd.h"
#include "protocol/payloads.h"

namespace vuspec {

class SharedWindow {
 public:
  static constexpr std::uint8_t kRegion = 2;
  static constexpr std::uint64_t kRegionSize = 65536;
  // In the region; in its file the window begins one page further on.
  static constexpr std::uint64_t kOffset = 8192;
  static constexpr std::uint64_t kFileOffset = 4096;
  static constexpr std::uint64_t kSize = 4096;
  // What the window begins with.
  static constexpr std::string_view kContent = "vuspec-window";

  explicit SharedWindow(const FaultSet& fault) : fault_(fault) {}

  // The answer to GET_SHMEM_CONFIG: this region and one that is never used.
  protocol::ShmemConfig Config();

  // Opens or closes the window, if that can be asked for now.
  void Show(bool wanted, RequestChannel& channel);
  void OnAnswer(const RequestChannel::Answer& answer);
  // A reset of the device takes every mapping away.
  void Reset() { state_ = State::kClosed; }

 private:
  enum class State : std::uint8_t {
    kClosed,
    kOpening,
    kOpen,
    kClosing,
    kRefused
  };

  protocol::ShmemMap Description() const;
  bool MakeFile();

  const FaultSet& fault_;
  State state_ = State::kClosed;
  UniqueFd file_;
  int asked_count_ = 0;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_SHARED_WINDOW_H_
