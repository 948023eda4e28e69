#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/backend/backend_server.h"
#include "harness/cli/commands.h"
#include "harness/cli/target.h"
#include "harness/suite/interrupts.h"
#include "harness/transport/event_fd.h"
#include "harness/transport/poll.h"
#include "harness/transport/unix_channel.h"
#include "harness/transport/unix_socket.h"

namespace vuspec {
namespace {

// Nobody has to come.
constexpr std::chrono::hours kForEver{24 * 365};

// Stops the server when a signal comes, until it goes itself.
class StopOnInterrupt {
 public:
  StopOnInterrupt(BackendServer& server, Interrupts& interrupts, Event done)
      : done_(std::move(done)), thread_([this, &server, &interrupts] {
          const int fds[] = {interrupts.PollFd(), done_.fd()};
          const auto first = WaitAny(fds, Deadline::After(kForEver), "an end");
          if (first.ok() && *first == 0) server.Stop();
        }) {}
  ~StopOnInterrupt() {
    done_.Signal();
    thread_.join();
  }
  StopOnInterrupt(const StopOnInterrupt&) = delete;
  StopOnInterrupt& operator=(const StopOnInterrupt&) = delete;

 private:
  Event done_;
  std::thread thread_;
};

absl::Status ServeOnce(BackendServer& server, UnixListener& listener) {
  auto channel = listener.Accept(Deadline::Now());
  if (!channel.ok()) return channel.status();
  return server.ServeConnection((*channel)->TakeSocket());
}

absl::Status Serve(const ServeOptions& options, const MockOptions& mock) {
  auto server = BackendServer::Create(mock);
  if (!server.ok()) return server.status();
  auto listener = UnixListener::Listen(options.socket);
  if (!listener.ok()) return listener.status();
  absl::StatusOr<Event> done = Event::Create();
  if (!done.ok()) return done.status();
  Interrupts interrupts;
  std::fprintf(stderr, "vuspec: a %s back-end listens on %s\n",
               mock.device.c_str(), options.socket.c_str());
  if (options.once) {
    const int fds[] = {interrupts.PollFd(), listener->PollFd()};
    const auto first = WaitAny(fds, Deadline::After(kForEver), "a front-end");
    if (!first.ok()) return first.status();
    if (*first == 0) return absl::OkStatus();
  }
  const StopOnInterrupt stop(**server, interrupts, *std::move(done));
  return options.once ? ServeOnce(**server, *listener)
                      : (*server)->Serve(*listener);
}

}  // namespace

ExitCode ServeCommand(const ServeOptions& options) {
  UnixChannel::ReserveDescriptors();
  MockOptions mock;
  mock.device = options.device;
  absl::StatusOr<FaultSet> faults = ParseFaults(options.faults);
  if (!faults.ok()) return Complain(faults.status(), ExitCode::kUsage);
  mock.faults = *faults;
  if (!options.mishap.empty()) {
    const absl::StatusOr<Mishap> mishap = ParseMishap(options.mishap);
    if (!mishap.ok()) return Complain(mishap.status(), ExitCode::kUsage);
    mock.mishap = *mishap;
  }
  const absl::Status status = Serve(options, mock);
  if (status.ok()) return ExitCode::kAsExpected;
  return Complain(status, absl::IsInvalidArgument(status)
                              ? ExitCode::kUsage
                              : ExitCode::kNotTrusted);
}

}  // namespace vuspec
