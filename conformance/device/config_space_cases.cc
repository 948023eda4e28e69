// The configuration space read by GET_CONFIG: any part of it, and nothing
// beyond it.
#include <algorithm>

#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"

namespace vuspec {
namespace {

using protocol::Ambiguity;
using protocol::Config;
using protocol::MakeRequest;
using protocol::ProtocolFeature;
using protocol::Req;
using protocol::Request;

constexpr std::uint64_t kConfig = Mask(ProtocolFeature::CONFIG);

// GET_CONFIG fails by a reply without a byte of configuration (CFG-03).
MATCHER(IsFailedRead, negation ? "is read" : "fails to be read") {
  *result_listener << arg;
  if (arg.refused() || arg.closed) return true;
  if (!arg.reply.has_value()) return false;
  return arg.reply->payload.size() <= 12;
}

class ConfigSpace : public ConformanceCase {
 protected:
  static std::vector<std::uint8_t> Read(Session& session, std::uint32_t offset,
                                        std::uint32_t size,
                                        std::uint32_t flags = 0) {
    const Config config =
        Require(session.frontend().GetConfig(offset, size, flags));
    EXPECT_EQ(config.offset, offset);
    EXPECT_EQ(config.size, size);
    return {config.bytes.begin(), config.bytes.begin() + size};
  }

  // The bytes that every device of this kind has.
  static std::uint32_t Size(Session& session) {
    return session.driver()->profile().config_size;
  }

  Outcome ProvokeRead(Session& session, std::uint32_t offset,
                      std::uint32_t size, std::uint32_t flags = 0) {
    Config config;
    config.offset = offset;
    config.size = size;
    config.flags = flags;
    return Raw(session).Exchange(MakeRequest(Request::GET_CONFIG, config), {},
                                 CurrentRun().ForAnswer());
  }
};

CONFORMANCE_CASE(ConfigSpace, ReadsAnswerOffsetAndSize, .cites = {Req::CFG_01},
                 .needs = {.protocol = kConfig, .io = true}) {
  Session& session = StartSession();
  for (const std::uint32_t size : {1u, 2u, 4u, Size(session)}) {
    EXPECT_EQ(Read(session, 0, size), Read(session, 0, size));
  }
}

CONFORMANCE_CASE(ConfigSpace, PartialReadsAreSlicesOfTheWhole,
                 .cites = {Req::CFG_04},
                 .needs = {.protocol = kConfig, .io = true}) {
  Session& session = StartSession();
  const std::uint32_t all = Size(session);
  const std::vector<std::uint8_t> whole = Read(session, 0, all);
  for (std::uint32_t offset = 0; offset < all; ++offset) {
    for (const std::uint32_t size : {1u, 2u, all - offset}) {
      if (offset + size > all) continue;
      const auto begin = whole.begin() + offset;
      EXPECT_EQ(Read(session, offset, size),
                std::vector<std::uint8_t>(begin, begin + size))
          << size << " bytes at " << offset;
    }
  }
}

CONFORMANCE_CASE(ConfigSpace, ReadsBeyondTheEndRevealNothing,
                 .cites = {Req::CFG_05},
                 .needs = {.protocol = kConfig, .io = true},
                 .open = {Ambiguity::kConfigFailure}) {
  Session& session = StartSession();
  for (const std::uint32_t offset : {200u, 4096u}) {
    const auto read = session.frontend().GetConfig(offset, 40);
    if (!session.frontend().LinkUp()) return;
    if (!read.ok()) {
      EXPECT_NE(read.nack(), nullptr) << read.Describe();
      continue;
    }
    const auto end = read->bytes.begin() + 40;
    EXPECT_TRUE(std::all_of(read->bytes.begin(), end,
                            [](std::uint8_t byte) { return byte == 0; }))
        << "bytes that are not zero, at offset " << offset;
  }
}

CONFORMANCE_CASE(ConfigSpace, OffsetsThatWrapAreRefused,
                 .cites = {Req::CFG_06, Req::CFG_03},
                 .needs = {.protocol = kConfig}) {
  Session& session = StartSession();
  EXPECT_THAT(ProvokeRead(session, 0xfffffff0, 0x20), IsFailedRead());
}

CONFORMANCE_CASE(ConfigSpace, UnknownFlagsAreRefused, .cites = {Req::CFG_17},
                 .needs = {.protocol = kConfig},
                 .open = {Ambiguity::kConfigFlags}) {
  Session& session = StartSession();
  EXPECT_THAT(ProvokeRead(session, 0, 4, 0xff), IsFailedRead());
}

CONFORMANCE_CASE(ConfigSpace, BothDefinedFlagsAreAccepted,
                 .cites = {Req::CFG_24},
                 .needs = {.protocol = kConfig, .io = true},
                 .open = {Ambiguity::kConfigFlags}) {
  Session& session = StartSession();
  const std::uint32_t size = Size(session);
  EXPECT_EQ(Read(session, 0, size, 1), Read(session, 0, size, 0));
}

CONFORMANCE_CASE(ConfigSpace, ASizeThatDisagreesWithTheMessageIsRefused,
                 .cites = {Req::CFG_07}, .needs = {.protocol = kConfig}) {
  for (const std::size_t bytes : {4u, 100u}) {
    Session& session = StartSession();
    std::vector<std::byte> payload(12 + bytes);
    payload[4] = std::byte{8};  // the size field
    EXPECT_THAT(
        Ask(Raw(session),
            HeaderOf(Request::GET_CONFIG, protocol::kVersion, payload.size()),
            payload),
        IsFailedRead());
    Disconnect();
  }
}

CONFORMANCE_CASE(ConfigSpace, APayloadWithoutItsFieldsIsRefused,
                 .cites = {Req::CFG_10}, .needs = {.protocol = kConfig}) {
  for (const std::size_t size : {0u, 8u}) {
    Session& session = StartSession();
    const std::vector<std::byte> payload(size);
    EXPECT_THAT(
        Ask(Raw(session),
            HeaderOf(Request::GET_CONFIG, protocol::kVersion, size), payload),
        IsFailedRead())
        << size << " bytes";
    Disconnect();
  }
}

CONFORMANCE_CASE(ConfigSpace, EmptyAndLongReadsAreSurvived,
                 .cites = {Req::CFG_08}, .needs = {.protocol = kConfig}) {
  for (const std::uint32_t size : {0u, 256u}) {
    Session& session = StartSession();
    EXPECT_THAT(ProvokeRead(session, 0, size), IsSurvived()) << size;
    Disconnect();
  }
}

CONFORMANCE_CASE(ConfigSpace, IsRefusedWithoutTheFeature,
                 .cites = {Req::CFG_11}, .needs = {.protocol = kConfig}) {
  Session& session = StartSession({.protocol = kPlainProtocol & ~kConfig});
  EXPECT_THAT(ProvokeRead(session, 0, 4), IsFailedRead());
}

CONFORMANCE_CASE(ConfigSpace, IsReadableBeforeTheFeaturesAreSet,
                 .cites = {Req::CFG_13}, .needs = {.protocol = kConfig}) {
  RawConnection& raw = ConnectRaw();
  Ask(*raw.operator->(), MakeRequest(Request::SET_OWNER));
  Ask(*raw.operator->(),
      MakeRequest(Request::SET_PROTOCOL_FEATURES, protocol::U64{kConfig}));
  Config config;
  config.size = 4;
  const Outcome outcome =
      Ask(*raw.operator->(), MakeRequest(Request::GET_CONFIG, config));
  EXPECT_THAT(outcome, testing::Not(IsFailedRead()));
}

CONFORMANCE_CASE(ConfigSpace, IsReadableWhileRingsRun, .cites = {Req::CFG_24},
                 .needs = {.protocol = kConfig, .io = true}) {
  Session& session = StartDevice();
  const auto before = Read(session, 0, Size(session));
  for (int i = 0; i < 8; ++i) {
    PostOne(session);
    EXPECT_EQ(Read(session, 0, Size(session)), before);
    Require(IoRing(session).Await());
  }
}

}  // namespace
}  // namespace vuspec
