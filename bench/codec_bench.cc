// Messages per second through the codec, the validator and the framer, beside
// a copy of the same bytes.
#include <array>
#include <cstring>
#include <string>
#include <vector>

#include "bench/comparison.h"
#include "benchmark/benchmark.h"
#include "harness/transport/check.h"
#include "protocol/codec.h"
#include "protocol/framer.h"
#include "protocol/validator.h"

namespace vuspec::bench {
namespace {

using protocol::Message;
using protocol::Request;

struct Sample {
  Message message;
  std::vector<std::byte> bytes;  // header and payload

  protocol::Frame frame() const {
    return {
        protocol::DecodeHeader(std::span(bytes).first<protocol::kHeaderSize>()),
        std::span(bytes).subspan(protocol::kHeaderSize), message.fd_count};
  }
};

Sample MakeSample(Message message) {
  std::vector<std::byte> bytes(protocol::kHeaderSize +
                               protocol::EncodedSize(message.body));
  const auto payload = std::span(bytes).subspan(protocol::kHeaderSize);
  protocol::EncodeBody(message.body, payload);
  const auto header =
      protocol::EncodeHeader({message.spec->id, message.flags,
                              static_cast<std::uint32_t>(payload.size())});
  std::memcpy(bytes.data(), header.data(), header.size());
  return {std::move(message), std::move(bytes)};
}

// The smallest, two usual ones, and the largest of the rings' set-up.
std::vector<Sample> Samples() {
  protocol::MemoryTable table;
  table.region_count = protocol::kMemoryRegionCountMax;
  protocol::Config config;
  config.size = protocol::kConfigSizeMax;
  std::vector<Sample> samples;
  samples.push_back(MakeSample(MakeRequest(Request::GET_FEATURES)));
  samples.push_back(
      MakeSample(MakeRequest(Request::SET_FEATURES, protocol::U64{1})));
  samples.push_back(
      MakeSample(MakeRequest(Request::SET_VRING_ADDR, protocol::VringAddr{})));
  samples.push_back(MakeSample(
      MakeRequest(Request::SET_MEM_TABLE, table, table.region_count)));
  samples.push_back(MakeSample(MakeRequest(Request::SET_CONFIG, config)));
  return samples;
}

std::uint64_t CopyBytes(const Sample& sample) {
  static std::array<std::byte, protocol::kPayloadSizeMax> to;
  constexpr std::uint64_t kRounds = 1000;
  for (std::uint64_t i = 0; i < kRounds; ++i) {
    benchmark::DoNotOptimize(sample.bytes.data());
    std::memcpy(to.data(), sample.bytes.data(), sample.bytes.size());
    benchmark::DoNotOptimize(to.data());
    benchmark::ClobberMemory();
  }
  return kRounds;
}

// Runs `work` on the sample, once an iteration.
template <typename Work>
void Measure(benchmark::State& state, const Sample& sample, Work&& work) {
  std::uint64_t count = 0;
  Comparison comparison([&] { return CopyBytes(sample); });
  for (auto _ : state) {
    work();
    ++count;
  }
  comparison.Report(state, count);
  state.SetBytesProcessed(static_cast<std::int64_t>(count) *
                          static_cast<std::int64_t>(sample.bytes.size()));
}

void Encode(benchmark::State& state, const Sample& sample) {
  std::array<std::byte, protocol::kPayloadSizeMax> out;
  Measure(state, sample, [&] {
    benchmark::DoNotOptimize(protocol::EncodeBody(sample.message.body, out));
    benchmark::DoNotOptimize(out.data());
  });
}

void Decode(benchmark::State& state, const Sample& sample) {
  const protocol::Payload kind = PayloadOf(sample.message.body);
  const auto payload = sample.frame().payload;
  Measure(state, sample, [&] {
    const auto body = DecodeBody(kind, payload, {sample.message.spec->name});
    benchmark::DoNotOptimize(body.ok());
  });
}

void Validate(benchmark::State& state, const Sample& sample) {
  const protocol::Frame frame = sample.frame();
  VU_CHECK(ValidateRequest(frame, protocol::Channel::kMain, {}).ok(),
           "a sample is a right message");
  Measure(state, sample, [&] {
    const auto message = ValidateRequest(frame, protocol::Channel::kMain, {});
    benchmark::DoNotOptimize(message.ok());
  });
}

void Frame(benchmark::State& state, const Sample& sample) {
  protocol::Framer framer;
  Measure(state, sample,
          [&] { benchmark::DoNotOptimize(framer.Feed(sample.bytes, 0)); });
}

}  // namespace
}  // namespace vuspec::bench

int main(int argc, char** argv) {
  using namespace vuspec::bench;  // NOLINT: the benchmarks are in it
  const std::vector<Sample> samples = Samples();
  for (const Sample& sample : samples) {
    const std::string name = "/" + std::string(sample.message.spec->name);
    const auto add = [&](const char* kind, auto run) {
      benchmark::RegisterBenchmark(
          (kind + name).c_str(),
          [run, &sample](benchmark::State& state) { run(state, sample); });
    };
    add("Encode", Encode);
    add("Decode", Decode);
    add("Validate", Validate);
    add("Frame", Frame);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
