// The driver and the device at work on one ring: every size, across the wrap
// of the indices, with and without each feature, in one thread and in two.
#include <array>
#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/ring/ring_rig.h"

namespace vuspec {
namespace {

// A request is a number; the device answers with its complement.
constexpr std::uint32_t kWord = 8;

struct Slot {
  std::array<Segment, 2> segments;
  std::byte* request = nullptr;
  std::byte* answer = nullptr;
  std::uint64_t number = 0;
};

class Exchange {
 public:
  explicit Exchange(const RingRigOptions& options)
      : options_(options), rig_(options) {
    slots_.resize(options.queue_size);
    for (Slot& slot : slots_) {
      const GuestBuffer request = Require(rig_.memory->Allocate(kWord, 8));
      const GuestBuffer answer = Require(rig_.memory->Allocate(kWord, 8));
      slot.segments = {Segment{request.guest_address, kWord, false},
                       Segment{answer.guest_address, kWord, true}};
      slot.request = request.bytes.data();
      slot.answer = answer.bytes.data();
    }
    slot_of_head_.resize(options.queue_size);
    for (std::size_t i = 0; i < slots_.size(); ++i) free_slots_.push_back(i);
  }

  RingRig& rig() { return rig_; }

  // Adds up to `limit` requests; returns how many found room.
  std::uint64_t Submit(std::uint64_t limit) {
    std::uint64_t count = 0;
    while (count < limit) {
      // A queue of one has room for one direct descriptor only.
      const bool answer_only = options_.queue_size == 1 && !options_.indirect;
      const bool indirect = options_.indirect && next_number_ % 3 != 0;
      const std::uint16_t needed = indirect || answer_only ? 1 : 2;
      if (rig_.driver.free_count() < needed) {
        if (rig_.driver.free_count() > 0 && options_.indirect) {
          ++next_number_;  // try the other kind
          continue;
        }
        break;
      }
      const std::size_t index = free_slots_.back();
      free_slots_.pop_back();
      Slot& slot = slots_[index];
      slot.number = next_number_++;
      Store<std::uint64_t>(slot.request, slot.number);
      Store<std::uint64_t>(slot.answer, 0);
      const std::uint16_t head = Require(rig_.driver.AddChain(
          std::span<const Segment>(slot.segments).subspan(answer_only ? 1 : 0),
          {.indirect = indirect}));
      slot_of_head_[head] = index;
      ++count;
    }
    if (count > 0) rig_.driver.Publish();
    return count;
  }

  // Checks and takes back what is complete.
  std::uint64_t Collect() {
    std::uint64_t count = 0;
    while (const auto completion = Require(rig_.driver.PopUsed())) {
      const std::size_t index = slot_of_head_[completion->head];
      const Slot& slot = slots_[index];
      EXPECT_EQ(completion->length, kWord);
      const bool answer_only = options_.queue_size == 1 && !options_.indirect;
      EXPECT_EQ(Load<std::uint64_t>(slot.answer),
                answer_only ? ~std::uint64_t{0} : ~slot.number);
      free_slots_.push_back(index);
      ++count;
    }
    return count;
  }

  // The device: serves up to `limit` chains.
  std::uint64_t Serve(std::uint64_t limit) {
    std::uint64_t count = 0;
    while (count < limit && Require(rig_.device.Pop(chain_))) {
      std::uint64_t number = 0;
      for (const Chain::Span span : chain_.readable()) {
        number = Load<std::uint64_t>(span.data());
      }
      Store<std::uint64_t>(chain_.writable()[0].data(), ~number);
      rig_.device.Push(chain_.head(), kWord);
      ++count;
    }
    return count;
  }

 private:
  RingRigOptions options_;
  RingRig rig_;
  std::vector<Slot> slots_;
  std::vector<std::size_t> slot_of_head_;
  std::vector<std::size_t> free_slots_;
  std::uint64_t next_number_ = 0;
  Chain chain_;
};

class SplitExchange : public testing::TestWithParam<RingRigOptions> {};

TEST_P(SplitExchange, EveryRequestComesBackOnceAcrossTheWrap) {
  Exchange exchange(GetParam());
  constexpr std::uint64_t kTotal = 66000;  // more than 65536: all wraps seen
  std::uint64_t done = 0;
  std::uint64_t submitted = 0;
  std::uint64_t round = 0;
  while (done < kTotal) {
    submitted += exchange.Submit(1 + round * 7 % GetParam().queue_size);
    exchange.Serve(1 + round * 5 % GetParam().queue_size);
    done += exchange.Collect();
    if (++round % 256 == 0) exchange.rig().driver.CheckInvariants();
    ASSERT_LE(round, 4 * kTotal) << "no progress";
  }
  exchange.Serve(submitted);
  done += exchange.Collect();
  EXPECT_EQ(done, submitted);
  SplitDriver& driver = exchange.rig().driver;
  driver.CheckInvariants();
  EXPECT_EQ(driver.outstanding(), 0);
  EXPECT_EQ(driver.free_count(), GetParam().queue_size);
  const auto end = static_cast<std::uint16_t>(GetParam().base + submitted);
  EXPECT_EQ(driver.avail_index(), end);
  EXPECT_EQ(driver.used_index(), end);
  EXPECT_EQ(exchange.rig().device.next_avail(), end);
  EXPECT_THAT(exchange.rig().memory->CheckCanaries(), testing::IsEmpty());
}

std::vector<RingRigOptions> AllSizes() {
  std::vector<RingRigOptions> all;
  for (std::uint32_t size = 1; size <= 1024; size *= 2) {
    for (const bool event_idx : {false, true}) {
      for (const bool indirect : {false, true}) {
        all.push_back({size, event_idx, indirect,
                       static_cast<std::uint16_t>(event_idx ? 65530 : 0), 1});
      }
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(
    AllSizes, SplitExchange, testing::ValuesIn(AllSizes()),
    [](const testing::TestParamInfo<RingRigOptions>& options) {
      return "Size" + std::to_string(options.param.queue_size) +
             (options.param.event_idx ? "EventIdx" : "Flags") +
             (options.param.indirect ? "Indirect" : "Direct");
    });

class SplitTwoThreads : public testing::TestWithParam<bool> {};

// No lock and no descriptor: both sides poll. What is checked is that the data
// of a request is there when its index is, in both directions.
TEST_P(SplitTwoThreads, DataIsVisibleWithTheIndexThatAnnouncesIt) {
  constexpr std::uint64_t kTotal = 20000;
  Exchange exchange(
      {.queue_size = 64, .event_idx = true, .indirect = GetParam()});
  std::thread device([&] {
    for (std::uint64_t served = 0; served < kTotal;) {
      const std::uint64_t now = exchange.Serve(16);
      if (now == 0) std::this_thread::yield();
      served += now;
    }
  });
  std::uint64_t submitted = 0;
  std::uint64_t done = 0;
  while (done < kTotal) {
    submitted += exchange.Submit(kTotal - submitted);
    const std::uint64_t now = exchange.Collect();
    if (now == 0) std::this_thread::yield();
    done += now;
  }
  device.join();
  EXPECT_EQ(exchange.rig().driver.outstanding(), 0);
}

INSTANTIATE_TEST_SUITE_P(DirectAndIndirect, SplitTwoThreads, testing::Bool());

// A driver that rewrites its descriptors while the device reads them: any
// verdict will do, but every span has to lie in memory and inside the bounds
// that were checked, which AddressSanitizer and the guard pages judge.
TEST(SplitTwoThreadsHostile, DescriptorsThatChangeWhileTheyAreReadDoNoHarm) {
  RingRig rig({.queue_size = 4, .indirect = true});
  const SplitRingView view = rig.driver.view();
  const GuestBuffer buffer = Require(rig.memory->Allocate(64, 64));
  std::atomic<bool> stop{false};
  std::thread driver([&] {
    const std::array<Descriptor, 6> faces = {
        Descriptor{buffer.guest_address, 64, 0, 0},
        Descriptor{buffer.guest_address, 64, VIRTQ_DESC_F_NEXT, 1},
        Descriptor{buffer.guest_address, 64,
                   VIRTQ_DESC_F_NEXT | VIRTQ_DESC_F_WRITE, 2},
        Descriptor{~0ULL, ~0U, VIRTQ_DESC_F_WRITE, 0xffff},
        Descriptor{buffer.guest_address, 32, VIRTQ_DESC_F_INDIRECT, 0},
        Descriptor{buffer.guest_address, ~0U, VIRTQ_DESC_F_NEXT, 0xffff}};
    for (std::size_t i = 0; !stop.load(); ++i) {
      view.SetDescriptor(i % 4, faces[i % faces.size()]);
      StoreDescriptor(buffer.bytes.data() + 16 * (i % 4),
                      faces[i / 4 % faces.size()]);
      view.SetAvailEntry(static_cast<std::uint16_t>(i), i % 4);
      view.SetAvailIndex(static_cast<std::uint16_t>(view.used_index() + 1));
      if (i % 64 == 0) std::this_thread::yield();
    }
  });
  Chain chain;
  int taken = 0;
  int refused = 0;
  while (taken + refused < 4000) {
    const auto popped = rig.device.Pop(chain);
    // The index that the driver derives from a used index of before.
    if (CitedBy(popped) == protocol::Req::VS_30) continue;
    if (popped && !*popped) {
      std::this_thread::yield();
      continue;
    }
    popped ? ++taken : ++refused;
    for (const Chain::Span span : chain.readable()) {
      std::array<std::byte, 64> local;
      ASSERT_LE(span.size(), GuestMemory::kDefaultRegionSize);
      CopyIn(std::span(local).first(std::min(local.size(), span.size())),
             span.data());
    }
    rig.device.Push(chain.head(), 0);
  }
  stop.store(true);
  driver.join();
  EXPECT_GT(taken, 0);
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace vuspec
