// Defects that are more than a decision: what they do, out of the way of the
// code that is right.
//
// Contract: without the fault in question, each function does what is right.
#ifndef VUSPEC_HARNESS_BACKEND_MISBEHAVIOUR_H_
#define VUSPEC_HARNESS_BACKEND_MISBEHAVIOUR_H_

#include <cstdint>

#include "harness/backend/backend_memory.h"
#include "harness/backend/fault.h"
#include "harness/ring/split_chain.h"
#include "harness/ring/split_device.h"
#include "harness/transport/connection.h"
#include "protocol/message.h"
#include "protocol/session_model.h"

namespace vuspec {

// Puts a used element into the ring.
void PushUsed(const FaultSet& fault, SplitDevice& device, std::uint16_t head,
              std::uint32_t written);

// A legal state of the ring that the mock cannot cope with.
bool IsOverwhelmed(const FaultSet& fault, const SplitDevice& device);

// Writes one byte behind the last writable buffer, where that is memory.
void SpillOver(const Chain& chain, const BackendMemory& memory);

// Whether a chain is more than a defective device expects.
bool IsTooMuch(const FaultSet& fault, const Chain& chain);

// What a defective device writes where only the driver may.
void Trespass(const FaultSet& fault, const SplitDevice& device,
              const Chain& chain);

// The driver wrote what it may not; only for a mock in its own process.
void SufferBadRing(const FaultSet& fault);
// LOG_ALL is negotiated, and there is no log.
void SufferMissingLog(const FaultSet& fault);

// A request that is well-formed, one that no row describes, one that was
// refused: what a fragile mock dies of. Only for a mock in its own process.
void SufferRequest(const FaultSet& fault, const protocol::Message& request);
// REQUIRES: nobody looked at the message yet.
void SufferMessage(const FaultSet& fault, const ReceivedMessage& message,
                   const protocol::SessionModel& model);
void SufferOversize(const FaultSet& fault);
void SufferUnknownRequest(const FaultSet& fault);
void SufferRefusal(const FaultSet& fault);
// An answer on the back-end channel that answers nothing.
void SufferBadAnswer(const FaultSet& fault);
// A request that breaks this rule.
void SufferBreach(const FaultSet& fault, const protocol::Violation& breach);
void SufferDisconnect(const FaultSet& fault);
// The reader of a device state went away; CHECK_DEVICE_STATE without a
// transfer.
void SufferLostReader(const FaultSet& fault);
void SufferStrayCheck(const FaultSet& fault);

// Writes a byte of guest memory that no request gave away.
void Scribble(const BackendMemory& memory, const protocol::SessionModel& model);

// Never come back. Only for a mock in its own process.
[[noreturn]] void HangForEver();
[[noreturn]] void SpinForEver();
[[noreturn]] void AllocateForEver();

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_MISBEHAVIOUR_H_
