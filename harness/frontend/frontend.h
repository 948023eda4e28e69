// A front-end that refuses to break the specification.
//
// One operation per front-end request, named after it. Each asks the session
// model first (a Refusal cites the clause, and nothing was sent), sends, waits
// for the answer that the specification demands, judges it strictly, and only
// then lets the model know.
//
// Contract: owns the channel; blocking, at most FrontendOptions::deadline per
// operation; not thread-safe. Descriptors passed in stay the caller's;
// descriptors that come back belong to the Reply. Movable: BackendChannels
// stay valid.
//
// Errors: see reply.h. After a Violation, a silent peer or a closed connection
// the replies can no longer be told apart, so every later operation fails with
// the status that says why: kUnavailable where the peer closed, else
// kFailedPrecondition. A Nack or a Refusal leaves connection and model as they
// were.
//
// Example:
//   Frontend frontend(std::move(channel), {});
//   Reply<Negotiated> negotiated = frontend.Negotiate(kVirtio, kProtocol);
//   if (!negotiated) return Report(negotiated.Describe());
//   Reply<Done> done = frontend.SetVringNum(0, 256);
//
// Spec: "Front-end message types", "Communication".
// Not for: messages that the specification forbids; see raw_frontend.h.
#ifndef VUSPEC_HARNESS_FRONTEND_FRONTEND_H_
#define VUSPEC_HARNESS_FRONTEND_FRONTEND_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "harness/frontend/backend_channel.h"
#include "harness/frontend/reply.h"
#include "harness/memory/guest_memory.h"
#include "harness/transport/channel.h"
#include "harness/transport/connection.h"
#include "harness/transport/unique_fd.h"
#include "protocol/session_model.h"

namespace vuspec {

// In place of a kick, call or err descriptor: bit 8 of the payload.
inline constexpr int kNoFd = -1;

// Which messages ask for an ack, once REPLY_ACK is negotiated.
enum class Acks : std::uint8_t {
  kNever,
  kWherePossible,  // all that have no reply of their own
  kSeed,           // SET_MEM_TABLE and SET_STATUS, as DPDK's virtio_user
};

struct FrontendOptions {
  std::chrono::milliseconds deadline{5000};  // per operation
  Acks acks = Acks::kWherePossible;
  WireObserver* observer = nullptr;  // borrowed
  protocol::DeviceKind device = protocol::DeviceKind::kAny;
};

// What Negotiate agreed on.
struct Negotiated {
  std::uint64_t virtio_offered = 0;
  std::uint64_t virtio = 0;
  std::uint64_t protocol_offered = 0;
  std::uint64_t protocol = 0;
  // Rings that a device without a queue count of its own may use: one pair
  // without MQ, else what GET_QUEUE_NUM will say (it is not asked here).
  std::uint32_t queue_count = 2;
};

struct InflightArea {
  protocol::Inflight description;
  UniqueFd fd;  // invalid if the back-end sent none
};

// An answered request: the reply (spec null if none was due) and what it
// carried.
struct Answered {
  protocol::Message reply;
  std::vector<UniqueFd> fds;
};

// `features` without the bits whose prerequisites are missing from it.
std::uint64_t WithPrerequisites(std::uint64_t features);

// A descriptor as SendMessage takes it; none if it is kNoFd.
// REQUIRES: `fd` outlives the span.
inline std::span<const int> OneFd(const int& fd) {
  return fd < 0 ? std::span<const int>() : std::span<const int>(&fd, 1);
}

class Frontend {
 public:
  explicit Frontend(std::unique_ptr<Channel> channel,
                    FrontendOptions options = {});
  // Goes on with the session that `model` describes, as if its messages had
  // crossed `channel`; options.device is not asked.
  Frontend(std::unique_ptr<Channel> channel, FrontendOptions options,
           const protocol::SessionModel& model);

  // Features, owner, limits.
  Reply<std::uint64_t> GetFeatures();
  Reply<Done> SetFeatures(std::uint64_t features);
  Reply<Done> SetOwner();
  Reply<Done> ResetOwner();
  Reply<std::uint64_t> GetProtocolFeatures();
  Reply<Done> SetProtocolFeatures(std::uint64_t features);
  Reply<std::uint64_t> GetQueueNum();
  Reply<std::uint64_t> GetMaxMemSlots();

  // Memory, as was negotiated: with XEN_MMAP as regions that need no Xen, with
  // GPA_ADDRESSES by guest address. The descriptors are those of the regions.
  Reply<Done> SetMemTable(std::span<const GuestRegion> regions);
  Reply<Done> AddMemReg(const GuestRegion& region);
  Reply<Done> RemMemReg(const GuestRegion& region);
  // With LOG_SHMFD; kNoFd and log.mmap_offset as the u64 without.
  Reply<Done> SetLogBase(const protocol::Log& log, int fd);
  Reply<Done> SetLogFd(int fd);
  Reply<Done> IotlbMsg(const protocol::Iotlb& iotlb);

  // Rings.
  Reply<Done> SetVringNum(std::uint32_t index, std::uint32_t num);
  Reply<Done> SetVringAddr(const protocol::VringAddr& addr);
  Reply<Done> SetVringBase(std::uint32_t index, std::uint32_t base);
  // Stops the ring.
  Reply<protocol::VringState> GetVringBase(std::uint32_t index);
  // Each with a descriptor or kNoFd.
  Reply<Done> SetVringKick(std::uint32_t index, int fd);
  Reply<Done> SetVringCall(std::uint32_t index, int fd);
  Reply<Done> SetVringErr(std::uint32_t index, int fd);
  Reply<Done> SetVringEnable(std::uint32_t index, bool on);
  Reply<Done> SetVringEndian(std::uint32_t index, bool big);
  // The in-band kick.
  Reply<Done> VringKick(std::uint32_t index);

  // Device.
  Reply<protocol::Config> GetConfig(std::uint32_t offset, std::uint32_t size,
                                    std::uint32_t flags = 0);
  Reply<Done> SetConfig(std::uint32_t offset,
                        std::span<const std::uint8_t> bytes,
                        std::uint32_t flags = 0);
  Reply<Done> SetStatus(std::uint8_t status);
  Reply<std::uint8_t> GetStatus();
  Reply<Done> ResetDevice();
  Reply<Done> SendRarp(const std::array<std::uint8_t, 6>& mac);
  Reply<Done> NetSetMtu(std::uint64_t mtu);
  Reply<Done> GpuSetSocket(int fd);
  Reply<protocol::Opaque> CreateCryptoSession(
      std::span<const std::uint8_t> session);
  Reply<Done> CloseCryptoSession(std::uint64_t session_id);
  // Invalid if the back-end has no such object.
  Reply<UniqueFd> GetSharedObject(const protocol::Uuid& uuid);
  Reply<protocol::ShmemConfig> GetShmemConfig();

  // Migration and crash recovery. A descriptor is invalid if none came.
  Reply<UniqueFd> PostcopyAdvise();
  Reply<Done> PostcopyListen();
  // SET_MEM_TABLE and ADD_MEM_REG while the back-end listens: where it has each
  // region, as user_address. Then its faults can be served, and it is told so
  // by PostcopyAcknowledge. (SetMemTable does both at once.)
  Reply<protocol::MemoryTable> PostcopySetMemTable(
      std::span<const GuestRegion> regions);
  Reply<protocol::MemoryRegion> PostcopyAddMemReg(const GuestRegion& region);
  Reply<Done> PostcopyAcknowledge();
  Reply<Done> PostcopyEnd();
  Reply<InflightArea> GetInflightFd(const protocol::Inflight& wanted);
  Reply<Done> SetInflightFd(const protocol::Inflight& area, int fd);
  Reply<UniqueFd> SetDeviceStateFd(const protocol::DeviceStateTransfer& how,
                                   int fd);
  Reply<Done> CheckDeviceState();

  // The back-end channel: its socket, or both at once.
  Reply<Done> SetBackendReqFd(int fd);
  Reply<BackendChannel> OpenBackendChannel();

  // All that was sent before has been read by the peer once this returns (a
  // GET_FEATURES round trip).
  Reply<Done> Fence();

  // The order of DPDK's virtio_user: SET_OWNER unless sent, GET_FEATURES, with
  // bit 30 the protocol features within it, SET_FEATURES. Takes of the wanted
  // bits what is offered, defined and has what it needs; keeps bit 30 whenever
  // it is offered. Without MQ the virtio feature VIRTIO_NET_F_MQ goes too.
  Reply<Negotiated> Negotiate(std::uint64_t wanted_virtio,
                              std::uint64_t wanted_protocol);

  // The one path of all operations: check, send, wait, judge, apply. For
  // requests that are made from the message table.
  Reply<Answered> Exchange(protocol::Message request, std::span<const int> fds);

  const protocol::SessionModel& model() const { return *model_; }

  // For raw messages and for poll. What is sent here passes by the model.
  // REQUIRES: Close was not called.
  Connection& connection();

  // For poll; -1 after Close, or where the channel has none.
  int PollFd() const {
    return connection_ == nullptr ? -1 : connection_->PollFd();
  }

  // Whether the peer is still there, as peeking tells.
  bool LinkUp() const;
  void Close();

 private:
  Reply<Done> Plain(protocol::Message request, std::span<const int> fds = {});
  Reply<Answered> ExchangeTable(std::span<const GuestRegion> regions);
  Reply<Answered> ExchangeSlot(protocol::Request request,
                               const GuestRegion& region, int fd);
  Reply<std::uint64_t> Ask(protocol::Request request);
  Reply<Done> SetVringFd(protocol::Request request, std::uint32_t index,
                         int fd);
  Reply<Answered> AwaitAnswer(const protocol::Message& request,
                              protocol::WireContext context, Deadline deadline);
  // Ends the session, since requests and replies no longer match.
  Failure Break(Failure failure, const protocol::Message& request);

  std::unique_ptr<Connection> connection_;  // null after Close
  std::unique_ptr<protocol::SessionModel> model_;
  FrontendOptions options_;
  absl::Status broken_;  // why nothing works any more
};

}  // namespace vuspec

#endif  // VUSPEC_HARNESS_FRONTEND_FRONTEND_H_
