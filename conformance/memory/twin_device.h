// The memory and rings of a running device once more: the same layout, other
// files. Where a driver goes on after its memory was replaced under the device.
//
// Contract: borrows the session, whose rings run and are idle; waits at most
// one answer budget; failures end the case.
//
// Example:
//   TwinDevice twin(session);
//   Require(session.ShareMemory(twin.TakeMemory()));
//   twin.CompleteOne();
#ifndef VUSPEC_CONFORMANCE_MEMORY_TWIN_DEVICE_H_
#define VUSPEC_CONFORMANCE_MEMORY_TWIN_DEVICE_H_

#include <utility>
#include <vector>

#include "harness/memory/guest_memory.h"
#include "harness/ring/split_driver.h"
#include "harness/session/session.h"

namespace vuspec {

class TwinDevice {
 public:
  explicit TwinDevice(Session& session);

  // For Session::ShareMemory; the rings stay valid.
  GuestMemory TakeMemory() { return std::move(memory_); }

  // Makes a request available in the new memory, without a kick.
  void Post();
  // Kicks and awaits what was posted.
  void Finish();
  void CompleteOne() {
    Post();
    Finish();
  }

 private:
  Session& session_;
  GuestMemory memory_;
  std::vector<SplitDriver> rings_;  // of the profile's queues, in its order
  SplitDriver* io_ring_ = nullptr;
  IoRequest request_;
};

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_MEMORY_TWIN_DEVICE_H_
