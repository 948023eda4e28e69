#include "harness/transport/memory_channel.h"

#include <algorithm>
#include <array>

#include "gtest/gtest.h"
#include "harness/transport/test_support.h"

namespace vuspec {
namespace {

// Replays chunks, one per Receive; an empty chunk is end of stream.
class ChunkScript : public PeerScript {
 public:
  explicit ChunkScript(std::vector<std::string> chunks = {})
      : chunks_(std::move(chunks)) {}

  bool OnSend(std::span<const std::byte> bytes, std::size_t fds) override {
    sent += Text(bytes);
    fd_count += fds;
    return open;
  }
  std::optional<std::size_t> Receive(std::span<std::byte> buffer,
                                     std::vector<UniqueFd>& fds) override {
    if (next_ == chunks_.size()) return std::nullopt;
    const auto bytes = Bytes(chunks_[next_++]);
    const std::size_t size = std::min(bytes.size(), buffer.size());
    std::copy_n(bytes.begin(), size, buffer.begin());
    if (given) fds.push_back(std::move(given));
    return size;
  }

  std::string sent;
  std::size_t fd_count = 0;
  bool open = true;
  UniqueFd given;

 private:
  std::vector<std::string> chunks_;
  std::size_t next_ = 0;
};

TEST(MemoryChannelTest, ScriptSeesBytesAndDescriptorCount) {
  ChunkScript script;
  MemoryChannel channel(script);
  const int fds[] = {100, 101};
  EXPECT_TRUE(channel.Send(Bytes("ab"), fds, Deadline::Now()).ok());
  EXPECT_TRUE(channel.Send(Bytes("c"), {}, Deadline::Now()).ok());
  EXPECT_EQ(script.sent, "abc");
  EXPECT_EQ(script.fd_count, 2u);
}

TEST(MemoryChannelTest, ReceivesChunksThenSilence) {
  ChunkScript script({"xy", "", "z"});
  MemoryChannel channel(script);
  std::array<std::byte, 8> buffer;
  std::vector<UniqueFd> fds;
  EXPECT_EQ(channel.Receive(buffer, fds, Soon()).value(), 2u);
  EXPECT_EQ(Text(std::span(buffer).first(2)), "xy");
  EXPECT_EQ(channel.Receive(buffer, fds, Soon()).value(), 0u);
  EXPECT_EQ(channel.Receive(buffer, fds, Soon()).value(), 1u);
  // Silence is at once: Soon() is beyond the time-out of the test.
  EXPECT_TRUE(
      absl::IsDeadlineExceeded(channel.Receive(buffer, fds, Soon()).status()));
}

TEST(MemoryChannelTest, DescriptorsChangeOwner) {
  FdsAreKept fds_are_kept;
  ChunkScript script({"x"});
  script.given.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int number = script.given.get();
  MemoryChannel channel(script);
  std::array<std::byte, 1> buffer;
  std::vector<UniqueFd> fds;
  ASSERT_TRUE(channel.Receive(buffer, fds, Soon()).ok());
  ASSERT_EQ(fds.size(), 1u);
  EXPECT_EQ(fds[0].get(), number);
}

TEST(MemoryChannelTest, ClosedPeerAndShutdownAreUnavailable) {
  ChunkScript script;
  MemoryChannel channel(script);
  script.open = false;
  EXPECT_TRUE(absl::IsUnavailable(channel.Send(Bytes("a"), {}, Soon())));
  script.open = true;
  channel.ShutdownWrite();
  EXPECT_TRUE(absl::IsUnavailable(channel.Send(Bytes("b"), {}, Soon())));
  EXPECT_EQ(script.sent, "a");
  EXPECT_EQ(channel.PollFd(), -1);
}

}  // namespace
}  // namespace vuspec
