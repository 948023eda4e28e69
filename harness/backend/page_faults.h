// The mock's half of a postcopy migration: memory whose pages may not have
// arrived, and the userfaultfd on which the front-end hears that we wait.
//
// Contract: used by the thread of the session, which a missing page blocks for
// as long as the front-end leaves it missing: here alone a front-end makes the
// mock wait. A second thread watches for the end of the connection and of the
// server meanwhile, since the first cannot, and lets it go on with pages of
// zeroes. The memory that is watched outlives this object.
//
// Spec: "Front-end message types" (POSTCOPY_ADVISE, POSTCOPY_LISTEN,
// POSTCOPY_END).
#ifndef VUSPEC_HARNESS_BACKEND_PAGE_FAULTS_H_
#define VUSPEC_HARNESS_BACKEND_PAGE_FAULTS_H_

#include <cstddef>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "harness/backend/environment.h"
#include "harness/memory/userfault.h"
#include "harness/transport/event_fd.h"
#include "harness/transport/unique_fd.h"

namespace vuspec {

class PageFaults {
 public:
  // Environment and connection outlive this object.
  PageFaults(const Environment& environment, int connection)
      : environment_(environment), connection_(connection) {}
  PageFaults(PageFaults&&) = delete;
  ~PageFaults() { End(); }

  // Opens a userfaultfd and returns the copy for the front-end; invalid where
  // there is none to be had. One that was opened before is ended.
  UniqueFd Advise();
  bool advised() const { return userfault_.has_value(); }
  // Tables are answered with places from now on.
  void Listen() { listening_ = true; }
  bool listening() const { return listening_; }

  // All the memory that is shared, and what is added to it: missing pages are
  // reported. False where they cannot be.
  bool Watch(std::span<const std::span<std::byte>> memory);
  bool WatchAlso(std::span<std::byte> memory);

  // Missing pages are empty ones again, and nobody is asked for them.
  void End();

 private:
  void Guard();
  void Forget();

  const Environment& environment_;
  const int connection_;
  bool listening_ = false;
  std::optional<Userfault> userfault_;

  std::mutex mutex_;
  std::vector<AddressRange> watched_;  // under mutex_
  bool over_ = false;                  // under mutex_: nothing is watched now

  std::optional<Event> ended_;
  std::thread guard_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_PAGE_FAULTS_H_
