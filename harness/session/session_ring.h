// One vring of a session: the driver's side, its eventfds and its messages.
//
// Contract: borrowed Frontend and GuestMemory outlive it. Operations that send
// messages return what the front-end returned; waits take the answer budget
// of the session.
//
// Spec: "Starting and stopping rings", "Split Virtqueues".
#ifndef VUSPEC_HARNESS_SESSION_SESSION_RING_H_
#define VUSPEC_HARNESS_SESSION_SESSION_RING_H_

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "harness/frontend/frontend.h"
#include "harness/memory/guest_memory.h"
#include "harness/ring/split_driver.h"
#include "harness/transport/event_fd.h"

namespace vuspec {

struct RingOptions {
  std::uint32_t size = 128;
  std::uint16_t base = 0;
  bool event_idx = false;
  bool indirect = false;
  bool with_call = true;  // false: bit 8, completions are polled for
  bool with_kick = true;  // false: bit 8, the device polls
  bool enable = true;     // SET_VRING_ENABLE 1 after the kick
  // Regions of the descriptor table, the available and the used ring; default:
  // the first with room.
  std::optional<std::array<std::size_t, 3>> region_indices = std::nullopt;
  std::uint64_t log_address = 0;
  bool log = false;  // the log flag of SET_VRING_ADDR
  // SET_VRING_ENDIAN, and a ring in this order.
  std::optional<std::endian> order = std::nullopt;
};

class SessionRing {
 public:
  static absl::StatusOr<std::unique_ptr<SessionRing>> Create(
      Frontend& frontend, GuestMemory& memory, std::uint32_t index,
      const RingOptions& options, std::chrono::milliseconds budget);

  std::uint32_t index() const { return index_; }
  const RingOptions& options() const { return options_; }
  SplitDriver& driver() { return driver_; }
  const Event& kick() const { return kick_; }
  const Event& call() const { return call_; }
  const Event& err() const { return err_; }
  std::uint16_t avail_index() const { return driver_.avail_index(); }

  // The message that sets the addresses of this ring.
  protocol::VringAddr Addresses() const;

  // NUM, BASE, ADDR, ERR and CALL: all but the start.
  Reply<Done> Configure() { return Configure(driver_.avail_index()); }
  Reply<Done> Configure(std::uint32_t base);
  // SET_VRING_KICK.
  Reply<Done> Start();
  Reply<Done> Enable(bool on);
  // Configure, Start and, if the options say so, Enable.
  Reply<Done> Bring();
  // GET_VRING_BASE; the ring can be started again.
  Reply<protocol::VringState> Stop();
  // Configure and Start from what Stop answered. Everything is sent again, as
  // front-ends in use do: what a back-end keeps over a stop is a matter of its
  // own (see RingLifecycle and docs/ambiguities.md).
  Reply<Done> Restart(const protocol::VringState& base);

  // Makes a chain available and kicks, if the device wants it.
  Reply<Done> Post(std::span<const Segment> segments,
                   const ChainOptions& options = {});
  // The same without a kick.
  Reply<Done> PostQuietly(std::span<const Segment> segments,
                          const ChainOptions& options = {});
  void Kick() const { kick_.Signal(); }

  // The next completion: waits for the call descriptor and then looks, so a
  // completion without a notification is a violation (VS_34 or VS_37), as is
  // a used ring that makes no sense. kUnavailable when the peer closes.
  Reply<Completion> Await();

  // What is completed already.
  Reply<std::optional<Completion>> Poll() {
    auto popped = driver_.PopUsed();
    if (!popped.ok()) return popped.violation();
    return *popped;
  }

 private:
  SessionRing(Frontend& frontend, std::uint32_t index,
              const RingOptions& options, std::chrono::milliseconds budget,
              SplitDriver driver, Event kick, Event call, Event err)
      : frontend_(frontend),
        index_(index),
        options_(options),
        budget_(budget),
        driver_(std::move(driver)),
        kick_(std::move(kick)),
        call_(std::move(call)),
        err_(std::move(err)) {}

  Frontend& frontend_;
  std::uint32_t index_;
  RingOptions options_;
  std::chrono::milliseconds budget_;
  SplitDriver driver_;
  Event kick_;
  Event call_;
  Event err_;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_SESSION_SESSION_RING_H_
