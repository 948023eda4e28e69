#include "harness/backend/crypto_sessions.h"

#include <algorithm>
#include <array>
#include <span>

#include "harness/backend/le_bytes.h"

namespace vuspec {
namespace {

constexpr std::uint32_t kOperationSize = 8;
constexpr std::uint32_t kIdSize = 8;

// VIRTIO_CRYPTO_..._CREATE_SESSION of ciphers, hashes, MACs, AEADs and
// asymmetric ciphers.
constexpr std::array<std::uint64_t, 5> kOperations = {0x002, 0x102, 0x202,
                                                      0x302, 0x402};

bool IsKnown(const protocol::Opaque& description) {
  if (description.size < kOperationSize + kIdSize) return false;
  const auto operation =
      GetLe<std::uint64_t>(std::as_bytes(description.travelling()), 0);
  return std::ranges::find(kOperations, operation) != kOperations.end();
}

}  // namespace

std::int64_t CryptoSessions::Open(const protocol::Opaque& description) {
  if (!IsKnown(description) && !fault_(Fault::kCryptoKindNotChecked)) return -1;
  if (open_.size() == kCountMax) return -1;
  const std::int64_t id = fault_(Fault::kCryptoIdsRepeat) ? 0 : next_id_++;
  open_.insert(static_cast<std::uint64_t>(id));
  return fault_(Fault::kCryptoIdNegative) ? -1 - id : id;
}

protocol::Opaque CryptoSessions::Create(const protocol::Opaque& description) {
  protocol::Opaque reply = description;
  reply.size = std::max(reply.size, kIdSize);
  PutLe(std::span(reply.bytes), reply.size - kIdSize,
        static_cast<std::uint64_t>(Open(description)));
  return reply;
}

bool CryptoSessions::Close(std::uint64_t id) {
  if (fault_(Fault::kCryptoSessionStaysOpen)) return open_.contains(id);
  return open_.erase(id) != 0 || fault_(Fault::kCryptoUnknownClosed);
}

}  // namespace vuspec
