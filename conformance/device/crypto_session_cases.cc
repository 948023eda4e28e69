// Crypto sessions. The document does not say what a description holds
// (AMB-crypto-description): ours is what front-ends in use send, a 64-bit
// operation in front and the 64-bit session id at the end.
#include <array>
#include <cstring>

#include "conformance/kit/case.h"

namespace vuspec {
namespace {

using protocol::MakeRequest;
using protocol::Opaque;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;
using protocol::U64;

constexpr std::uint64_t kCrypto = Mask(ProtocolFeature::CRYPTO_SESSION);
constexpr Needs kNeedsCrypto = {.protocol = kCrypto};
constexpr Needs kNeedsCryptoAndAcks = {
    .protocol = kCrypto | Mask(ProtocolFeature::REPLY_ACK)};

// VIRTIO_CRYPTO_CIPHER_CREATE_SESSION, and a number that is no operation.
constexpr std::uint64_t kCreateCipher = 0x0002;
constexpr std::uint64_t kNoOperation = 0xffff'ffff;

class CryptoSession : public ConformanceCase {
 protected:
  Session& StartCrypto() {
    return StartSession({.protocol = kPlainProtocol | kCrypto});
  }

  static std::int64_t Create(Session& session,
                             std::uint64_t operation = kCreateCipher) {
    std::array<std::uint8_t, 1024> description{};
    std::memcpy(description.data(), &operation, sizeof operation);
    const Opaque reply =
        Require(session.frontend().CreateCryptoSession(description));
    std::int64_t id = 0;
    [&] { ASSERT_GE(reply.size, sizeof id) << "no room for an id"; }();
    std::memcpy(&id, reply.bytes.data() + reply.size - sizeof id, sizeof id);
    return id;
  }

  Outcome ProvokeClose(Session& session, std::int64_t id) {
    return Provoke(session, MakeRequest(Request::CLOSE_CRYPTO_SESSION,
                                        U64{static_cast<std::uint64_t>(id)}));
  }
};

CONFORMANCE_CASE(CryptoSession, HasAnIdThatIsNotNegative,
                 .cites = {Req::CRY_01}, .needs = kNeedsCrypto,
                 .open = {protocol::Ambiguity::kCryptoDescription}) {
  EXPECT_GE(Create(StartCrypto()), 0);
}

CONFORMANCE_CASE(CryptoSession, OfAnUnknownKindHasANegativeId,
                 .cites = {Req::CRY_01}, .needs = kNeedsCrypto) {
  Session& session = StartCrypto();
  MarkNegative();
  EXPECT_LT(Create(session, kNoOperation), 0);
}

CONFORMANCE_CASE(CryptoSession, HasAnIdOfItsOwn, .cites = {Req::CRY_01},
                 .needs = kNeedsCrypto) {
  Session& session = StartCrypto();
  EXPECT_NE(Create(session), Create(session));
}

CONFORMANCE_CASE(CryptoSession, IsClosedOnce,
                 .cites = {Req::CRY_02, Req::CRY_03},
                 .needs = kNeedsCryptoAndAcks) {
  Session& session = StartCrypto();
  const std::int64_t id = Create(session);
  EXPECT_THAT(ProvokeClose(session, id), IsAcked());
  EXPECT_THAT(ProvokeClose(session, id), IsRefused());
}

CONFORMANCE_CASE(CryptoSession, IsUntouchedByTheEndOfAnother,
                 .cites = {Req::CRY_02}, .needs = kNeedsCryptoAndAcks) {
  Session& session = StartCrypto();
  const std::int64_t first = Create(session);
  const std::int64_t second = Create(session);
  EXPECT_THAT(ProvokeClose(session, first), IsAcked());
  EXPECT_THAT(ProvokeClose(session, second), IsAcked());
}

CONFORMANCE_CASE(CryptoSession, ThatIsUnknownIsNotClosed,
                 .cites = {Req::CRY_03}, .needs = kNeedsCryptoAndAcks) {
  for (const std::int64_t id : {std::int64_t{999}, std::int64_t{-1}}) {
    EXPECT_THAT(ProvokeClose(StartCrypto(), id), IsRefused());
    Disconnect();
  }
}

}  // namespace
}  // namespace vuspec
