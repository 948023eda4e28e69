// The state of a device, saved and loaded over whichever channel the peer
// chose, and the device before and after it.
//
// Contract: waits for at most one answer budget at a time, and only for a peer
// that does not go on; failures end the case unless a verb returns them.
//
// Spec: "Migrating back-end state", "Suspended device state".
#ifndef VUSPEC_CONFORMANCE_DEVICE_STATE_VERBS_H_
#define VUSPEC_CONFORMANCE_DEVICE_STATE_VERBS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/frontend/reply.h"
#include "harness/session/session.h"
#include "harness/transport/unique_fd.h"
#include "protocol/message.h"

namespace vuspec {

// Stops every ring of a device that was brought up; returns where each stopped,
// in the order of the profile's queues.
std::vector<protocol::VringState> Suspend(Session& session);
// Starts the same rings again.
void Resume(Session& session, std::span<const protocol::VringState> stops);
// Starts rings of this session where those of another one stopped, and prepares
// nothing, as for a driver that does not know.
void ResumeElsewhere(Session& session,
                     std::span<const protocol::VringState> stops);

protocol::DeviceStateTransfer Saving();
protocol::DeviceStateTransfer Loading();

// Begins a transfer; our end of its channel.
UniqueFd BeginSave(Session& session);
UniqueFd BeginLoad(Session& session);

// A save that cannot get on, since its pipe is full of other bytes.
struct HeldSave {
  UniqueFd channel;
  std::size_t other_size = 0;  // in front of the state; 0: it is not held,
                               // because the peer chose a channel of its own
};
HeldSave BeginHeldSave(Session& session);

// Up to the end of file.
std::vector<std::byte> ReadToEnd(const UniqueFd& channel);
// False when nobody reads any more.
bool WriteAll(const UniqueFd& channel, std::span<const std::byte> bytes);

// Whole transfers, with what CHECK_DEVICE_STATE says of a load.
std::vector<std::byte> SaveState(Session& session);
Reply<Done> LoadState(Session& session, std::span<const std::byte> state);

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_DEVICE_STATE_VERBS_H_
