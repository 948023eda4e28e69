// Where a defective mock judges a request otherwise than the specification.
//
// Contract: pure; with an empty set nothing is changed and every answer is no.
#ifndef VUSPEC_HARNESS_BACKEND_DEFECTS_H_
#define VUSPEC_HARNESS_BACKEND_DEFECTS_H_

#include "harness/backend/backend_memory.h"
#include "harness/backend/fault.h"
#include "harness/transport/connection.h"
#include "protocol/message.h"
#include "protocol/session_model.h"
#include "protocol/violation.h"

namespace vuspec {

// Mends a malformed message before it is validated, as a careless reader does
// without noticing.
void OverlookDefects(const FaultSet& fault, ReceivedMessage& message,
                     const protocol::WireContext& context, Hoard& hoard);

// The message that the mock takes `request` for.
protocol::Message Misread(const FaultSet& fault,
                          const protocol::SessionModel& model,
                          protocol::Message request);

// Refuses what is legal.
bool WronglyRefuses(const FaultSet& fault, const protocol::SessionModel& model,
                    const protocol::Message& request);

// Takes for good what breaks a rule.
bool WronglyAccepts(const FaultSet& fault, const protocol::Message& request,
                    const protocol::Violation& violation);

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_DEFECTS_H_
