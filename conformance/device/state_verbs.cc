#include "conformance/device/state_verbs.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "conformance/kit/matchers.h"
#include "harness/transport/poll.h"
#include "harness/transport/write_quietly.h"

namespace vuspec {
namespace {

constexpr std::uint32_t kSave = 0;
constexpr std::uint32_t kLoad = 1;
constexpr std::uint32_t kStopped = 0;

struct PipeEnds {
  UniqueFd read_end;
  UniqueFd write_end;
};

PipeEnds MakePipe() {
  std::array<int, 2> ends = {-1, -1};
  [&] { ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0); }();
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// Our end unless the peer sent one of its own, which replaces it.
UniqueFd Begin(Session& session, const protocol::DeviceStateTransfer& how,
               UniqueFd ours, const UniqueFd& theirs) {
  UniqueFd own =
      Require(session.frontend().SetDeviceStateFd(how, theirs.get()));
  return own ? std::move(own) : std::move(ours);
}

// Fits without waiting.
bool WritePiece(const UniqueFd& channel, std::span<const std::byte>& bytes) {
  const ssize_t size =
      WriteQuietly(channel.get(),
                   bytes.first(std::min<std::size_t>(bytes.size(), PIPE_BUF)));
  if (size <= 0) return false;
  bytes = bytes.subspan(static_cast<std::size_t>(size));
  return true;
}

}  // namespace

std::vector<protocol::VringState> Suspend(Session& session) {
  std::vector<protocol::VringState> stops;
  for (const std::uint32_t queue : session.driver()->profile().queues) {
    stops.push_back(Require(session.ring(queue).Stop()));
  }
  return stops;
}

void Resume(Session& session, std::span<const protocol::VringState> stops) {
  for (const protocol::VringState& stop : stops) {
    Require(session.ring(stop.index).Restart(stop));
  }
}

void ResumeElsewhere(Session& session,
                     std::span<const protocol::VringState> stops) {
  for (const protocol::VringState& stop : stops) {
    const auto base = static_cast<std::uint16_t>(stop.num);
    Require(session.StartRing(stop.index, {.base = base}));
  }
  Require(session.frontend().Fence());
}

protocol::DeviceStateTransfer Saving() { return {kSave, kStopped}; }
protocol::DeviceStateTransfer Loading() { return {kLoad, kStopped}; }

UniqueFd BeginSave(Session& session) {
  PipeEnds pipe = MakePipe();
  return Begin(session, Saving(), std::move(pipe.read_end), pipe.write_end);
}

UniqueFd BeginLoad(Session& session) {
  PipeEnds pipe = MakePipe();
  return Begin(session, Loading(), std::move(pipe.write_end), pipe.read_end);
}

HeldSave BeginHeldSave(Session& session) {
  PipeEnds pipe = MakePipe();
  const std::vector<std::byte> other(PIPE_BUF);
  HeldSave save;
  while (WaitWritable(pipe.write_end.get(), Deadline::Now()).ok()) {
    std::span<const std::byte> bytes = other;
    [&] { ASSERT_TRUE(WritePiece(pipe.write_end, bytes)); }();
    save.other_size += other.size() - bytes.size();
  }
  const int ours = pipe.read_end.get();
  save.channel =
      Begin(session, Saving(), std::move(pipe.read_end), pipe.write_end);
  if (save.channel.get() != ours) save.other_size = 0;
  return save;
}

std::vector<std::byte> ReadToEnd(const UniqueFd& channel) {
  std::vector<std::byte> all;
  std::array<std::byte, 65536> bytes;
  for (;;) {
    const absl::Status ready =
        WaitReadable(channel.get(), CurrentRun().ForAnswer(),
                     "the rest of the device state, or its end");
    [&] { ASSERT_TRUE(ready.ok()) << ready; }();
    const ssize_t size = ::read(channel.get(), bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    [&] { ASSERT_GE(size, 0) << "the channel cannot be read"; }();
    if (size == 0) return all;
    all.insert(all.end(), bytes.begin(), bytes.begin() + size);
  }
}

bool WriteAll(const UniqueFd& channel, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const absl::Status room =
        WaitWritable(channel.get(), CurrentRun().ForAnswer(),
                     "the peer to read the device state");
    [&] { ASSERT_TRUE(room.ok()) << room; }();
    if (!WritePiece(channel, bytes)) return false;
  }
  return true;
}

std::vector<std::byte> SaveState(Session& session) {
  std::vector<std::byte> state = ReadToEnd(BeginSave(session));
  Require(session.frontend().CheckDeviceState());
  return state;
}

Reply<Done> LoadState(Session& session, std::span<const std::byte> state) {
  UniqueFd channel = BeginLoad(session);
  WriteAll(channel, state);
  channel.reset();
  return session.frontend().CheckDeviceState();
}

}  // namespace vuspec
