#include "protocol/message_spec.h"

#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "gmock/gmock.h"
#include "protocol/codec.h"
#include "protocol/dump.h"
#include "protocol/features.h"
#include "protocol/messages_page.h"
#include "protocol/requirement.h"
#include "protocol/test_support.h"

namespace vuspec::protocol {
namespace {

using testing::HasSubstr;

TEST(MessageTable, HasEveryRowUnderItsIdAndName) {
  ASSERT_EQ(AllRows().size(), 54u);
  std::set<std::string_view> names;
  for (const MessageSpec* spec : AllRows()) {
    SCOPED_TRACE(spec->name);
    EXPECT_TRUE(names.insert(spec->name).second);
    EXPECT_EQ(FindMessage(spec->channel, spec->id), spec);
    EXPECT_EQ(FindMessage(spec->name), spec);
    EXPECT_EQ(spec->reply_name, std::string(spec->name) + " reply");
    EXPECT_EQ(spec->name.starts_with("BACKEND_"),
              spec->channel == Channel::kBackend);
    EXPECT_LE(spec->fds.min, spec->fds.max);
    EXPECT_LE(spec->fds.max, kFdCountMax);
    EXPECT_LE(PayloadSizes(ResolvePayload(spec->payload, {})).max,
              kPayloadSizeMax);
    // A ring can only be named by a payload that holds one.
    if (spec->ring == RingField::kLowByte) {
      EXPECT_TRUE(spec->payload == Payload::kU64 ||
                  spec->payload == Payload::kVringArea);
    } else if (spec->ring == RingField::kIndex) {
      EXPECT_TRUE(spec->payload == Payload::kVringState ||
                  spec->payload == Payload::kVringAddr);
    }
    // Every reply of its own says what a wrong one breaks.
    EXPECT_EQ(
        spec->reply_cites.has_value() || spec->channel == Channel::kBackend,
        spec->answer != Answer::kAck || spec->channel == Channel::kBackend);
  }
  EXPECT_EQ(&Spec(Request::GET_SHMEM_CONFIG), FindMessage(Channel::kMain, 44));
  EXPECT_EQ(&Spec(BackendRequest::BACKEND_SHMEM_UNMAP),
            FindMessage(Channel::kBackend, 10));
}

TEST(MessageTable, KnowsNoOtherId) {
  for (const std::uint32_t id : {0u, 45u, 0xffffffffu}) {
    EXPECT_EQ(FindMessage(Channel::kMain, id), nullptr);
    EXPECT_EQ(MessageName(Channel::kMain, id), "unknown request");
  }
  EXPECT_EQ(FindMessage(Channel::kBackend, 11), nullptr);
  EXPECT_EQ(FindMessage("NO_SUCH_MESSAGE"), nullptr);
}

TEST(MessageTable, ResolvesLayoutsByWhatIsNegotiated) {
  constexpr WireContext kAll = WireContext::Of(
      Mask(ProtocolFeature::XEN_MMAP, ProtocolFeature::LOG_SHMFD,
           ProtocolFeature::REPLY_ACK));
  EXPECT_TRUE(kAll.xen_mmap && kAll.log_shmfd && kAll.reply_ack);
  EXPECT_EQ(ResolvePayload(Payload::kMemoryTableAny, {}),
            Payload::kMemoryTable);
  EXPECT_EQ(ResolvePayload(Payload::kMemoryTableAny, kAll),
            Payload::kXenMemoryTable);
  EXPECT_EQ(ResolvePayload(Payload::kSingleMemoryRegionAny, {}),
            Payload::kSingleMemoryRegion);
  EXPECT_EQ(ResolvePayload(Payload::kSingleMemoryRegionAny, kAll),
            Payload::kXenSingleMemoryRegion);
  EXPECT_EQ(ResolvePayload(Payload::kLogAny, {}), Payload::kU64);
  EXPECT_EQ(ResolvePayload(Payload::kLogAny, kAll), Payload::kLog);
  EXPECT_EQ(ResolvePayload(Payload::kConfig, kAll), Payload::kConfig);
}

// VUSPEC_UPDATE_GOLDEN=1 rewrites the page.
TEST(MessageTable, IsThePageMessagesMd) {
  const std::string path = VU_PROTOCOL_DIR "/MESSAGES.md";
  const std::string page = MessagesPage();
  if (std::getenv("VUSPEC_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path) << page;
  }
  std::ifstream in(path);
  std::stringstream golden;
  golden << in.rdbuf();
  EXPECT_EQ(page, golden.str())
      << "if the change is meant: VUSPEC_UPDATE_GOLDEN=1";
}

TEST(Features, NamesAndBitsAgree) {
  EXPECT_EQ(ToString(VirtioFeature::RING_PACKED), "RING_PACKED");
  EXPECT_EQ(FindVirtioFeature("RING_PACKED"), VirtioFeature::RING_PACKED);
  EXPECT_EQ(static_cast<int>(VirtioFeature::RING_PACKED), 34);
  EXPECT_EQ(FindVirtioFeature("packed"), std::nullopt);
  EXPECT_EQ(kDefinedProtocolFeatures, (std::uint64_t{1} << 23) - 1);
  for (unsigned bit = 0; bit < 23; ++bit) {
    const auto feature = static_cast<ProtocolFeature>(bit);
    EXPECT_EQ(FindProtocolFeature(ToString(feature)), feature);
    // What a bit needs is defined, is not itself, and needs no more.
    EXPECT_EQ(Prerequisites(feature) & ~kDefinedProtocolFeatures, 0u);
    EXPECT_FALSE(Has(Prerequisites(feature), feature));
  }
  EXPECT_EQ(FindUnmet(kDefinedProtocolFeatures), std::nullopt);
  EXPECT_EQ(FindUnmet(Mask(ProtocolFeature::MQ, ProtocolFeature::SHMEM_MAP,
                           ProtocolFeature::HOST_NOTIFIER)),
            ProtocolFeature::HOST_NOTIFIER);
  EXPECT_EQ(ToString(static_cast<ProtocolFeature>(23)), "?");
  EXPECT_EQ(Prerequisites(static_cast<ProtocolFeature>(40)), 0u);
  EXPECT_EQ(Prerequisites(ProtocolFeature::INBAND_NOTIFICATIONS),
            Mask(ProtocolFeature::BACKEND_REQ, ProtocolFeature::REPLY_ACK));
  EXPECT_EQ(ProtocolFeatureNames(9 | std::uint64_t{1} << 40),
            "MQ REPLY_ACK bit-40");
  EXPECT_EQ(VirtioFeatureNames(0), "");
}

TEST(Requirements, EnumIdAndRowAgree) {
  const auto rows = AllRequirements();
  ASSERT_GE(rows.size(), 657u);
  std::set<std::string_view> ids;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    SCOPED_TRACE(rows[i].id);
    EXPECT_EQ(static_cast<std::size_t>(rows[i].req), i);
    EXPECT_EQ(&Describe(rows[i].req), &rows[i]);
    EXPECT_EQ(FindRequirement(rows[i].id), rows[i].req);
    EXPECT_TRUE(ids.insert(rows[i].id).second);
    EXPECT_FALSE(rows[i].statement.empty());
    EXPECT_FALSE(rows[i].probe.empty());
    EXPECT_NE(ToString(rows[i].level), "?");
  }
  EXPECT_EQ(Describe(Req::HDR_01).id, "HDR-01");
  EXPECT_EQ(Describe(Req::SEED_23).id, "SEED-23");
  EXPECT_EQ(FindRequirement("HDR-1"), std::nullopt);
  EXPECT_EQ(FindRequirement("hdr-01"), std::nullopt);
}

TEST(Requirements, NamesAreIdsWithoutTheDash) {
  constexpr std::pair<std::string_view, std::string_view> kNames[] = {
#define VU_REQ(name, id, ...) {#name, id},
#include "protocol/requirements.def"
#undef VU_REQ
  };
  for (const auto& [name, id] : kNames) {
    std::string dashed(name);
    std::ranges::replace(dashed, '_', '-');
    EXPECT_EQ(dashed, id);
  }
}

TEST(Violations, SayWhatWasFoundWhereAndWhy) {
  const auto text = [](Relation relation, std::uint32_t offset) {
    return ToString(
        Violation{Req::GBASE_01, "S", "f", offset, relation, 8, 5000});
  };
  EXPECT_EQ(text(Relation::kEqual, 12),
            "S: f at offset 12 = 0x1388, expected 8 (GBASE-01)");
  EXPECT_EQ(text(Relation::kAtMost, 0),
            "S: f = 0x1388, expected at most 8 (GBASE-01)");
  EXPECT_THAT(text(Relation::kAtLeast, 0), HasSubstr("at least 8"));
  EXPECT_THAT(text(Relation::kBelow, 0), HasSubstr("less than 8"));
  EXPECT_THAT(text(Relation::kOnlyBits, 0), HasSubstr("no bits outside 8"));
  EXPECT_THAT(text(Relation::kHasBits, 0), HasSubstr("all bits of 8"));
  EXPECT_THAT(text(Relation::kPowerOfTwo, 0), HasSubstr("power of two up to"));
  EXPECT_THAT(text(Relation::kMultipleOf, 0), HasSubstr("a multiple of 8"));
  EXPECT_EQ(text(Relation::kNotAllowedNow, 12),
            "S: f, not allowed in this state (GBASE-01)");
  EXPECT_EQ(text(Relation::kCutOff, 12),
            "S: f at offset 12 is cut off: 0x1388 bytes, needed 8 (GBASE-01)");
  EXPECT_EQ(text(Relation::kNotOffered, 0), "S: f is not offered (GBASE-01)");
  EXPECT_EQ(text(Relation::kNotNegotiated, 0),
            "S: f is not negotiated (GBASE-01)");
}

TEST(Dump, ShowsAckReplyAndBytesOfAnyQuality) {
  const auto dump = [](std::uint32_t id, std::uint32_t flags,
                       std::vector<std::byte> payload, WireContext context) {
    return DumpFrame(Channel::kMain,
                     {id, flags, static_cast<std::uint32_t>(payload.size())},
                     payload, 0, context);
  };
  const auto u64 = Encoded(U64{1});
  EXPECT_EQ(dump(5, 5, u64, {}), "SET_MEM_TABLE reply value=1") << "an ack";
  EXPECT_EQ(dump(8, 9, Encoded(VringState{1, 256}), {}),
            "SET_VRING_NUM need_reply index=1 num=256");
  EXPECT_EQ(dump(8, 0x12, {std::byte{0xab}}, {}),
            "SET_VRING_NUM flags=18 size=1 bytes=ab");
  EXPECT_EQ(dump(99, 1, u64, {}),
            "unknown request 99 size=8 bytes=0100000000000000");
  EXPECT_EQ(Dump(MakeRequest(Request::SET_VRING_KICK, U64{3}, 1)),
            "SET_VRING_KICK value=3 fds=1");
  EXPECT_THAT(dump(24, 1, Encoded(Config{.size = 40}), {}),
              HasSubstr("...(40 bytes)"));
}

}  // namespace
}  // namespace vuspec::protocol
