// Probes about GPUs and the socket of their protocol.
#include <array>
#include <memory>
#include <vector>

#include "harness/backend/fault_probe.h"
#include "harness/backend/gpu_test_support.h"
#include "harness/transport/poll.h"

namespace vuspec {
namespace {

using protocol::Request;

// Our end of a socket that the mock acked.
std::unique_ptr<UnixChannel> Give(TestFrontend& frontend) {
  auto pair = SocketPair();
  const bool refused =
      frontend.Tell(Request::GPU_SET_SOCKET, {}, {pair->second->PollFd()})
          .refused();
  return refused ? nullptr : std::move(pair->first);
}

bool IsHeld(const UnixChannel& display) {
  return !WaitHungUp(display.PollFd(), Deadline::Now()).ok();
}

bool KeepsASocket(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  const auto display = Give(frontend);
  return display != nullptr && frontend.Fence() && IsHeld(*display);
}

bool ClosesItWithTheSession(const TestServer& server) {
  std::unique_ptr<UnixChannel> display;
  {
    TestFrontend frontend(server);
    frontend.Negotiate();
    display = Give(frontend);
  }
  return WaitHungUp(display->PollFd(), server.Patience()).ok();
}

bool ReplacesASocket(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  const auto first = Give(frontend);
  const auto second = Give(frontend);
  return frontend.Fence() && !IsHeld(*first) && IsHeld(*second);
}

bool AsksForFeatures(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Negotiate();
  const auto display = Give(frontend);
  std::array<std::uint32_t, 4> said{};
  std::vector<UniqueFd> fds;
  const auto size = display->Receive(std::as_writable_bytes(std::span(said)),
                                     fds, server.Patience());
  return size.ok() && *size == 12 &&
         said == std::array<std::uint32_t, 4>{1, 0, 0, 0};
}

bool RefusesAnIdInUse(const TestServer& server) {
  TestFrontend frontend(server);
  frontend.Begin();
  return AskGpu(frontend, {.type = 0x101, .resource = 7}) == 0x1100 &&
         AskGpu(frontend, {.type = 0x101, .resource = 7}) == 0x1203;
}

}  // namespace

std::vector<ProbedFaults> GpuProbes() {
  return {
      {KeepsASocket,
       {Fault::kGpuSocketRefused, Fault::kGpuSocketDropped},
       "gpu"},
      {ClosesItWithTheSession, {Fault::kGpuSocketLeaked}, "gpu"},
      {ReplacesASocket,
       {Fault::kGpuFirstSocketKept, Fault::kGpuSecondSocketForgotten},
       "gpu"},
      {AsksForFeatures,
       {Fault::kGpuSpeaksOutOfTurn, Fault::kGpuRequestUnknown,
        Fault::kGpuSizeOverstated},
       "gpu"},
      {RefusesAnIdInUse, {Fault::kGpuIdsNotChecked}, "gpu"},
  };
}

}  // namespace vuspec
