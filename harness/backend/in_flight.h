// What one ring has in flight, recorded for whoever serves it after us, and
// found again by the same rules.
//
// Contract: one thread; borrows the region until Detach or the next Attach.
// Without a region every call is legal and does nothing. The region is the
// front-end's: what it holds is judged before it is believed, and indices are
// bounded by the region whatever was read.
//
// Spec: "Inflight I/O tracking", the procedures for split virtqueues.
#ifndef VUSPEC_HARNESS_BACKEND_IN_FLIGHT_H_
#define VUSPEC_HARNESS_BACKEND_IN_FLIGHT_H_

#include <cstdint>
#include <deque>
#include <optional>

#include "harness/backend/fault.h"
#include "harness/ring/in_flight_view.h"
#include "protocol/violation.h"

namespace vuspec {

class InFlight {
 public:
  explicit InFlight(const FaultSet& fault) : fault_(fault) {}

  // Initialises a region that nobody used, or goes on where its last user
  // ended. `used_index` is that of the used ring.
  // INFL_24 for content that no back-end leaves behind, and for a ring that is
  // larger than its region; nothing is attached and nothing changed then.
  std::optional<protocol::Violation> Attach(InFlightView region,
                                            std::uint16_t queue_size,
                                            std::uint16_t used_index);
  void Detach();
  bool attached() const { return !region_.empty(); }

  // What was in flight when the region was attached, oldest first, and is not
  // taken yet.
  bool has_resubmissions() const { return !resubmissions_.empty(); }
  std::uint16_t resubmission_count() const {
    return static_cast<std::uint16_t>(resubmissions_.size());
  }
  // REQUIRES: has_resubmissions().
  std::uint16_t next_resubmission() const { return resubmissions_.front(); }
  std::uint16_t TakeResubmission();

  // The head was taken from the available ring.
  void OnFetched(std::uint16_t head);
  // Before and after the used index moves over the head.
  void OnUsing(std::uint16_t head);
  void OnUsed(std::uint16_t head, std::uint16_t used_index);

 private:
  using Refusal = std::optional<protocol::Violation>;

  Refusal CheckHeader(const InFlightView& region,
                      std::uint16_t queue_size) const;
  // Of the heads that the used index moved over last.
  Refusal CheckBatch(const InFlightView& region, std::uint32_t size) const;
  void Initialise(std::uint16_t used_index);
  void ForgetBatch(std::uint32_t size);
  void CollectResubmissions(std::uint16_t queue_size);

  bool Records(std::uint16_t head) const { return head < region_.capacity(); }

  const FaultSet& fault_;
  InFlightView region_;
  std::uint64_t counter_ = 0;  // of the next head that is fetched
  std::deque<std::uint16_t> resubmissions_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_IN_FLIGHT_H_
