// The state of one vring: two independent bits, and what was configured.
//
//                SET_VRING_KICK (or in-band VRING_KICK)
//      stopped  ------------------------------------->  started
//               <-------------------------------------
//                           GET_VRING_BASE
//
//      disabled <-- SET_VRING_ENABLE 0 / 1 --> enabled
//               (SET_FEATURES without bit 30 enables all rings;
//                RESET_DEVICE disables all rings)
//
//   started, disabled: processed without side effects
//   started, enabled:  processed
//
// Spec: "Ring states".
#ifndef VUSPEC_PROTOCOL_RING_STATE_H_
#define VUSPEC_PROTOCOL_RING_STATE_H_

#include <cstdint>
#include <optional>

#include "protocol/payloads.h"

namespace vuspec::protocol {

struct RingState {
  bool started = false;
  bool enabled = false;
  // Configuration, kept while the ring is stopped and started again.
  std::optional<std::uint32_t> size;
  std::optional<VringAddr> addresses;
  std::uint32_t base = 0;
  // How the peer is told: by descriptor, or (false) not at all.
  bool has_call = false;
  bool has_err = false;
  bool polled = false;  // SET_VRING_KICK with bit 8: no kicks come

  bool operator==(const RingState&) const = default;
};

}  // namespace vuspec::protocol

#endif  // VUSPEC_PROTOCOL_RING_STATE_H_
