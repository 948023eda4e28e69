#include "harness/session/session.h"

#include <utility>

#include "absl/status/status.h"

namespace vuspec {
namespace {

using protocol::Has;
using protocol::ProtocolFeature;
using protocol::VirtioFeature;

// Device status bits of the virtio specification.
constexpr std::uint8_t kAcknowledge = 1;
constexpr std::uint8_t kDriver = 2;
constexpr std::uint8_t kDriverOk = 4;
constexpr std::uint8_t kFeaturesOk = 8;

}  // namespace

Reply<std::unique_ptr<Session>> Session::Start(
    std::unique_ptr<Channel> channel, std::unique_ptr<DeviceDriver> driver,
    const SessionOptions& options) {
  auto memory = options.regions.empty() ? GuestMemory::CreateDefault()
                                        : GuestMemory::Create(options.regions);
  if (!memory.ok()) return memory.status();
  std::unique_ptr<Session> session(new Session(*std::move(memory), options));
  session->driver_ = std::move(driver);
  session->transcript_ = options.transcript != nullptr
                             ? options.transcript
                             : std::make_shared<Transcript>();
  session->watch_ = std::make_unique<ModelWatch>(*session->transcript_);
  if (auto open = session->Open(std::move(channel)); !open.ok()) {
    return open.failure();
  }
  return session;
}

Reply<Done> Session::Resume(std::unique_ptr<Channel> channel) {
  device_up_ = false;
  return Open(std::move(channel));
}

Reply<Done> Session::Open(std::unique_ptr<Channel> channel) {
  FrontendOptions options{.deadline = options_.budget,
                          .acks = options_.acks,
                          .observer = watch_.get()};
  if (driver_ != nullptr) options.device = driver_->profile().kind;
  auto frontend = std::make_unique<Frontend>(std::move(channel), options);
  if (frontend_ == nullptr) {
    frontend_ = std::move(frontend);
  } else {
    *frontend_ = std::move(*frontend);  // rings refer to it
  }
  watch_->Follow(frontend_->model());
  raw_ = std::make_unique<RawFrontend>(*frontend_);
  std::uint64_t wanted = options_.virtio;
  if (driver_ != nullptr) wanted |= driver_->profile().features;
  auto negotiated = options_.legacy
                        ? NegotiateLegacy(wanted)
                        : frontend_->Negotiate(wanted, options_.protocol);
  if (!negotiated.ok()) return negotiated.failure();
  negotiated_ = *negotiated;
  if (auto done = SetStatusBits(kAcknowledge | kDriver | kFeaturesOk);
      !done.ok()) {
    return done.failure();
  }
  if (!options_.share_memory) return Done{};
  return frontend_->SetMemTable(memory_.regions());
}

Reply<Negotiated> Session::NegotiateLegacy(std::uint64_t wanted) {
  if (auto owner = frontend_->SetOwner(); !owner.ok()) return owner.failure();
  auto offered = frontend_->GetFeatures();
  if (!offered.ok()) return offered.failure();
  Negotiated negotiated;
  negotiated.virtio_offered = *offered;
  negotiated.virtio =
      wanted & *offered & ~Mask(VirtioFeature::PROTOCOL_FEATURES);
  auto done = frontend_->SetFeatures(negotiated.virtio);
  if (!done.ok()) return done.failure();
  return negotiated;
}

Reply<Done> Session::SetStatusBits(std::uint8_t status) {
  if (!Has(negotiated_.protocol, ProtocolFeature::STATUS)) return Done{};
  return frontend_->SetStatus(status);
}

Reply<Done> Session::ShareMemory(GuestMemory memory) {
  retired_.push_back(std::exchange(memory_, std::move(memory)));
  return frontend_->SetMemTable(memory_.regions());
}

Reply<SessionRing*> Session::MakeRing(std::uint32_t index,
                                      RingOptions options) {
  options.event_idx = Has(negotiated_.virtio, VirtioFeature::EVENT_IDX);
  options.indirect = Has(negotiated_.virtio, VirtioFeature::INDIRECT_DESC);
  auto ring =
      SessionRing::Create(*frontend_, memory_, index, options, options_.budget);
  if (!ring.ok()) return ring.status();
  return (rings_[index] = *std::move(ring)).get();
}

Reply<SessionRing*> Session::StartRing(std::uint32_t index,
                                       RingOptions options) {
  // Without bit 30 rings are enabled from the start and know no ENABLE.
  if (!Has(negotiated_.virtio, VirtioFeature::PROTOCOL_FEATURES)) {
    options.enable = false;
  }
  auto ring = MakeRing(index, options);
  if (!ring.ok()) return ring;
  if (auto done = (*ring)->Bring(); !done.ok()) return done.failure();
  return ring;
}

Reply<SessionRing*> Session::BringDevice(RingOptions options) {
  const DeviceProfile& profile = driver_->profile();
  for (const std::uint32_t queue : profile.queues) {
    if (auto ring = StartRing(queue, options); !ring.ok()) return ring;
  }
  if (auto done =
          SetStatusBits(kAcknowledge | kDriver | kFeaturesOk | kDriverOk);
      !done.ok()) {
    return done.failure();
  }
  // Without acks the back-end may still be reading when the first request is
  // kicked, and a ring that is not enabled yet may drop it.
  const bool acked = frontend_->model().context().reply_ack &&
                     options_.acks == Acks::kWherePossible;
  if (!acked) {
    if (auto done = frontend_->Fence(); !done.ok()) return done.failure();
  }
  if (auto done = driver_->Prepare(*this); !done.ok()) return done.failure();
  device_up_ = true;
  return &ring(profile.io_queue);
}

Reply<Done> Session::VerifiedIo(std::uint64_t seed) {
  if (!device_up_) {
    if (auto up = BringDevice(); !up.ok()) return up.failure();
  }
  return driver_->VerifiedIo(*this, seed);
}

Reply<Done> Session::Post(std::uint32_t queue,
                          std::span<const Segment> segments) {
  return ring(queue).Post(segments);
}

Reply<Completion> Session::Await(std::uint32_t queue) {
  return ring(queue).Await();
}

}  // namespace vuspec
