#include "harness/transport/mutation.h"

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/transport/drained.h"
#include "harness/transport/event_fd.h"
#include "harness/transport/memory_channel.h"
#include "harness/transport/poll.h"
#include "harness/transport/test_support.h"
#include "harness/transport/unix_socket.h"

namespace vuspec {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Le;
using testing::SizeIs;

constexpr Mutation kEvery[] = {Mutation::kNone,      Mutation::kSplit1,
                               Mutation::kSplitN,    Mutation::kCoalesce,
                               Mutation::kSlow,      Mutation::kLateFds,
                               Mutation::kSurplusFds};

// What reached the other side, write by write: "abc+2" came with two
// descriptors.
class Script final : public PeerScript {
 public:
  bool OnSend(std::span<const std::byte> bytes, std::size_t fds) override {
    writes_.push_back(Text(bytes) +
                      (fds == 0 ? "" : "+" + std::to_string(fds)));
    return !closed_;
  }
  std::optional<std::size_t> Receive(std::span<std::byte> buffer,
                                     std::vector<UniqueFd>&) override {
    buffer[0] = std::byte{'!'};
    return 1;
  }
  const std::vector<std::string>& writes() const { return writes_; }
  void Close() { closed_ = true; }

 private:
  std::vector<std::string> writes_;
  bool closed_ = false;
};

class Mutations : public testing::Test {
 protected:
  std::unique_ptr<Channel> Make(Mutation mutation) {
    return Mutate(std::make_unique<MemoryChannel>(script_), mutation,
                  {.seed = 5, .surplus_fd = surplus_.numbers()[0]});
  }
  std::vector<std::string> Written(Mutation mutation, std::string_view text,
                                   std::size_t fd_count) {
    const NullFds fds(fd_count);
    EXPECT_TRUE(Make(mutation)->Send(Bytes(text), fds.numbers(), Soon()).ok());
    return script_.writes();
  }

  FdsAreKept kept_;
  NullFds surplus_{1};
  Script script_;
};

TEST_F(Mutations, AreFoundByTheirNames) {
  for (const MutationRow& row : AllMutations()) {
    EXPECT_EQ(FindMutation(row.name), row.mutation);
    EXPECT_EQ(&Describe(row.mutation), &row);
  }
  EXPECT_EQ(FindMutation("split2"), std::nullopt);
}

TEST_F(Mutations, Split1SendsByteByByteWithTheDescriptorsFirst) {
  EXPECT_THAT(Written(Mutation::kSplit1, "abc", 2),
              ElementsAre("a+2", "b", "c"));
}

TEST_F(Mutations, SplitNDrawsItsPiecesFromTheSeed) {
  const std::string text(200, 'x');
  const auto writes = Written(Mutation::kSplitN, text, 0);
  EXPECT_THAT(writes, testing::Each(SizeIs(Le(16u))));
  EXPECT_THAT(writes, testing::Contains(SizeIs(1u)));
  std::string joined;
  for (const std::string& each : writes) joined += each;
  EXPECT_EQ(joined, text);
  const std::size_t count = writes.size();
  EXPECT_THAT(Written(Mutation::kSplitN, text, 0), SizeIs(2 * count));
}

TEST_F(Mutations, LateFdsRideOnTheLastByte) {
  EXPECT_THAT(Written(Mutation::kLateFds, "abc", 1), ElementsAre("ab", "c+1"));
}

TEST_F(Mutations, SurplusFdsAddOneToEachWrite) {
  EXPECT_THAT(Written(Mutation::kSurplusFds, "abc", 0), ElementsAre("abc+1"));
  EXPECT_THAT(Written(Mutation::kSurplusFds, "abc", 2),
              ElementsAre("abc+1", "abc+3"));
}

TEST_F(Mutations, CoalesceDeliversAtTheNextReceive) {
  const auto channel = Make(Mutation::kCoalesce);
  EXPECT_TRUE(channel->Send(Bytes("ab"), {}, Soon()).ok());
  EXPECT_TRUE(channel->Send(Bytes("cd"), {}, Soon()).ok());
  EXPECT_THAT(script_.writes(), SizeIs(0));
  std::array<std::byte, 8> buffer{};
  std::vector<UniqueFd> fds;
  EXPECT_TRUE(channel->Receive(buffer, fds, Soon()).ok());
  EXPECT_THAT(script_.writes(), ElementsAre("abcd"));
}

TEST_F(Mutations, CoalesceBeginsAWriteWhereDescriptorsCome) {
  auto channel = Make(Mutation::kCoalesce);
  EXPECT_TRUE(channel->Send(Bytes("ab"), {}, Soon()).ok());
  {
    const NullFds closed_at_once(2);
    EXPECT_TRUE(
        channel->Send(Bytes("cd"), closed_at_once.numbers(), Soon()).ok());
  }
  EXPECT_TRUE(channel->Send(Bytes("ef"), {}, Soon()).ok());
  channel.reset();
  EXPECT_THAT(script_.writes(), ElementsAre("ab", "cdef+2"));
}

TEST_F(Mutations, CoalesceLetsGoBeforeAnyWaitOfTheThread) {
  const auto channel = Make(Mutation::kCoalesce);
  EXPECT_TRUE(channel->Send(Bytes("ab"), {}, Soon()).ok());
  const Event event = *Event::Create();
  EXPECT_FALSE(event.Wait(Deadline::Now()).ok());
  EXPECT_THAT(script_.writes(), ElementsAre("ab"));
  EXPECT_TRUE(channel->Send(Bytes("cd"), {}, Soon()).ok());
  channel->ShutdownWrite();
  EXPECT_THAT(script_.writes(), ElementsAre("ab", "cd"));
}

TEST_F(Mutations, CoalesceStillReadsWhatAPeerSaidBeforeItClosed) {
  const auto channel = Make(Mutation::kCoalesce);
  script_.Close();
  EXPECT_TRUE(channel->Send(Bytes("ab"), {}, Soon()).ok());
  std::array<std::byte, 8> buffer{};
  std::vector<UniqueFd> fds;
  EXPECT_TRUE(channel->Receive(buffer, fds, Soon()).ok());
  EXPECT_TRUE(absl::IsUnavailable(channel->Send(Bytes("cd"), {}, Soon())));
}

TEST_F(Mutations, CoalesceHoldsABoundedNumberOfBytes) {
  const auto channel = Make(Mutation::kCoalesce);
  const std::string text(40000, 'x');
  EXPECT_TRUE(channel->Send(Bytes(text), {}, Soon()).ok());
  EXPECT_THAT(script_.writes(), ElementsAre(text));
}

// Over a socket every way delivers the same bytes, and every descriptor.
TEST_F(Mutations, DeliverTheSameOverASocket) {
  for (const Mutation mutation : kEvery) {
    auto [ours, theirs] = *SocketPair();
    const NullFds fds(2);
    {
      const auto channel = Mutate(std::move(ours), mutation,
                                  {.surplus_fd = surplus_.numbers()[0]});
      // The other side need not be drained: it is this thread.
      const Deadline deadline =
          mutation == Mutation::kSlow ? Deadline::Now() : Soon();
      EXPECT_TRUE(channel->Send(Bytes("0123"), fds.numbers(), deadline).ok());
      EXPECT_TRUE(channel->Send(Bytes("4567"), {}, deadline).ok());
    }
    std::string text;
    std::vector<UniqueFd> received;
    std::array<std::byte, 16> buffer{};
    for (;;) {
      const auto size = theirs->Receive(buffer, received, Soon());
      ASSERT_TRUE(size.ok()) << size.status();
      if (*size == 0) break;
      text += Text(std::span(buffer).first(*size));
    }
    EXPECT_EQ(text, "01234567") << Describe(mutation).name;
    EXPECT_EQ(received.size(), mutation == Mutation::kSurplusFds ? 4u : 2u);
  }
}

TEST(AwaitDrained, TellsWhetherThePeerHasRead) {
  const auto [ours, theirs] = *SocketPair();
  EXPECT_TRUE(AwaitDrained(ours->PollFd(), Deadline::Now()));
  EXPECT_TRUE(ours->Send(Bytes("ab"), {}, Soon()).ok());
  EXPECT_FALSE(AwaitDrained(ours->PollFd(), Deadline::Now()));
  std::array<std::byte, 8> buffer{};
  std::vector<UniqueFd> fds;
  EXPECT_TRUE(theirs->Receive(buffer, fds, Soon()).ok());
  EXPECT_TRUE(AwaitDrained(ours->PollFd(), Soon()));
  EXPECT_TRUE(AwaitDrained(-1, Soon()));
}

}  // namespace
}  // namespace vuspec
