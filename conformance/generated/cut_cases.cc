// The front-end is gone, at every byte and every descriptor of every message
// of a standard session: by a disconnect, or killed. Whoever connects next is
// served.
#include <algorithm>
#include <chrono>
#include <iterator>
#include <memory>
#include <string>

#include "conformance/generated/generated.h"
#include "conformance/generated/killed_front_end.h"
#include "conformance/generated/standard_session.h"
#include "conformance/kit/bait.h"
#include "conformance/kit/case.h"
#include "conformance/kit/raw_verbs.h"
#include "protocol/limits.h"

namespace vuspec {
namespace {

using protocol::Req;
using protocol::Request;

enum class End { kDisconnect, kKill };

// How much of a message is sent before the end.
struct Point {
  std::size_t size = 0;
  std::size_t fd_count = 0;
};

// Where each connection takes so long, the peer starts anew for it, and a
// sample has to do.
constexpr std::chrono::milliseconds kSlowConnection{5};
constexpr std::size_t kSampleSize = 16;

class Cut : public ConformanceCase {
 public:
  Cut(Request request, End end) : request_(request), end_(end) {}

  void TestBody() override {
    Bait bait(protocol::kMemoryRegionCountMax);
    // To be killed is dear: it takes a process.
    standard_ = std::make_unique<StandardSession>(
        end_ == End::kKill ? 1 : protocol::kMemoryRegionCountMax);
    for (const Point& point : Points()) {
      SCOPED_TRACE("cut after byte " + std::to_string(point.size) + " and " +
                   std::to_string(point.fd_count) + " descriptors");
      CurrentCase().CountPoint();
      CutAt(point, bait);
    }
    EXPECT_TRUE(bait.Released())
        << "a descriptor of a message that was cut is still open";
  }

 protected:
  // Or its descriptors would be counted as those of a mock in this process.
  void TearDown() override {
    standard_.reset();
    ConformanceCase::TearDown();
  }

 private:
  // All that is sent before the message that is cut.
  RawFrontend& Begin();
  void CutAt(const Point& point, const Bait& bait);
  std::vector<Point> Points() const;

  // What is cut: a request on a running ring waits to be served meanwhile.
  bool AtTheEnd() const { return request_ == Request::GET_VRING_BASE; }
  ScriptedMessage Message() const {
    if (!AtTheEnd()) return standard_->Make(request_);
    return {MakeRequest(request_, protocol::VringState{0, 0})};
  }

  const Request request_;
  const End end_;
  std::unique_ptr<StandardSession> standard_;
};

std::vector<Point> Cut::Points() const {
  const ScriptedMessage cut = Message();
  const std::size_t size = BytesOf(cut.message).size();
  std::vector<Point> points = {{0, 0}};
  for (std::size_t sent = 1; sent <= size; ++sent) {
    const std::size_t least = end_ == End::kKill ? cut.fds.size() : 0;
    for (std::size_t fds = least; fds <= cut.fds.size(); ++fds) {
      points.push_back({sent, fds});
    }
  }
  if (probe().round_trip < kSlowConnection) return points;
  std::vector<Point> sample;
  const std::size_t step = points.size() / kSampleSize + 1;
  for (std::size_t i = seed() % step; i < points.size(); i += step) {
    sample.push_back(points[i]);
  }
  return sample;
}

RawFrontend& Cut::Begin() {
  if (AtTheEnd()) {
    Session& session = StartDevice({.acks = Acks::kNever});
    PostOne(session);
    return Raw(session);
  }
  RawFrontend& raw = *ConnectRaw().operator->();
  for (const Request request : kStandardSession) {
    if (request == request_) break;
    const ScriptedMessage next = standard_->Make(request);
    if (next.message.spec->answer == protocol::Answer::kReply) {
      const Outcome outcome =
          raw.ExchangeNoFence(next.message, next.fds, CurrentRun().ForAnswer());
      [&] { ASSERT_THAT(outcome, IsReplied()); }();
    } else {
      EXPECT_TRUE(
          raw.Send(next.message, next.fds, CurrentRun().ForAnswer()).ok());
    }
  }
  return raw;
}

void Cut::CutAt(const Point& point, const Bait& bait) {
  const ScriptedMessage cut = Message();
  const std::vector<std::byte> bytes = BytesOf(cut.message);
  const bool whole =
      point.size == bytes.size() && point.fd_count == cut.fds.size();
  const auto fds = (whole ? std::span<const int>(cut.fds) : bait.fds())
                       .first(point.fd_count);
  RawFrontend& raw = Begin();
  const auto send = [&] {
    (void)raw.SendBytes(std::span(bytes).first(point.size), fds,
                        CurrentRun().ForAnswer());
  };
  if (end_ == End::kKill) return BeKilledAfter(send, [this] { Disconnect(); });
  send();
  Disconnect();
}

int RegisterCuts() {
  std::vector<Request> requests(std::begin(kStandardSession),
                                std::end(kStandardSession));
  requests.push_back(Request::GET_VRING_BASE);
  for (const Request request : requests) {
    for (const End end : {End::kDisconnect, End::kKill}) {
      const bool killed = end == End::kKill;
      const std::string name(Spec(request).name);
      RegisterGenerated(
          {.id = "Cut." + name + (killed ? "_Kill" : "_Disconnect"),
           .cites = {Req::HDR_23, Req::HDR_24, Req::HDR_25, Req::HDR_26},
           .needs = {.virtio = Mask(protocol::VirtioFeature::PROTOCOL_FEATURES),
                     .io = true},
           .summary = std::string("the front-end ") +
                      (killed ? "is killed" : "disconnects") +
                      " at every byte and descriptor of " + name},
          __FILE__, __LINE__, [request, end] { return new Cut(request, end); });
    }
  }
  return 0;
}

[[maybe_unused]] const int registered = RegisterCuts();

}  // namespace
}  // namespace vuspec
