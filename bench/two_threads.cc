#include "bench/two_threads.h"

#include <pthread.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>

#include "harness/transport/check.h"
#include "harness/transport/deadline.h"
#include "protocol/header.h"

namespace vuspec::bench {
namespace {

using Buffer = std::array<std::byte, protocol::kHeaderSize>;

Event MakeEvent() {
  auto event = Event::Create();
  VU_CHECK(event.ok(), "an event");
  return *std::move(event);
}

void Await(const Event& event) {
  VU_CHECK(event.Wait(Deadline::After(std::chrono::seconds(30))).ok(),
           "the other thread answers");
  event.TryConsume();
}

}  // namespace

void MoveThisThread(Place place) {
  // The processors of the process, before any of its threads moved.
  static const cpu_set_t allowed = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    sched_getaffinity(0, sizeof set, &set);
    return set;
  }();
  cpu_set_t one;
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (place == Place::kFirst) break;
  }
  // A place is wished for, not needed: some systems do not let us choose.
  static_cast<void>(pthread_setaffinity_np(pthread_self(), sizeof one, &one));
}

Opponent::Opponent(std::function<void(const Stopped&)> serve,
                   std::function<void()> wake)
    : wake_(std::move(wake)) {
  MoveThisThread(Place::kFirst);
  thread_ = std::thread([this, serve = std::move(serve)] {
    MoveThisThread(Place::kLast);
    serve(stopped_);
  });
}

Opponent::~Opponent() {
  stopped_ = true;
  wake_();
  thread_.join();
}

CacheLinePingPong::CacheLinePingPong()
    : opponent_([this](const Opponent::Stopped& stopped) {
        std::uint64_t seen = 0;
        Spinner spinner;
        while (!stopped) {
          const std::uint64_t ping =
              ping_.value.load(std::memory_order_acquire);
          if (ping == seen) {
            spinner.Spin();
            continue;
          }
          seen = ping;
          pong_.value.store(seen, std::memory_order_release);
        }
      }) {}

std::uint64_t CacheLinePingPong::Play() {
  constexpr std::uint64_t kRounds = 1000;
  Spinner spinner;
  for (std::uint64_t i = 0; i < kRounds; ++i) {
    ping_.value.store(++round_, std::memory_order_release);
    while (pong_.value.load(std::memory_order_acquire) != round_) {
      spinner.Spin();
    }
  }
  return kRounds;
}

EventPingPong::EventPingPong()
    : ping_(MakeEvent()),
      pong_(MakeEvent()),
      opponent_(
          [this](const Opponent::Stopped& stopped) {
            while (!stopped) {
              Await(ping_);
              pong_.Signal();
            }
          },
          [this] { ping_.Signal(); }) {}

std::uint64_t EventPingPong::Play() {
  constexpr std::uint64_t kRounds = 100;
  for (std::uint64_t i = 0; i < kRounds; ++i) {
    ping_.Signal();
    Await(pong_);
  }
  return kRounds;
}

std::pair<UniqueFd, UniqueFd> MakeSocketPair() {
  std::array<int, 2> ends{};
  VU_CHECK(
      ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0,
      "a pair of sockets");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

SocketPingPong::SocketPingPong() : SocketPingPong(MakeSocketPair()) {}

SocketPingPong::SocketPingPong(std::pair<UniqueFd, UniqueFd> pair)
    : ours_(std::move(pair.first)),
      theirs_(std::move(pair.second)),
      opponent_(
          [this](const Opponent::Stopped&) {
            Buffer buffer;
            while (::recv(theirs_.get(), buffer.data(), buffer.size(),
                          MSG_WAITALL) > 0) {
              static_cast<void>(::send(theirs_.get(), buffer.data(),
                                       buffer.size(), MSG_NOSIGNAL));
            }
          },
          [this] { ::shutdown(ours_.get(), SHUT_RDWR); }) {}

std::uint64_t SocketPingPong::Play() {
  constexpr std::uint64_t kRounds = 100;
  Buffer buffer{};
  for (std::uint64_t i = 0; i < kRounds; ++i) {
    VU_CHECK(::send(ours_.get(), buffer.data(), buffer.size(), MSG_NOSIGNAL) ==
                 static_cast<ssize_t>(buffer.size()),
             "a short message is sent whole");
    VU_CHECK(::recv(ours_.get(), buffer.data(), buffer.size(), MSG_WAITALL) ==
                 static_cast<ssize_t>(buffer.size()),
             "the other thread answers");
  }
  return kRounds;
}

}  // namespace vuspec::bench
