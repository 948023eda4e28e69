// virtio-vsock: with Unix sockets of the host at its far end, a connection is
// made and bytes go over it both ways; without, a packet is only taken.
//
// Spec: "Socket Device" > "Device Operation" of virtio.
#include <chrono>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "harness/device/buffers.h"
#include "harness/device/device_driver.h"
#include "harness/transport/unix_socket.h"

namespace vuspec {
namespace {

constexpr std::uint32_t kReceive = 0;
constexpr std::uint32_t kTransmit = 1;
constexpr std::uint64_t kHostCid = 2;   // VMADDR_CID_HOST
constexpr std::uint64_t kGuestCid = 3;  // as manifests start their peers
constexpr std::uint32_t kHostPort = 1024;
constexpr std::uint16_t kStream = 1;  // VIRTIO_VSOCK_TYPE_STREAM
constexpr std::uint32_t kCredit = 65536;
constexpr std::size_t kPayloadSize = 64;
// The part of the host, which has no manifest of its own.
constexpr std::chrono::seconds kHostBudget{5};
// Updates of credit, and packets for connections of earlier sessions.
constexpr int kStrayPacketsMax = 64;

enum class Operation : std::uint16_t {
  kRequest = 1,
  kResponse = 2,
  kReset = 3,
  kData = 5,
};

// Offsets of struct virtio_vsock_hdr.
constexpr std::size_t kSourceCidAt = 0;
constexpr std::size_t kTargetCidAt = 8;
constexpr std::size_t kSourcePortAt = 16;
constexpr std::size_t kTargetPortAt = 20;
constexpr std::size_t kLengthAt = 24;
constexpr std::size_t kTypeAt = 28;
constexpr std::size_t kOperationAt = 30;
constexpr std::size_t kCreditAt = 36;
constexpr std::size_t kHeaderSize = 44;

const DeviceProfile kProfile{.name = "vsock",
                             .queues = {kReceive, kTransmit},
                             .io_queue = kTransmit,
                             .config_size = 8,
                             .features = 0};

Failure Wrong(std::string_view field, std::uint64_t expected,
              std::uint64_t actual) {
  return protocol::Violation{.req = protocol::Req::RING_06,
                             .subject = "vsock packet",
                             .field = field,
                             .relation = protocol::Relation::kEqual,
                             .expected = expected,
                             .actual = actual};
}

absl::StatusOr<IoRequest> MakePacket(GuestMemory& memory, Operation operation,
                                     std::uint32_t guest_port,
                                     std::span<const std::byte> payload = {}) {
  auto packet = memory.Allocate(kHeaderSize + payload.size(), 16);
  if (!packet.ok()) return packet.status();
  const auto length = static_cast<std::uint32_t>(payload.size());
  PutLe64(packet->bytes, kSourceCidAt, kGuestCid);
  PutLe64(packet->bytes, kTargetCidAt, kHostCid);
  PutLe32(packet->bytes, kSourcePortAt, guest_port);
  PutLe32(packet->bytes, kTargetPortAt, kHostPort);
  PutLe32(packet->bytes, kLengthAt, length);
  PutLe16(packet->bytes, kTypeAt, kStream);
  PutLe16(packet->bytes, kOperationAt, static_cast<std::uint16_t>(operation));
  PutLe32(packet->bytes, kCreditAt, kCredit);
  CopyOut(packet->bytes.data() + kHeaderSize, payload);
  IoRequest request;
  request.segments = {Readable(*packet)};
  request.judge = [](const Completion&) { return std::nullopt; };
  return request;
}

// One connection, from the guest's side.
class Stream {
 public:
  Stream(IoPort& port, std::uint32_t guest_port)
      : port_(port), guest_port_(guest_port) {}

  Reply<Done> Send(Operation operation,
                   std::span<const std::byte> payload = {}) {
    auto packet = MakePacket(port_.memory(), operation, guest_port_, payload);
    if (!packet.ok()) return Failure(packet.status());
    if (auto sent = Perform(port_, kTransmit, *packet); !sent.ok()) {
      return sent.failure();
    }
    return Done{};
  }

  // The payload of the next packet of that operation.
  Reply<std::vector<std::byte>> Receive(Operation operation) {
    for (int stray = 0; stray < kStrayPacketsMax; ++stray) {
      const auto buffer =
          PostWritable(port_, kReceive, kHeaderSize + kPayloadSize);
      if (!buffer.ok()) return buffer.failure();
      const Reply<Completion> done = port_.Await(kReceive);
      if (!done.ok()) return done.failure();
      if (IsOurs(buffer->bytes, operation)) return Open(*buffer, *done);
    }
    return Failure(absl::DeadlineExceededError(
        "packets came in, but not the one that was waited for"));
  }

 private:
  bool IsOurs(std::span<const std::byte> packet, Operation operation) const {
    return GetLe32(packet, kTargetPortAt) == guest_port_ &&
           GetLe16(packet, kOperationAt) ==
               static_cast<std::uint16_t>(operation);
  }

  static Reply<std::vector<std::byte>> Open(const GuestBuffer& packet,
                                            const Completion& completion) {
    if (completion.length < kHeaderSize ||
        completion.length > packet.bytes.size()) {
      return Wrong("used length", packet.bytes.size(), completion.length);
    }
    const std::size_t size = completion.length - kHeaderSize;
    const struct {
      std::string_view field;
      std::uint64_t expected;
      std::uint64_t actual;
    } fields[] = {
        {"src_cid", kHostCid, GetLe64(packet.bytes, kSourceCidAt)},
        {"dst_cid", kGuestCid, GetLe64(packet.bytes, kTargetCidAt)},
        {"src_port", kHostPort, GetLe32(packet.bytes, kSourcePortAt)},
        {"type", kStream, GetLe16(packet.bytes, kTypeAt)},
        {"len", size, GetLe32(packet.bytes, kLengthAt)},
    };
    for (const auto& [field, expected, actual] : fields) {
      if (actual != expected) return Wrong(field, expected, actual);
    }
    std::vector<std::byte> payload(size);
    CopyIn(payload, packet.bytes.data() + kHeaderSize);
    return payload;
  }

  IoPort& port_;
  std::uint32_t guest_port_;
};

// The same connection, from the host's side.
class HostEnd {
 public:
  explicit HostEnd(std::unique_ptr<UnixChannel> channel)
      : channel_(std::move(channel)), deadline_(Deadline::After(kHostBudget)) {}

  absl::Status Write(std::span<const std::byte> bytes) {
    return channel_->Send(bytes, {}, deadline_);
  }

  absl::StatusOr<std::vector<std::byte>> Read(std::size_t size) {
    std::vector<std::byte> bytes(size);
    std::vector<UniqueFd> fds;
    for (std::size_t done = 0; done < size;) {
      auto got =
          channel_->Receive(std::span(bytes).subspan(done), fds, deadline_);
      if (!got.ok()) return got.status();
      if (*got == 0) return absl::UnavailableError("the host's socket closed");
      done += *got;
    }
    return bytes;
  }

 private:
  std::unique_ptr<UnixChannel> channel_;
  Deadline deadline_;
};

class VsockDriver final : public DeviceDriver {
 public:
  explicit VsockDriver(std::string_view host_path) : host_path_(host_path) {}

  const DeviceProfile& profile() const override { return kProfile; }

  // A reset of a connection that is not there: taken, and not answered.
  absl::StatusOr<IoRequest> MakeRequest(GuestMemory& memory,
                                        std::uint64_t seed) override {
    return MakePacket(memory, Operation::kReset,
                      static_cast<std::uint32_t>(seed));
  }

  Reply<Done> Prepare(IoPort&) override { return Done{}; }

  Reply<Done> VerifiedIo(IoPort& port, std::uint64_t seed) override {
    Stream guest(port, NextGuestPort());
    if (host_path_.empty()) return guest.Send(Operation::kReset);
    auto listener =
        UnixListener::Listen(absl::StrCat(host_path_, "_", kHostPort));
    if (!listener.ok()) return Failure(listener.status());
    if (auto sent = guest.Send(Operation::kRequest); !sent.ok()) return sent;
    if (auto response = guest.Receive(Operation::kResponse); !response.ok()) {
      return response.failure();
    }
    auto accepted = listener->Accept(Deadline::After(kHostBudget));
    if (!accepted.ok()) return Failure(accepted.status());
    HostEnd host(*std::move(accepted));
    if (auto sent = ToHost(guest, host, seed); !sent.ok()) return sent;
    if (auto got = ToGuest(guest, host, seed + 1); !got.ok()) return got;
    return guest.Send(Operation::kReset);
  }

 private:
  // No two connections of a device shall be taken for each other.
  static std::uint32_t NextGuestPort() {
    static std::uint32_t next = kHostPort;
    return ++next;
  }

  static std::vector<std::byte> Payload(std::uint64_t seed) {
    std::vector<std::byte> payload(kPayloadSize);
    FillPattern(payload, seed);
    return payload;
  }

  static Reply<Done> Compare(std::span<const std::byte> payload,
                             std::uint64_t seed) {
    if (payload.size() != kPayloadSize) {
      return Wrong("len", kPayloadSize, payload.size());
    }
    if (const auto wrong = ComparePattern(payload, seed, protocol::Req::RING_06,
                                          "vsock packet", "payload")) {
      return Failure(*wrong);
    }
    return Done{};
  }

  static Reply<Done> ToHost(Stream& guest, HostEnd& host, std::uint64_t seed) {
    if (auto sent = guest.Send(Operation::kData, Payload(seed)); !sent.ok()) {
      return sent;
    }
    auto arrived = host.Read(kPayloadSize);
    if (!arrived.ok()) return Failure(arrived.status());
    return Compare(*arrived, seed);
  }

  static Reply<Done> ToGuest(Stream& guest, HostEnd& host, std::uint64_t seed) {
    if (auto status = host.Write(Payload(seed)); !status.ok()) {
      return Failure(status);
    }
    auto arrived = guest.Receive(Operation::kData);
    if (!arrived.ok()) return arrived.failure();
    return Compare(*arrived, seed);
  }

  std::string host_path_;
};

}  // namespace

std::unique_ptr<DeviceDriver> MakeVsockDriver(std::string_view host_path) {
  return std::make_unique<VsockDriver>(host_path);
}

}  // namespace vuspec
