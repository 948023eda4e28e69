// The crypto sessions that a front-end has created.
//
// The document names a "crypto session description" and leaves out what it
// holds. Ours is what front-ends in use send, as far as we must look: a 64-bit
// operation in front, the 64-bit session id at the end. No cipher is computed.
//
// Contract: one thread; ids are never used again.
//
// Spec: VHOST_USER_CREATE_CRYPTO_SESSION and VHOST_USER_CLOSE_CRYPTO_SESSION;
// virtio 1.3, section 5.9.7.2.1 (operations).
#ifndef VUSPEC_HARNESS_BACKEND_CRYPTO_SESSIONS_H_
#define VUSPEC_HARNESS_BACKEND_CRYPTO_SESSIONS_H_

#include <cstddef>
#include <cstdint>
#include <set>

#include "harness/backend/fault.h"
#include "protocol/payloads.h"

namespace vuspec {

class CryptoSessions {
 public:
  // More are refused.
  static constexpr std::size_t kCountMax = 64;

  explicit CryptoSessions(const FaultSet& fault) : fault_(fault) {}

  // The description with the id of the new session, or a negative one where
  // none can be made of it.
  protocol::Opaque Create(const protocol::Opaque& description);

  // False for an id that is not open.
  bool Close(std::uint64_t id);

 private:
  std::int64_t Open(const protocol::Opaque& description);

  const FaultSet& fault_;
  std::set<std::uint64_t> open_;
  std::int64_t next_id_ = 0;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_BACKEND_CRYPTO_SESSIONS_H_
