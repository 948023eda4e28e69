// A front-end with memory, rings and a driver: a whole virtual machine as far
// as a back-end can tell.
//
// Contract: not thread-safe; owns the connection, the memory and the rings.
// Everything blocks for at most the answer budget.
//
// Example:
//   auto session = Session::Start(std::move(channel), MakeBlkDriver(), {});
//   (*session)->BringDevice();
//   (*session)->VerifiedIo(7);
//
// Spec: "Communication", "Starting and stopping rings", "Memory access".
#ifndef VUSPEC_HARNESS_SESSION_SESSION_H_
#define VUSPEC_HARNESS_SESSION_SESSION_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "harness/device/device_driver.h"
#include "harness/frontend/frontend.h"
#include "harness/frontend/raw_frontend.h"
#include "harness/memory/guest_memory.h"
#include "harness/session/model_watch.h"
#include "harness/session/session_ring.h"
#include "harness/session/transcript.h"
#include "protocol/features.h"

namespace vuspec {

// What a modern driver needs, and no more: each case adds what it is about.
inline constexpr std::uint64_t kPlainVirtio =
    Mask(protocol::VirtioFeature::VERSION_1,
         protocol::VirtioFeature::PROTOCOL_FEATURES);
inline constexpr std::uint64_t kPlainProtocol =
    Mask(protocol::ProtocolFeature::MQ, protocol::ProtocolFeature::REPLY_ACK,
         protocol::ProtocolFeature::CONFIG);

struct SessionOptions {
  std::uint64_t virtio = kPlainVirtio;      // wanted; taken if offered
  std::uint64_t protocol = kPlainProtocol;  // wanted; taken if offered
  Acks acks = Acks::kWherePossible;
  std::chrono::milliseconds budget{2000};  // for each answer and completion
  // Empty: one region of GuestMemory::kDefaultRegionSize.
  std::vector<RegionSpec> regions = {};
  bool share_memory = true;  // SET_MEM_TABLE right after the negotiation
  // A front-end older than bit 30: knows no protocol features.
  bool legacy = false;
  // Where to write down what is said, for whoever asks after a start that
  // failed; null: in one of the session's own.
  std::shared_ptr<Transcript> transcript = nullptr;
};

class Session final : public IoPort {
 public:
  // Negotiates and shares memory. `driver` may be null (no verified I/O).
  static Reply<std::unique_ptr<Session>> Start(
      std::unique_ptr<Channel> channel, std::unique_ptr<DeviceDriver> driver,
      const SessionOptions& options);

  Frontend& frontend() { return *frontend_; }
  // Sends anything over the same connection, unseen by the model.
  RawFrontend& raw() { return *raw_; }
  GuestMemory& memory() override { return memory_; }
  const Negotiated& negotiated() const { return negotiated_; }
  const SessionOptions& options() const { return options_; }
  // Outlives the session for whoever keeps it.
  std::shared_ptr<const Transcript> transcript() const { return transcript_; }
  // What was sent, and when.
  const protocol::ModelCoverage& coverage() { return watch_->coverage(); }
  // Null for devices without one.
  DeviceDriver* driver() { return driver_.get(); }

  // The connection ended: negotiates over another one and shares the memory
  // again. Rings keep what is in them and have to be brought up anew.
  // REQUIRES: closed.
  Reply<Done> Resume(std::unique_ptr<Channel> channel);

  // Replaces the memory on both sides. Rings made before stay in the old one.
  Reply<Done> ShareMemory(GuestMemory memory);

  // Creates and brings up a vring; the reference lasts as long as the session.
  // A ring of that index made before is forgotten.
  Reply<SessionRing*> StartRing(std::uint32_t index, RingOptions options = {});
  // Creates without a message.
  Reply<SessionRing*> MakeRing(std::uint32_t index, RingOptions options = {});
  // REQUIRES: made before.
  SessionRing& ring(std::uint32_t index) { return *rings_.at(index); }

  // Starts every vring that the device needs, prepares it (with STATUS
  // negotiated also: up to DRIVER_OK); returns the ring of its requests.
  // REQUIRES: driver() is not null.
  Reply<SessionRing*> BringDevice(RingOptions options = {});

  // The oracle; see DeviceDriver. Brings the device up if nobody did.
  Reply<Done> VerifiedIo(std::uint64_t seed);

  // A request for the device's request ring.
  absl::StatusOr<IoRequest> MakeRequest() {
    return driver_->MakeRequest(memory_, ++request_seed_);
  }

  Reply<Done> Post(std::uint32_t queue,
                   std::span<const Segment> segments) override;
  Reply<Completion> Await(std::uint32_t queue) override;

  // Disconnects; memory and rings stay, to be looked at.
  void Close() { frontend_->Close(); }

 private:
  Session(GuestMemory memory, const SessionOptions& options)
      : memory_(std::move(memory)), options_(options) {}

  // From the first message to the shared memory.
  Reply<Done> Open(std::unique_ptr<Channel> channel);
  // Without a word of protocol features.
  Reply<Negotiated> NegotiateLegacy(std::uint64_t wanted);
  Reply<Done> SetStatusBits(std::uint8_t status);

  GuestMemory memory_;
  std::vector<GuestMemory> retired_;  // replaced, still used by old rings
  SessionOptions options_;
  Negotiated negotiated_;
  std::shared_ptr<Transcript> transcript_;
  std::unique_ptr<ModelWatch> watch_;
  std::unique_ptr<Frontend> frontend_;
  std::unique_ptr<RawFrontend> raw_;
  std::unique_ptr<DeviceDriver> driver_;
  std::map<std::uint32_t, std::unique_ptr<SessionRing>> rings_;
  bool device_up_ = false;
  std::uint64_t request_seed_ = 0;
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_SESSION_SESSION_H_
