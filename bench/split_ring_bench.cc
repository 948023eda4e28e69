// Throughput of the split ring: chains per second, beside what the machine
// could do at most.
//
//   OneCore   driver and device in one thread; baseline: copying the bytes
//   TwoCores  a device that polls in another thread; baseline: round trips of
//             a cache line between the two
//   Mock      reads from the disk of a mock process, over eventfds; baseline:
//             round trips between two threads over eventfds
// The argument is how many chains are made available at a time.
#include <array>
#include <cstring>
#include <memory>

#include "bench/comparison.h"
#include "bench/mock_session.h"
#include "bench/must.h"
#include "bench/two_threads.h"
#include "benchmark/benchmark.h"
#include "harness/memory/guest_memory.h"
#include "harness/ring/split_device.h"
#include "harness/ring/split_driver.h"
#include "harness/session/session_ring.h"

namespace vuspec::bench {
namespace {

constexpr std::uint16_t kQueueSize = 256;

class Rig {
 public:
  Rig()
      : memory_(Must(GuestMemory::CreateDefault())),
        driver_(Must(SplitDriver::Create(memory_, kQueueSize, {}))),
        device_(MakeDevice()),
        buffer_(Must(memory_.Allocate(64, 64))) {}

  // Returns how many chains went round.
  std::uint64_t Submit(std::uint64_t batch) {
    const std::array segments = {Segment{buffer_.guest_address, 16, false},
                                 Segment{buffer_.guest_address + 16, 48, true}};
    for (std::uint64_t i = 0; i < batch; ++i) Must(driver_.AddChain(segments));
    driver_.Publish();
    return batch;
  }

  // Whether there was a chain.
  bool Serve() {
    std::uint64_t count = 0;
    for (; Must(device_.Pop(chain_)); ++count) device_.Stage(chain_.head(), 48);
    if (count != 0) device_.Publish();
    return count != 0;
  }

  void Collect(std::uint64_t batch) {
    Spinner spinner;
    while (batch != 0) {
      Must(driver_.PopUsed()) ? static_cast<void>(--batch) : spinner.Spin();
    }
  }

 private:
  SplitDevice MakeDevice() {
    driver_.StartAt(0);
    return Must(SplitDevice::Create(memory_, memory_, driver_.guest_addresses(),
                                    kQueueSize, {}));
  }

  GuestMemory memory_;
  SplitDriver driver_;
  SplitDevice device_;
  GuestBuffer buffer_;
  Chain chain_;
};

// The bytes that a chain of two costs: descriptors, both ring entries.
std::uint64_t CopyRingBytes() {
  constexpr std::size_t kBytes =
      2 * kDescriptorSize + kAvailableEntrySize + kUsedElementSize;
  constexpr std::uint64_t kRounds = 1000;
  std::array<std::byte, kBytes> from{};
  std::array<std::byte, kBytes> to{};
  for (std::uint64_t i = 0; i < kRounds; ++i) {
    benchmark::DoNotOptimize(from.data());
    std::memcpy(to.data(), from.data(), kBytes);
    benchmark::DoNotOptimize(to.data());
    benchmark::ClobberMemory();
  }
  return kRounds;
}

void OneCore(benchmark::State& state) {
  const auto batch = static_cast<std::uint64_t>(state.range(0));
  Rig rig;
  std::uint64_t count = 0;
  Comparison comparison(CopyRingBytes);
  for (auto _ : state) {
    count += rig.Submit(batch);
    rig.Serve();
    rig.Collect(batch);
  }
  comparison.Report(state, count);
}
BENCHMARK(OneCore)->Arg(1)->Arg(16)->Arg(64);

void TwoCores(benchmark::State& state) {
  const auto batch = static_cast<std::uint64_t>(state.range(0));
  CacheLinePingPong ping_pong;
  std::uint64_t count = 0;
  Comparison comparison([&] { return ping_pong.Play(); });
  {
    Rig rig;
    const Opponent device([&](const Opponent::Stopped& stopped) {
      Spinner spinner;
      while (!stopped) {
        if (!rig.Serve()) spinner.Spin();
      }
    });
    for (auto _ : state) {
      count += rig.Submit(batch);
      rig.Collect(batch);
    }
  }
  comparison.Report(state, count);
}
BENCHMARK(TwoCores)->Arg(1)->Arg(16)->Arg(64)->UseRealTime();

void Mock(benchmark::State& state) {
  const auto batch = static_cast<std::uint64_t>(state.range(0));
  constexpr std::uint32_t kSectorSize = 512;
  constexpr std::uint32_t kHeaderSize = 16;
  MockSession session;
  auto memory =
      std::make_unique<GuestMemory>(Must(GuestMemory::CreateDefault()));
  Must(session.frontend().SetMemTable(memory->regions()));
  const auto ring =
      Must(SessionRing::Create(session.frontend(), *memory, 0,
                               {.size = kQueueSize}, std::chrono::seconds(10)));
  Must(ring->Bring());
  // The header of a read of sector 0 is all zero.
  const GuestBuffer buffer =
      Must(memory->Allocate(kHeaderSize + kSectorSize + 1, kHeaderSize));
  const std::uint64_t data = buffer.guest_address + kHeaderSize;
  const std::array segments = {
      Segment{buffer.guest_address, kHeaderSize, false},
      Segment{data, kSectorSize, true}, Segment{data + kSectorSize, 1, true}};

  EventPingPong ping_pong;
  std::uint64_t count = 0;
  Comparison comparison([&] { return ping_pong.Play(); });
  for (auto _ : state) {
    for (std::uint64_t i = 0; i < batch; ++i) Must(ring->PostQuietly(segments));
    ring->Kick();
    for (std::uint64_t i = 0; i < batch; ++i) Must(ring->Await());
    count += batch;
  }
  comparison.Report(state, count);
}
BENCHMARK(Mock)->Arg(1)->Arg(16)->Arg(64)->UseRealTime();

}  // namespace
}  // namespace vuspec::bench

BENCHMARK_MAIN();
