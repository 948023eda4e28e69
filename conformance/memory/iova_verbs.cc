#include "conformance/memory/iova_verbs.h"

#include <array>
#include <vector>

#include "conformance/kit/matchers.h"
#include "harness/transport/poll.h"

namespace vuspec {

using protocol::BackendRequest;
using protocol::Iotlb;

namespace {

std::uint8_t Number(IotlbType type) { return static_cast<std::uint8_t>(type); }

std::uint64_t UserAddressOf(Session& session, std::uint64_t guest_address) {
  for (const GuestRegion& region : session.memory().regions()) {
    const std::uint64_t offset = guest_address - region.guest_address;
    if (offset < region.size) return region.user_address + offset;
  }
  return 0;
}

std::vector<Segment> Shifted(std::span<const Segment> segments) {
  std::vector<Segment> shifted(segments.begin(), segments.end());
  for (Segment& segment : shifted) {
    segment.guest_address = ToIova(segment.guest_address);
  }
  return shifted;
}

}  // namespace

Iotlb Update(Session& session, std::uint64_t guest_address, std::uint64_t size,
             std::uint8_t permission) {
  return {.iova = ToIova(guest_address),
          .size = size,
          .user_address = UserAddressOf(session, guest_address),
          .permission = permission,
          .type = Number(IotlbType::kUpdate)};
}

Iotlb Invalidation(std::uint64_t guest_address, std::uint64_t size) {
  return {.iova = ToIova(guest_address),
          .size = size,
          .type = Number(IotlbType::kInvalidate)};
}

void TranslateAll(Session& session) {
  for (const GuestRegion& region : session.memory().regions()) {
    Require(session.frontend().IotlbMsg(
        Update(session, region.guest_address, region.size)));
  }
}

IoRequest OnIova(IoRequest request) {
  request.segments = Shifted(request.segments);
  return request;
}

Session& IommuCase::StartBehindIommu(std::uint64_t more_features) {
  Session& session =
      StartSession({.virtio = kPlainVirtio | kAccessPlatform,
                    .protocol = kPlainProtocol | kBackendReq | more_features});
  channel_.emplace(Require(session.frontend().OpenBackendChannel()));
  return session;
}

Session& IommuCase::StartTranslated() {
  Session& session = StartBehindIommu();
  TranslateAll(session);
  StartRings(session);
  return session;
}

SessionRing& IommuCase::StartRing(Session& session, std::uint32_t queue) {
  SessionRing& ring = *Require(session.MakeRing(queue));
  Frontend& frontend = session.frontend();
  const SplitRingAddresses& parts = ring.driver().guest_addresses();
  Require(frontend.SetVringNum(queue, ring.options().size));
  Require(frontend.SetVringBase(queue, ring.avail_index()));
  Require(frontend.SetVringAddr({.index = queue,
                                 .descriptor = ToIova(parts.descriptor_table),
                                 .used = ToIova(parts.used),
                                 .available = ToIova(parts.available)}));
  Require(frontend.SetVringErr(queue, ring.err().fd()));
  Require(frontend.SetVringCall(queue, ring.call().fd()));
  Require(frontend.SetVringKick(queue, ring.kick().fd()));
  Require(frontend.SetVringEnable(queue, true));
  return ring;
}

void IommuCase::StartRings(Session& session) {
  for (const std::uint32_t queue : session.driver()->profile().queues) {
    StartRing(session, queue);
  }
}

void IommuCase::PostOnIova(Session& session, const IoRequest& request) {
  Require(IoRing(session).Post(Shifted(request.segments)));
}

void IommuCase::ExpectServed(Session& session, const IoRequest& request) {
  const Completion completion = Require(IoRing(session).Await());
  EXPECT_EQ(request.judge(completion), std::nullopt);
}

BackendMessage IommuCase::ExpectAnnounced(IotlbType type, std::uint64_t iova,
                                          IotlbPermission needed) {
  BackendMessage news = Next(*channel_, BackendRequest::BACKEND_IOTLB_MSG);
  const Iotlb told = std::get<Iotlb>(news.message.body);
  EXPECT_EQ(told.type, Number(type));
  EXPECT_EQ(PageOf(told.iova), PageOf(iova));
  EXPECT_EQ(told.permission & needed, needed);
  return news;
}

Reply<Done> IovaPort::Post(std::uint32_t queue,
                           std::span<const Segment> segments) {
  return session_.Post(queue, Shifted(segments));
}

Reply<Completion> IovaPort::Await(std::uint32_t queue) {
  SessionRing& ring = session_.ring(queue);
  const std::array<int, 3> fds = {ring.call().fd(),
                                  channel_.connection().PollFd(),
                                  session_.frontend().PollFd()};
  const Deadline deadline = CurrentRun().ForAnswer();
  for (;;) {
    auto completion = ring.Poll();
    if (!completion.ok()) return completion.failure();
    if (*completion) return **completion;
    const auto ready = WaitAny(fds, deadline, "a used buffer or a miss");
    if (!ready.ok()) return ready.status();
    if (deadline.Reached()) {
      return absl::DeadlineExceededError("a used buffer behind every miss");
    }
    if (*ready == 0) {
      ring.call().TryConsume();
    } else if (*ready == 1) {
      if (auto served = ServeMiss(); !served.ok()) return served.failure();
    } else {
      return absl::UnavailableError("the session ended");
    }
  }
}

Reply<Done> IovaPort::ServeMiss() {
  const auto news = channel_.Receive(CurrentRun().ForAnswer());
  if (!news.ok()) return news.failure();
  if (!Is(*news, BackendRequest::BACKEND_IOTLB_MSG)) {
    return absl::FailedPreconditionError("another message than a miss");
  }
  const std::uint64_t page = PageOf(std::get<Iotlb>(news->message.body).iova);
  missed_.insert(page);
  auto updated = session_.frontend().IotlbMsg(
      Update(session_, page - kIovaDistance, kPageSize));
  if (updated.ok()) Answer(channel_, *news);
  return updated;
}

}  // namespace vuspec
