#include "protocol/codec.h"

#include "gmock/gmock.h"
#include "protocol/byte_cursor.h"
#include "protocol/test_support.h"

namespace vuspec::protocol {
namespace {

constexpr Subject kSubject{"SUBJECT", Req::HDR_20};

TEST(ByteCursor, FailsForGoodAtItsEnd) {
  const std::array<std::byte, 3> bytes{};
  ByteReader reader(bytes);
  std::uint16_t two = 0;
  std::uint8_t one = 0;
  EXPECT_TRUE(reader.Read(two));
  EXPECT_FALSE(reader.Read(two));
  EXPECT_FALSE(reader.Read(one)) << "one byte is left, but the first failed";
  EXPECT_EQ(reader.offset(), 2u);

  std::array<std::byte, 1> room{};
  ByteWriter writer(room);
  EXPECT_FALSE(writer.Write(two));
  EXPECT_FALSE(writer.Write(one));
  EXPECT_EQ(writer.offset(), 0u);
}

TEST(Codec, RoundTripsRandomBodiesOfEveryKind) {
  Rng rng(TestSeed());
  for (const Payload kind : ConcretePayloads()) {
    for (int i = 0; i < 50; ++i) {
      SCOPED_TRACE(testing::Message() << "kind " << static_cast<int>(kind)
                                      << " VUSPEC_SEED=" << TestSeed());
      const auto bytes = RandomPayload(kind, rng);
      const Result<Body> body = DecodeBody(kind, bytes, kSubject);
      ASSERT_TRUE(body.ok()) << ToString(body.violation());
      EXPECT_EQ(PayloadOf(*body), kind);
      const auto again = Encoded(*body);
      ASSERT_EQ(again.size(), bytes.size());
      const Result<Body> twin = DecodeBody(kind, again, kSubject);
      ASSERT_TRUE(twin.ok());
      EXPECT_EQ(*twin, *body);
      // Only the padding at the end may differ: it is sent as zeros.
      if (PayloadSizes(kind).min == PayloadSizes(kind).max) {
        EXPECT_EQ(again, bytes);
      }
    }
  }
}

// The kinds whose size may vary are in the test below.
TEST(Codec, RefusesEverySizeButTheExactOnes) {
  for (const Payload kind : ConcretePayloads()) {
    const SizeRange sizes = PayloadSizes(kind);
    if (kind == Payload::kOpaque) continue;
    for (std::size_t size = 0; size <= sizes.max + 64; ++size) {
      const std::vector<std::byte> bytes(size);
      const Result<Body> body = DecodeBody(kind, bytes, kSubject);
      const bool exact =
          size == sizes.min ||
          ((kind == Payload::kIotlb || kind == Payload::kInflight) &&
           size == sizes.max);
      ASSERT_EQ(body.ok(), exact) << static_cast<int>(kind) << " " << size;
      if (exact) continue;
      const Violation& wrong = body.violation();
      EXPECT_EQ(wrong.req, Req::HDR_20);
      EXPECT_EQ(wrong.subject, "SUBJECT");
      EXPECT_FALSE(wrong.field.empty());
      EXPECT_EQ(wrong.actual, size);
      EXPECT_NE(wrong.expected, size);
      EXPECT_LE(wrong.offset, size);
      EXPECT_EQ(wrong.relation == Relation::kCutOff, size < sizes.min);
    }
  }
}

TEST(Codec, NamesTheFieldThatIsCutOff) {
  const std::vector<std::byte> bytes(20);
  const Violation wrong =
      DecodeBody(Payload::kVringAddr, bytes, kSubject).violation();
  EXPECT_EQ(wrong.field, "used");
  EXPECT_EQ(wrong.offset, 16u);
  EXPECT_EQ(wrong.expected, 40u);
  EXPECT_EQ(wrong.actual, 20u);
}

TEST(Codec, OpaqueTakesAnySizeUpToItsLimit) {
  const std::vector<std::byte> bytes(kOpaqueSizeMax + 1);
  const auto decode = [&](std::size_t size) {
    return DecodeBody(Payload::kOpaque, std::span(bytes).first(size), kSubject);
  };
  EXPECT_TRUE(decode(0).ok());
  EXPECT_TRUE(decode(kOpaqueSizeMax).ok());
  EXPECT_FALSE(decode(kOpaqueSizeMax + 1).ok());
}

TEST(Codec, CountsAreCheckedBeforeTheyAreUsed) {
  const auto table = [](std::uint32_t count, std::size_t size) {
    std::vector<std::byte> bytes(size);
    std::memcpy(bytes.data(), &count, sizeof count);
    return DecodeBody(Payload::kMemoryTable, bytes, kSubject);
  };
  EXPECT_TRUE(table(8, 8 + 8 * 32).ok());
  EXPECT_EQ(table(9, 8 + 9 * 32).violation().req, Req::MEM_16);
  EXPECT_EQ(table(0xffffffff, 8).violation().req, Req::MEM_16);
  const Violation wrong = table(2, 8 + 32).violation();
  EXPECT_EQ(wrong.field, "payload size");
  EXPECT_EQ(wrong.expected, 72u);
  EXPECT_EQ(wrong.actual, 40u);

  const auto config = [](std::uint32_t count, std::size_t size) {
    std::vector<std::byte> bytes(size);
    std::memcpy(bytes.data() + 4, &count, sizeof count);
    return DecodeBody(Payload::kConfig, bytes, kSubject);
  };
  EXPECT_TRUE(config(256, 268).ok());
  EXPECT_EQ(config(257, 269).violation().req, Req::CFG_08);
  EXPECT_EQ(config(4, 13).violation().expected, 16u);
}

TEST(Codec, WritesNothingIntoARoomThatIsTooSmall) {
  for (const Payload kind : ConcretePayloads()) {
    const Body body = EmptyBodyOf(kind);
    const std::size_t size = EncodedSize(body);
    if (size == 0) continue;
    std::vector<std::byte> room(size - 1, std::byte{0x77});
    EXPECT_EQ(EncodeBody(body, room), 0u);
    EXPECT_THAT(room, testing::Each(std::byte{0x77}));
  }
}

TEST(Codec, PutsFieldsWhereTheDocumentDoes) {
  const auto bytes = Encoded(VringAddr{.index = 0x01020304,
                                       .flags = 1,
                                       .descriptor = 0x1111,
                                       .used = 0x2222,
                                       .available = 0x3333,
                                       .log = 0x4444});
  const auto u64_at = [&](std::size_t at) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes.data() + at, sizeof value);
    return value;
  };
  EXPECT_EQ(u64_at(0), 0x100000000u | 0x01020304u);
  EXPECT_EQ(u64_at(8), 0x1111u);
  EXPECT_EQ(u64_at(16), 0x2222u);
  EXPECT_EQ(u64_at(24), 0x3333u);
  EXPECT_EQ(u64_at(32), 0x4444u);
  // Padding that the document does not list is sent as zeros.
  EXPECT_EQ(Encoded(Iotlb{}).size(), 32u);
  EXPECT_EQ(Encoded(Inflight{}).size(), 24u);
}

}  // namespace
}  // namespace vuspec::protocol
