// One ring of the mock back-end: its descriptors and its device side.
//
// What the front-end said about the ring (size, addresses, started, enabled)
// is in the session model; here is what the world holds of it.
//
// Contract: one thread; never blocks. Run processes a bounded number of
// requests. A ring whose content no driver may write signals its err
// descriptor and is broken: not processed until it is stopped and started.
//
// Spec: "Ring states", "Starting and stopping rings".
#ifndef VUSPEC_HARNESS_BACKEND_VRING_H_
#define VUSPEC_HARNESS_BACKEND_VRING_H_

#include <cstdint>
#include <optional>
#include <utility>

#include "harness/backend/backend_memory.h"
#include "harness/backend/device.h"
#include "harness/backend/dirty_log.h"
#include "harness/backend/fault.h"
#include "harness/backend/in_flight.h"
#include "harness/ring/split_chain.h"
#include "harness/ring/split_device.h"
#include "harness/transport/unique_fd.h"
#include "protocol/ring_state.h"

namespace vuspec {

class Vring {
 public:
  enum class Mode {
    kIdle,     // nothing is touched
    kDiscard,  // requests are taken and thrown away
    kProcess,
  };

  enum class Progress {
    kNone,
    kSome,
    kMore,  // stopped at the bound: there may be more
  };

  // Everything outlives the ring.
  Vring(std::uint32_t index, const FaultSet& fault, const BackendMemory& memory,
        MockDevice& device, DirtyLog& log, Hoard& hoard);

  // Binds the ring to memory, and goes on with what `region` says was in
  // flight. REQUIRES: config has size and addresses.
  std::optional<protocol::Violation> Start(const protocol::RingState& config,
                                           std::uint64_t features,
                                           InFlightView region);
  // By the next Rebind: its memory may not be touched yet.
  void StartLater(const protocol::RingState& config, std::uint64_t features,
                  InFlightView region) {
    waiting_.emplace(Waiting{config, features, region});
  }
  // Lets go of memory; returns the next available index, nullopt if the ring
  // was not started.
  std::optional<std::uint16_t> Stop();
  // The memory table changed: resolves the addresses again. A ring that finds
  // no memory is idle until the next change.
  void Rebind();
  // The translations changed: the addresses are resolved when the ring is used
  // next.
  void Unbind() { bound_ = false; }

  // Leaves in flight what is available: fetches and records it, so that
  // whoever starts the ring next completes it. REQUIRES: Stop follows.
  void Suspend();
  // The region is gone; until the next Start nothing is recorded.
  void ForgetInFlight() { in_flight_.Detach(); }

  // Replaces a descriptor, none for an empty one; the old one is closed.
  void SetKick(UniqueFd fd) { kick_ = std::move(fd); }
  void SetCall(UniqueFd fd);
  void SetErr(UniqueFd fd);
  int kick_fd() const { return kick_.get(); }
  UniqueFd TakeKick() { return std::move(kick_); }

  // From the next start on.
  void SetOrder(RingOrder order) { order_ = order; }

  // The log flag and address of a SET_VRING_ADDR on a running ring.
  void SetUsedLog(const protocol::VringAddr& addr) { used_log_ = addr; }

  // Gives the descriptors to the hoard (a defect).
  void LeakFds();

  Progress Run(Mode mode);

  // Notifies the driver.
  void SignalCall();

  // The driver wrote what it may not, in the last Run or earlier.
  bool broken() const { return broken_; }
  bool bound() const { return bound_; }
  // What the driver is owed and has no descriptor for, once.
  bool TakeCallDue() { return std::exchange(call_due_, false); }
  bool TakeErrDue() { return std::exchange(err_due_, false); }
  // REQUIRES: bound().
  std::uint16_t next_avail() const { return device_->next_avail(); }
  // The available index in memory. REQUIRES: bound().
  std::uint16_t avail_index() const { return device_->view().avail_index(); }

 private:
  // Takes one request; false when there is none, the ring broke or a
  // translation is missing.
  bool Step(Mode mode);
  // Into chain_: what was in flight before us first.
  protocol::Result<bool> Take();
  bool WaitsForTranslation() const;
  // Sets the next available index behind what was in flight before us.
  void SkipFetched();
  void Complete(std::uint32_t written);
  void LogWrites(std::uint32_t written);
  void LogUsedRing(std::uint64_t offset, std::uint64_t length);
  void Break();

  const std::uint32_t index_;
  const FaultSet& fault_;
  const BackendMemory& memory_;
  MockDevice& mock_;
  DirtyLog& log_;
  Hoard& hoard_;

  UniqueFd kick_;
  UniqueFd call_;
  UniqueFd err_;
  // While started, behind an IOMMU only once it was translated; until then
  // what it is started from.
  std::optional<SplitDevice> device_;
  struct Waiting {
    protocol::RingState config;
    std::uint64_t features;
    InFlightView region;
  };
  std::optional<Waiting> waiting_;
  bool bound_ = false;  // device_ has memory
  bool broken_ = false;
  bool stalled_ = false;  // in this Run, by a missing translation
  bool call_due_ = false;
  bool err_due_ = false;
  bool event_idx_ = false;
  RingOrder order_ = RingOrder::kHost;
  protocol::VringAddr used_log_;
  InFlight in_flight_;
  Chain chain_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_VRING_H_
