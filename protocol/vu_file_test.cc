#include "protocol/vu_file.h"

#include "gmock/gmock.h"
#include "protocol/test_support.h"

namespace vuspec::protocol {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

VuFile Parsed(std::string_view text) {
  VuParsed parsed = ParseVu(text);
  EXPECT_FALSE(parsed.error) << ToString(*parsed.error);
  return parsed.file;
}

TEST(VuFile, ReadsTheFriendlyForm) {
  const VuFile file = Parsed(
      "\n# only a comment\n"
      "@context reply_ack xen_mmap\n"
      "  > main SET_VRING_KICK flags=0x9 fds=memfd:0x10,pipe,socket u64:1"
      "  # why \n");
  EXPECT_TRUE(file.context.reply_ack);
  EXPECT_TRUE(file.context.xen_mmap);
  EXPECT_FALSE(file.context.log_shmfd);
  ASSERT_THAT(file.records, SizeIs(1));
  const VuRecord& record = file.records[0];
  EXPECT_EQ(record.direction, VuDirection::kToBackend);
  EXPECT_EQ(record.channel, Channel::kMain);
  EXPECT_EQ(record.header, (Header{12, 9, 8}));
  EXPECT_THAT(record.fds, ElementsAre(VuFd{VuFd::Kind::kMemfd, 16},
                                      VuFd{VuFd::Kind::kPipe, 0},
                                      VuFd{VuFd::Kind::kSocket, 0}));
  EXPECT_EQ(record.comment, "why");
  EXPECT_EQ(record.line, 4u);
  EXPECT_TRUE(record.FromAsker());
  EXPECT_THAT(record.Bytes(), SizeIs(20));
}

TEST(VuFile, ReadsRawBytesUnknownIdsAndPieces) {
  const VuFile file = Parsed(
      "< backend raw u8:1 u16:0x302 u32:0x07060504 hex:0809 zero:1\r\n"
      "> backend id=77 size=4096 payload=ff\n");
  ASSERT_THAT(file.records, SizeIs(2));
  EXPECT_TRUE(file.records[0].raw);
  EXPECT_TRUE(file.records[0].FromAsker());
  std::vector<int> bytes;
  for (const std::byte byte : file.records[0].Bytes()) {
    bytes.push_back(std::to_integer<int>(byte));
  }
  EXPECT_THAT(bytes, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9, 0));
  EXPECT_EQ(file.records[1].header, (Header{77, 1, 4096}));
  EXPECT_FALSE(file.records[1].FromAsker());
}

TEST(VuFile, SaysWhereItStoppedAndWhatItWanted) {
  const struct {
    std::string_view text;
    std::string_view token;
    std::string_view expected;
  } cases[] = {
      {"main GET_FEATURES", "main", "@context, > or <"},
      {"@contexts", "@contexts", "@context"},
      {"@context acks", "acks", "reply_ack"},
      {">", "", "main or backend"},
      {"> side GET_FEATURES", "side", "main or backend"},
      {"> main", "", "a message of that channel"},
      {"> main GET_FEATURE", "GET_FEATURE", "a message of that channel"},
      {"> backend GET_FEATURES", "GET_FEATURES", "a message of that channel"},
      {"> main id=4294967296", "id=4294967296", "id=NUMBER"},
      {"> main raw flags=1", "flags=1", "no flags="},
      {"> main SET_OWNER flags=", "flags=", "flags=NUMBER"},
      {"> main SET_OWNER size=-1", "size=-1", "size=NUMBER"},
      {"> main SET_OWNER u8:256", "u8:256", "a number that fits"},
      {"> main SET_OWNER u64:0x", "u64:0x", "a number that fits"},
      {"> main SET_OWNER payload=abc", "payload=abc", "pairs of hex"},
      {"> main SET_OWNER hex:zz", "hex:zz", "pairs of hex"},
      {"> main SET_OWNER zero:65537", "zero:65537", "at most 65536"},
      {"> main SET_OWNER fds=", "fds=", "memfd:BYTES"},
      {"> main SET_OWNER fds=pipe,", "fds=pipe,", "memfd:BYTES"},
      {"> main SET_OWNER fds=memfd", "fds=memfd", "memfd:BYTES"},
      {"> main SET_OWNER fds=pipe:1", "fds=pipe:1", "memfd:BYTES"},
      {"> main SET_OWNER hello", "hello", "flags="},
      {"> main SET_OWNER what:1", "what:1", "flags="},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const VuParsed parsed = ParseVu("# one\n" + std::string(c.text));
    ASSERT_TRUE(parsed.error);
    EXPECT_EQ(parsed.error->line, 2u);
    EXPECT_EQ(parsed.error->token, c.token);
    EXPECT_THAT(parsed.error->expected, HasSubstr(c.expected));
    EXPECT_THAT(ToString(*parsed.error), HasSubstr("line 2: "));
  }
}

TEST(VuFile, WritesWhatItReads) {
  const std::string_view text =
      "@context log_shmfd reply_ack\n"
      "> main SET_VRING_KICK flags=0x9 fds=memfd:4096,eventfd,pipe"
      " payload=0100000000000000  # why\n"
      "< main SET_VRING_KICK flags=0x5 payload=0000000000000000\n"
      "< backend BACKEND_VRING_CALL payload=0000000000000000\n"
      "> main id=200 size=9\n"
      "> main raw fds=socket,null hex:0102\n"
      "> main raw\n";
  EXPECT_EQ(WriteVu(Parsed(text)), text);
}

TEST(VuFile, WritesACommentOfOneLineOnly) {
  VuRecord record;
  record.header.request = 3;
  record.header.flags = kVersion;
  record.comment = "two\nlines";
  EXPECT_EQ(WriteVu(record), "> main SET_OWNER  # two lines\n");
}

TEST(VuFile, RandomRecordsSurviveAWriteAndARead) {
  Rng rng(TestSeed());
  VuFile file;
  for (int i = 0; i < 200; ++i) {
    VuRecord record;
    record.direction = static_cast<VuDirection>(rng() % 2);
    record.channel = static_cast<Channel>(rng() % 2);
    record.raw = rng() % 4 == 0;
    record.payload = RandomBytes(rng() % 64, rng);
    if (!record.raw) {
      record.header = {static_cast<std::uint32_t>(rng() % 60),
                       static_cast<std::uint32_t>(rng()),
                       static_cast<std::uint32_t>(rng() % 80)};
    }
    for (std::size_t fd = rng() % 4; fd > 0; --fd) {
      const auto kind = static_cast<VuFd::Kind>(rng() % 5);
      record.fds.push_back(
          {kind, kind == VuFd::Kind::kMemfd ? rng() : std::uint64_t{0}});
    }
    file.records.push_back(record);
  }
  const VuFile again = Parsed(WriteVu(file));
  ASSERT_THAT(again.records, SizeIs(file.records.size()));
  for (std::size_t i = 0; i < file.records.size(); ++i) {
    SCOPED_TRACE(WriteVu(file.records[i]));
    EXPECT_EQ(again.records[i].direction, file.records[i].direction);
    EXPECT_EQ(again.records[i].channel, file.records[i].channel);
    EXPECT_EQ(again.records[i].Bytes(), file.records[i].Bytes());
    EXPECT_EQ(again.records[i].fds, file.records[i].fds);
    EXPECT_EQ(again.records[i].line, i + 1);
  }
}

}  // namespace
}  // namespace vuspec::protocol
