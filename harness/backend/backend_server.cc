#include "harness/backend/backend_server.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "harness/backend/misbehaviour.h"

namespace vuspec {
namespace {

constexpr EventLoop::Token kWake = 1;
constexpr EventLoop::Token kListener = 2;
constexpr EventLoop::Token kConnection = 3;
constexpr EventLoop::Token kHangUp = 4;

// How often a ring without kicks is looked at when nothing else happens.
constexpr std::chrono::microseconds kPollInterval{100};

}  // namespace

absl::StatusOr<std::unique_ptr<BackendServer>> BackendServer::Create(
    const MockOptions& options) {
  std::unique_ptr<MockDevice> device =
      MakeMockDevice(options.device, options.faults);
  if (device == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("the mock back-end has no device '", options.device, "'"));
  }
  absl::StatusOr<EventLoop> loop = EventLoop::Create();
  if (!loop.ok()) return loop.status();
  absl::StatusOr<Event> wake = Event::Create();
  if (!wake.ok()) return wake.status();
  absl::StatusOr<Event> stopped = Event::Create();
  if (!stopped.ok()) return stopped.status();
  const absl::Status watched =
      loop->Watch(wake->fd(), kWake, EventLoop::Trigger::kLevel);
  if (!watched.ok()) return watched;
  return std::unique_ptr<BackendServer>(
      new BackendServer(options, std::move(device), *std::move(loop),
                        *std::move(wake), *std::move(stopped)));
}

BackendServer::BackendServer(const MockOptions& options,
                             std::unique_ptr<MockDevice> device, EventLoop loop,
                             Event wake, Event stopped)
    : faults_(options.faults),
      mishap_(options.mishap),
      device_(std::move(device)),
      loop_(std::move(loop)),
      wake_(std::move(wake)),
      stopped_(std::move(stopped)),
      environment_{*device_, faults_, mishap_, hoard_, loop_, stopped_.fd()} {}

BackendServer::~BackendServer() = default;

void BackendServer::Stop() {
  stop_ = true;
  stopped_.Signal();
  wake_.Signal();
}

void BackendServer::ChangeConfig() {
  config_change_ = true;
  wake_.Signal();
}

absl::Status BackendServer::Serve(UnixListener& listener) {
  absl::Status status = Loop(&listener);
  EndSession();
  if (std::exchange(listening_, false)) loop_.Forget(listener.PollFd());
  return status;
}

absl::Status BackendServer::ServeConnection(UniqueFd socket) {
  absl::Status status =
      BeginSession(std::make_unique<UnixChannel>(std::move(socket)));
  if (status.ok()) status = Loop(nullptr);
  EndSession();
  return status;
}

absl::Status BackendServer::Loop(UnixListener* listener) {
  while (!stop_) {
    if (session_ == nullptr && listener == nullptr) return absl::OkStatus();
    if (absl::Status status = WatchListener(listener); !status.ok()) {
      return status;
    }
    if (absl::Status status = WatchConnection(); !status.ok()) return status;
    auto timeout = EventLoop::kForEver;
    if (session_ != nullptr && session_->polling()) timeout = kPollInterval;
    if (session_ != nullptr && session_->busy()) timeout = {};
    const auto tokens = loop_.Wait(timeout);
    if (!tokens.ok()) return tokens.status();
    if (absl::Status status = Dispatch(*tokens, listener); !status.ok()) {
      return status;
    }
    if (session_ != nullptr && !session_->Turn(std::exchange(readable_, false)))
      EndSession();
  }
  return absl::OkStatus();
}

absl::Status BackendServer::Dispatch(std::span<const EventLoop::Token> tokens,
                                     UnixListener* listener) {
  for (const EventLoop::Token token : tokens) {
    if (token == kWake) {
      ObeyWishes();
    } else if (token == kListener) {
      if (absl::Status status = AcceptOne(*listener); !status.ok()) {
        return status;
      }
      // The rest of the batch may be about the session before.
      return absl::OkStatus();
    } else if (token == kConnection) {
      readable_ = true;
    } else if (token == RequestChannel::kToken) {
      if (session_ != nullptr) session_->control().HearAnswers();
    } else if (token == kHangUp) {
      EndSession();
      return absl::OkStatus();
    } else if (session_ != nullptr && token >= RingSet::kFirstToken) {
      session_->control().rings().OnKick(
          static_cast<std::uint32_t>(token - RingSet::kFirstToken));
    }
  }
  return absl::OkStatus();
}

void BackendServer::ObeyWishes() {
  wake_.TryConsume();
  if (!config_change_.exchange(false)) return;
  device_->ChangeConfig();
  if (session_ != nullptr) session_->control().AnnounceConfigChange();
}

absl::Status BackendServer::WatchListener(UnixListener* listener) {
  if (listener == nullptr) return absl::OkStatus();
  const bool wanted =
      session_ == nullptr
          ? session_count_ == 0 || !faults_(Fault::kOneSessionOnly)
          : faults_(Fault::kSecondConnectionReplacesFirst);
  if (wanted == listening_) return absl::OkStatus();
  listening_ = wanted;
  if (wanted) {
    return loop_.Watch(listener->PollFd(), kListener,
                       EventLoop::Trigger::kLevel);
  }
  loop_.Forget(listener->PollFd());
  return absl::OkStatus();
}

// While an answer is due, only the end of the connection matters.
absl::Status BackendServer::WatchConnection() {
  if (session_ == nullptr || session_->reads() == reading_) {
    return absl::OkStatus();
  }
  reading_ = session_->reads();
  loop_.Forget(session_->fd());
  return reading_ ? loop_.Watch(session_->fd(), kConnection,
                                EventLoop::Trigger::kLevel)
                  : loop_.Watch(session_->fd(), kHangUp,
                                EventLoop::Trigger::kHangUp);
}

absl::Status BackendServer::AcceptOne(UnixListener& listener) {
  auto channel = listener.Accept(Deadline::Now());
  if (channel.ok()) return BeginSession(*std::move(channel));
  // Gone again before we looked, which is the caller's right.
  if (absl::IsDeadlineExceeded(channel.status())) return absl::OkStatus();
  return channel.status();
}

absl::Status BackendServer::BeginSession(std::unique_ptr<UnixChannel> channel) {
  EndSession();
  ++session_count_;
  session_ = std::make_unique<MockSession>(environment_, std::move(channel),
                                           predecessor_.get());
  reading_ = true;
  return loop_.Watch(session_->fd(), kConnection, EventLoop::Trigger::kLevel);
}

void BackendServer::EndSession() {
  if (session_ == nullptr) return;
  if (!faults_.empty()) {
    predecessor_ = std::make_unique<protocol::SessionModel>(session_->model());
  }
  session_.reset();
  readable_ = false;
  if (!stop_) SufferDisconnect(faults_);
}

}  // namespace vuspec
