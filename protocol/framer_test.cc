#include "protocol/framer.h"

#include <algorithm>

#include "gmock/gmock.h"
#include "protocol/test_support.h"

namespace vuspec::protocol {

Heard Hear(std::span<const std::byte> stream,
           const std::vector<std::size_t>& fd_at,
           const std::function<std::size_t()>& next) {
  Heard heard;
  Framer framer;
  std::size_t at = 0;
  while (at < stream.size() && !framer.violation()) {
    // A socket never joins the bytes before descriptors with those after.
    std::size_t end = at + std::min(next(), stream.size() - at);
    for (std::size_t i = at + 1; i < end; ++i) {
      if (i < fd_at.size() && fd_at[i] != 0) end = i;
    }
    std::size_t fds = at < fd_at.size() && end > at ? fd_at[at] : 0;
    auto chunk = stream.subspan(at, end - at);
    at = end;
    do {
      const std::size_t wanted = framer.Wanted();
      const Framer::Step step = framer.Feed(chunk, fds);
      EXPECT_LE(step.consumed, chunk.size());
      // A frame or a violation of the size ends before what was not wanted.
      if (chunk.size() < wanted) {
        EXPECT_FALSE(step.frame);
        EXPECT_EQ(framer.Wanted(), wanted - chunk.size());
      }
      chunk = chunk.subspan(step.consumed);
      fds = 0;
      if (step.frame) {
        EXPECT_FALSE(framer.MidMessage());
        heard.headers.push_back(step.frame->header);
        heard.payloads.emplace_back(step.frame->payload.begin(),
                                    step.frame->payload.end());
        heard.fd_counts.push_back(step.frame->fd_count);
      }
    } while (!chunk.empty() && !framer.violation());
  }
  heard.violation = framer.violation();
  heard.mid_message = framer.MidMessage();
  return heard;
}

Heard HearSeveralWays(std::span<const std::byte> stream,
                      const std::vector<std::size_t>& fd_at) {
  Rng rng(TestSeed());
  const Heard whole = Hear(stream, fd_at, [] { return std::size_t{1} << 20; });
  EXPECT_EQ(Hear(stream, fd_at, [] { return std::size_t{1}; }), whole);
  std::size_t turn = 0;
  EXPECT_EQ(Hear(stream, fd_at, [&] { return turn++ % 2; }), whole);
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(Hear(stream, fd_at, [&] { return std::size_t{rng() % 40}; }),
              whole)
        << "VUSPEC_SEED=" << TestSeed();
  }
  return whole;
}

namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

void Add(std::vector<std::byte>& stream, std::uint32_t request,
         std::size_t size) {
  const std::vector<std::byte> payload(size, std::byte{0x5a});
  const auto bytes = WireBytes(FrameOf(request, kVersion, payload, 0));
  stream.insert(stream.end(), bytes.begin(), bytes.end());
}

TEST(Framer, CutsTheSameFramesHoweverTheBytesCome) {
  std::vector<std::byte> stream;
  for (const std::size_t size :
       std::vector<std::size_t>{0, 8, 0, 0, 40, 1, 300, 12}) {
    Add(stream, 3, size);
  }
  const Heard heard = HearSeveralWays(stream);
  ASSERT_THAT(heard.headers, SizeIs(8));
  EXPECT_THAT(heard.payloads[4], SizeIs(40));
  EXPECT_THAT(heard.payloads[6], SizeIs(300));
  EXPECT_FALSE(heard.violation);
  EXPECT_FALSE(heard.mid_message);
}

TEST(Framer, TakesTheLargestPayload) {
  std::vector<std::byte> stream;
  Add(stream, 3, kPayloadSizeMax);
  Add(stream, 3, 0);
  EXPECT_THAT(HearSeveralWays(stream).headers, SizeIs(2));
}

TEST(Framer, RefusesALargerPayloadForGood) {
  std::vector<std::byte> stream;
  Add(stream, 3, 8);
  Add(stream, 3, kPayloadSizeMax + 1);
  Add(stream, 3, 0);
  const Heard heard = HearSeveralWays(stream);
  EXPECT_THAT(heard.headers, SizeIs(1));
  ASSERT_TRUE(heard.violation);
  EXPECT_EQ(heard.violation->req, Req::HDR_21);
  EXPECT_EQ(heard.violation->offset, 8u);
  EXPECT_EQ(heard.violation->expected, kPayloadSizeMax);
  EXPECT_EQ(heard.violation->actual, kPayloadSizeMax + 1);

  Framer framer;
  framer.Feed(std::span(stream).subspan(20), 0);
  ASSERT_TRUE(framer.violation());
  EXPECT_EQ(framer.Wanted(), 0u);
  const Framer::Step step = framer.Feed(stream, 3);
  EXPECT_EQ(step.consumed, 0u);
  EXPECT_FALSE(step.frame);
}

TEST(Framer, GivesDescriptorsToTheFrameTheirByteFallsInto) {
  std::vector<std::byte> stream;
  Add(stream, 3, 8);
  Add(stream, 4, 4);
  Add(stream, 5, 0);
  std::vector<std::size_t> fd_at(stream.size(), 0);
  fd_at[0] = 2;
  fd_at[20] = 1;  // first byte of the second message
  fd_at[33] = 3;  // inside its payload
  EXPECT_THAT(HearSeveralWays(stream, fd_at).fd_counts, ElementsAre(2, 4, 0));
}

TEST(Framer, KnowsWhetherAMessageIsCut) {
  std::vector<std::byte> stream;
  Add(stream, 3, 8);
  for (std::size_t size = 0; size < stream.size(); ++size) {
    const Heard heard = HearSeveralWays(std::span(stream).first(size));
    EXPECT_THAT(heard.headers, IsEmpty()) << size;
    EXPECT_EQ(heard.mid_message, size != 0) << size;
  }
}

TEST(Framer, WantsTheHeaderThenThePayload) {
  std::vector<std::byte> stream;
  Add(stream, 3, 8);
  Framer framer;
  EXPECT_EQ(framer.Wanted(), 12u);
  framer.Feed(std::span(stream).first(5), 0);
  EXPECT_EQ(framer.Wanted(), 7u);
  framer.Feed(std::span(stream).subspan(5, 7), 0);
  EXPECT_EQ(framer.Wanted(), 8u);
  EXPECT_TRUE(framer.Feed(std::span(stream).subspan(12), 0).frame);
  EXPECT_EQ(framer.Wanted(), 12u);
}

}  // namespace
}  // namespace vuspec::protocol
