// GET_FEATURES round trips of the Frontend, beside a raw ping-pong of 12 bytes
// between two threads over the same kind of socket.
//
//   Echo  the peer answers without looking: the front-end's share
//   Mock  the mock back-end, with all that it checks
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "bench/comparison.h"
#include "bench/mock_session.h"
#include "bench/must.h"
#include "bench/two_threads.h"
#include "benchmark/benchmark.h"
#include "harness/frontend/frontend.h"
#include "harness/transport/unix_channel.h"
#include "protocol/header.h"
#include "protocol/message_spec.h"

namespace vuspec::bench {
namespace {

void MeasureRoundTrips(benchmark::State& state, Frontend& frontend) {
  SocketPingPong ping_pong;
  std::uint64_t count = 0;
  Comparison comparison([&] { return ping_pong.Play(); });
  for (auto _ : state) {
    Must(frontend.GetFeatures());
    ++count;
  }
  comparison.Report(state, count);
}

void Echo(benchmark::State& state) {
  auto pair = Must(SocketPair());
  const int peer = pair.second->PollFd();
  const Opponent opponent(
      [&](const Opponent::Stopped& stopped) {
        protocol::HeaderBytes request;
        const auto header = protocol::EncodeHeader(
            {static_cast<std::uint32_t>(protocol::Request::GET_FEATURES),
             protocol::kVersion | protocol::kReplyFlag, 8});
        std::array<std::byte, protocol::kHeaderSize + 8> reply{};
        std::memcpy(reply.data(), header.data(), header.size());
        std::vector<UniqueFd> fds;
        const Deadline forever = Deadline::After(std::chrono::hours(1));
        while (!stopped) {
          std::size_t size = 0;
          while (size < request.size()) {
            const auto got = pair.second->Receive(
                std::span(request).subspan(size), fds, forever);
            if (!got.ok() || *got == 0) return;
            size += *got;
          }
          if (!pair.second->Send(reply, {}, forever).ok()) return;
        }
      },
      [peer] { ::shutdown(peer, SHUT_RDWR); });
  Frontend frontend(std::move(pair.first));
  MeasureRoundTrips(state, frontend);
}
BENCHMARK(Echo)->UseRealTime();

void Mock(benchmark::State& state) {
  MockSession session;
  MeasureRoundTrips(state, session.frontend());
}
BENCHMARK(Mock)->UseRealTime();

}  // namespace
}  // namespace vuspec::bench

BENCHMARK_MAIN();
