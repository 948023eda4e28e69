#include "harness/transport/mutation.h"

#include <algorithm>
#include <iterator>
#include <utility>
#include <vector>

#include "harness/transport/coalescing_channel.h"
#include "harness/transport/mutated_channel.h"
#include "harness/transport/piecewise_channel.h"
#include "harness/transport/unix_channel.h"

namespace vuspec {
namespace {

constexpr MutationRow kRows[] = {
    {Mutation::kNone, "", "as it is", true},
    {Mutation::kSplit1, "split1", "each byte in a write of its own", true},
    {Mutation::kSplitN, "splitN", "in pieces drawn from the seed", true},
    {Mutation::kCoalesce, "coalesce",
     "together with the next message that is waited for", true},
    {Mutation::kSlow, "slow", "in pieces, each read before the next is sent",
     true},
    {Mutation::kLateFds, "late-fds", "descriptors with the last byte", false},
    {Mutation::kSurplusFds, "surplus-fds",
     "a descriptor too many on every message", false},
};

constexpr std::size_t kPieceMax = 16;

class LateFds final : public MutatedChannel {
 public:
  using MutatedChannel::MutatedChannel;
  absl::Status Send(std::span<const std::byte> bytes, std::span<const int> fds,
                    Deadline deadline) override {
    if (fds.empty() || bytes.size() < 2) {
      return inner().Send(bytes, fds, deadline);
    }
    absl::Status status =
        inner().Send(bytes.first(bytes.size() - 1), {}, deadline);
    return status.ok() ? inner().Send(bytes.last(1), fds, deadline) : status;
  }
};

class SurplusFds final : public MutatedChannel {
 public:
  SurplusFds(std::unique_ptr<Channel> inner, int surplus_fd)
      : MutatedChannel(std::move(inner)), surplus_fd_(surplus_fd) {}
  absl::Status Send(std::span<const std::byte> bytes, std::span<const int> fds,
                    Deadline deadline) override {
    std::vector<int> more(fds.begin(), fds.end());
    if (!bytes.empty() && more.size() < UnixChannel::kMaxFds) {
      more.push_back(surplus_fd_);
    }
    return inner().Send(bytes, more, deadline);
  }

 private:
  const int surplus_fd_;
};

}  // namespace

std::span<const MutationRow> AllMutations() { return kRows; }

const MutationRow& Describe(Mutation mutation) {
  return kRows[static_cast<std::size_t>(mutation)];
}

std::optional<Mutation> FindMutation(std::string_view name) {
  const auto row = std::find_if(
      std::begin(kRows), std::end(kRows),
      [name](const MutationRow& each) { return each.name == name; });
  if (row == std::end(kRows)) return std::nullopt;
  return row->mutation;
}

std::unique_ptr<Channel> Mutate(std::unique_ptr<Channel> channel,
                                Mutation mutation,
                                const MutationOptions& options) {
  using Turns = PiecewiseChannel::Turns;
  switch (mutation) {
    case Mutation::kNone:
      return channel;
    case Mutation::kSplit1:
      return std::make_unique<PiecewiseChannel>(std::move(channel), 1,
                                                options.seed, Turns::kNone);
    case Mutation::kSplitN:
      return std::make_unique<PiecewiseChannel>(std::move(channel), kPieceMax,
                                                options.seed, Turns::kNone);
    case Mutation::kCoalesce:
      return std::make_unique<CoalescingChannel>(std::move(channel));
    case Mutation::kSlow:
      return std::make_unique<PiecewiseChannel>(std::move(channel), kPieceMax,
                                                options.seed, Turns::kBetween);
    case Mutation::kLateFds:
      return std::make_unique<LateFds>(std::move(channel));
    case Mutation::kSurplusFds:
      return std::make_unique<SurplusFds>(std::move(channel),
                                          options.surplus_fd);
  }
  return channel;
}

}  // namespace vuspec
