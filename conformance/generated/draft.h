// A legal message of any kind, as bytes and descriptors that can be spoiled.
//
// Contract: owns the descriptors that it made; those of guest memory are
// borrowed. Failures of our world end the case.
#ifndef VUSPEC_CONFORMANCE_GENERATED_DRAFT_H_
#define VUSPEC_CONFORMANCE_GENERATED_DRAFT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "harness/memory/guest_memory.h"
#include "harness/session/session.h"
#include "harness/suite/catalog.h"
#include "harness/transport/unique_fd.h"
#include "protocol/message.h"

namespace vuspec {

struct Draft {
  protocol::Header header;
  std::vector<std::byte> payload;
  std::vector<int> fds;  // to be sent
  std::vector<UniqueFd> owned;

  void Resize(std::size_t size) {
    payload.resize(size);
    header.size = static_cast<std::uint32_t>(size);
  }
};

// What the peer must offer for a message of this kind to be legal, and for its
// answer to be an ack where it has no reply of its own.
Needs NeedsFor(const protocol::MessageSpec& spec);

// What a message of this kind needs besides the plain features.
SessionOptions OptionsFor(const protocol::MessageSpec& spec);

// A message that a session with these options would take, over `memory`; with
// need_reply unless it has a reply of its own.
Draft DraftOf(const protocol::MessageSpec& spec, GuestMemory& memory,
              std::uint64_t virtio, std::uint64_t protocol);

// The message that a draft is. REQUIRES: it was not spoiled.
protocol::Message MessageOf(const Draft& draft, protocol::WireContext context);

// Sends it over the session, and a fence behind it.
Outcome Ask(RawFrontend& raw, const Draft& draft);

// Brings the session to where the message is legal.
void PrepareFor(const protocol::MessageSpec& spec, Session& session);

// The document alone says that a prepared back-end, of the kind that the
// message is for, takes it; what others hold depends on the device.
bool IsTakenByEveryDevice(const protocol::MessageSpec& spec);

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_GENERATED_DRAFT_H_
