// The messages of a standard session, as bytes to be cut: negotiation, memory,
// one ring, up to its start and its being enabled.
//
// Contract: owns the memory and the descriptors that the messages name; they
// must outlive what was sent. Nothing is posted on the ring. Failures of our
// world end the case.
#ifndef VUSPEC_CONFORMANCE_GENERATED_STANDARD_SESSION_H_
#define VUSPEC_CONFORMANCE_GENERATED_STANDARD_SESSION_H_

#include <cstddef>
#include <span>
#include <vector>

#include "harness/memory/guest_memory.h"
#include "harness/ring/split_driver.h"
#include "harness/transport/event_fd.h"
#include "protocol/message.h"

namespace vuspec {

struct ScriptedMessage {
  protocol::Message message;
  std::vector<int> fds = {};
};

// The requests, in order. GET_FEATURES comes first: its answer tells that the
// peer is there.
inline constexpr protocol::Request kStandardSession[] = {
    protocol::Request::GET_FEATURES,
    protocol::Request::SET_OWNER,
    protocol::Request::GET_PROTOCOL_FEATURES,
    protocol::Request::SET_PROTOCOL_FEATURES,
    protocol::Request::SET_FEATURES,
    protocol::Request::SET_MEM_TABLE,
    protocol::Request::SET_VRING_NUM,
    protocol::Request::SET_VRING_BASE,
    protocol::Request::SET_VRING_ADDR,
    protocol::Request::SET_VRING_ERR,
    protocol::Request::SET_VRING_CALL,
    protocol::Request::SET_VRING_KICK,
    protocol::Request::SET_VRING_ENABLE,
};

class StandardSession {
 public:
  explicit StandardSession(std::size_t region_count);

  // REQUIRES: `request` is one of kStandardSession.
  ScriptedMessage Make(protocol::Request request) const;

 private:
  static constexpr std::uint32_t kRingSize = 128;

  protocol::Body BodyOf(protocol::Request request) const;
  std::vector<int> FdsOf(protocol::Request request) const;

  GuestMemory memory_;
  SplitDriver ring_;
  Event kick_;
  Event call_;
  Event err_;
};

}  // namespace vuspec

#endif  // VUSPEC_CONFORMANCE_GENERATED_STANDARD_SESSION_H_
