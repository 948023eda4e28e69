// One story of a Frontend and a scripted peer, and what holds for all of them.
//
//   each operation ends in exactly one of value, violation, nack, refusal and
//   status; a refusal sends nothing; a failure leaves the model as it was;
//   after a violation or a status nothing is sent and nothing succeeds;
//   what is sent is well-formed and allowed (scripted_peer.h);
//   the model's invariants hold; no descriptor is leaked.
#ifndef VUSPEC_FUZZ_FRONTEND_RUN_H_
#define VUSPEC_FUZZ_FRONTEND_RUN_H_

#include <cstdint>
#include <optional>

#include "fuzz/frontend_input.h"
#include "fuzz/opened_sessions.h"
#include "fuzz/property.h"
#include "fuzz/scripted_peer.h"
#include "fuzz/violation_properties.h"
#include "harness/frontend/frontend.h"

namespace vuspec::fuzz {

// What an operation may change of a model, small enough to be compared.
struct Glimpse {
  explicit Glimpse(const protocol::SessionModel& model);
  bool operator==(const Glimpse&) const = default;

  std::optional<std::uint64_t> offered;
  std::optional<std::uint64_t> protocol_offered;
  std::uint32_t queue_count = 0;
  std::uint64_t slot_count = 0;
  std::optional<std::uint64_t> features;
  std::uint64_t protocol_features = 0;
  std::size_t region_count = 0;
  std::uint8_t status = 0;
  protocol::Postcopy postcopy = protocol::Postcopy::kOff;
  bool owned = false;
  bool suspended = false;
  bool channel = false;
  bool log = false;
  bool inflight = false;
};

// Aborts unless the started rings of the model are configured and counted.
void CheckModelInvariants(const protocol::SessionModel& model);

class FrontendRun {
 public:
  // Begins with the session that `sessions` has for the opening, or plays the
  // prologue and keeps what it leaves.
  FrontendRun(const FrontendInput& input, const Records& records,
              OpenedSessions& sessions);

  // The prologue, then every record that is an operation.
  void Play();

  Frontend& frontend() { return frontend_; }
  ScriptedPeer& peer() { return peer_; }

  // Around each operation: Settle what it gave. kMany: it is made of several
  // requests, so that those before the one that failed stay.
  enum class Steps : std::uint8_t { kOne, kMany };
  void Begin();
  template <typename T>
  void Settle(const Reply<T>& reply, Steps steps = Steps::kOne) {
    const int reason_count =
        (reply.ok() ? 1 : 0) + (reply.violation() != nullptr ? 1 : 0) +
        (reply.nack() != nullptr ? 1 : 0) +
        (reply.refusal() != nullptr ? 1 : 0) + (reply.status().ok() ? 0 : 1);
    VU_PROPERTY(reason_count == 1, "an operation has one outcome");
    if (reply.violation() != nullptr) CheckViolation(*reply.violation());
    if (reply.refusal() != nullptr) CheckViolation(reply.refusal()->violation);
    SettleOutcome(reply.ok(), reply.refusal() != nullptr,
                  reply.violation() != nullptr || !reply.status().ok(), steps);
  }

 private:
  void Open();
  void PlayPrologue();
  void Perform(FrontendOperation operation, Input parameters);
  void PerformRing(FrontendOperation operation, Input parameters);
  void PerformDevice(FrontendOperation operation, Input parameters);
  void PerformMigration(FrontendOperation operation, Input parameters);
  void Exchange(Input parameters);
  void AskBackendRequest(Input parameters);
  void SettleOutcome(bool ok, bool refused, bool breaks, Steps steps);

  const FrontendInput& input_;
  const Records& records_;
  OpenedSessions& sessions_;
  const protocol::SessionModel* const opened_;  // null: not played yet
  ScriptedPeer peer_;
  Frontend frontend_;
  bool broken_ = false;
  // Before the operation.
  std::size_t sent_before_ = 0;
  std::optional<Glimpse> before_;
};

// Aborts on the first property that does not hold.
void CheckFrontendInput(Bytes bytes);

}  // namespace vuspec::fuzz

#endif  // VUSPEC_FUZZ_FRONTEND_RUN_H_
